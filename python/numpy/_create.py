"""Making arrays: from Python data, from bytes, from numbers."""

import array as _buffers
import math
import operator

import torch
from torch._factories import from_buffer_bytes

from numpy import _dtype
from numpy._array import as_shape, cast, ndarray, wrap
from numpy._dtype import LIMITS, dtype, generic
from numpy._scalars import _kind_of

_WIDE_CODES = {"uint16": ("H", "i"), "uint32": ("I", "q")}
_CODES = {"int8": "b", "uint8": "B", "int16": "h", "int32": "i", "int64": "q", "float32": "f", "float64": "d"}


def frombuffer(buffer, dtype=float, count=-1, offset=0):
    """An array with the bytes of a buffer. Unlike NumPy's it is a copy: the bytes live in Python's memory, arrays do not."""
    kind = _dtype.dtype(dtype)
    data = memoryview(buffer).cast("B") if len(memoryview(buffer).shape or ()) else memoryview(buffer)
    data = data[offset:]
    if count < 0:
        if len(data) % kind.itemsize:
            raise ValueError("buffer size must be a multiple of element size")
        count = len(data) // kind.itemsize
    if len(data) < count * kind.itemsize:
        raise ValueError("buffer is smaller than requested size")
    return from_bytes(data[: count * kind.itemsize], (count,), kind)


def from_bytes(data, shape, kind):
    if kind.name in _WIDE_CODES:
        narrow, wide = _WIDE_CODES[kind.name]
        values = _buffers.array(narrow, bytes(data))
        return wrap(from_buffer_bytes(_buffers.array(wide, values), shape, kind.carrier), kind)
    return wrap(from_buffer_bytes(data, shape, kind.carrier), kind)


def _shape_of(data):
    shape = []
    while isinstance(data, (list, tuple)):
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    if isinstance(data, (ndarray, torch.Tensor)):
        shape.extend(data.shape)
    return tuple(shape)


def _flatten(data, depth, shape, out):
    if not isinstance(data, (list, tuple)) or len(data) != shape[depth]:
        raise ValueError(
            "setting an array element with a sequence. The requested array has an inhomogeneous shape after "
            f"{depth} dimensions. The detected shape was {shape[:depth]} + inhomogeneous part."
        )
    if depth == len(shape) - 1:
        out.extend(data)
    else:
        for item in data:
            _flatten(item, depth + 1, shape, out)


def _from_values(values, shape, kind):
    """Python numbers and scalars of one shape."""
    types = set(map(type, values))
    if types & {list, tuple}:
        depth = len(shape)
        raise ValueError(
            "setting an array element with a sequence. The requested array has an inhomogeneous shape after "
            f"{depth} dimensions. The detected shape was {shape} + inhomogeneous part."
        )
    if kind is None:
        kind = _common(types, values)
    if any(issubclass(t, generic) for t in types):
        values = [v.item() if isinstance(v, generic) else v for v in values]
    elif not types <= {int, float, bool, complex}:
        values = [_number(v) for v in values]
    return pack(values, shape, kind)


def _number(value):
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "__index__"):
        return operator.index(value)
    if isinstance(value, str):
        return float(value)
    if value is None:
        return math.nan
    if hasattr(value, "__float__"):
        return float(value)
    raise TypeError(f"float() argument must be a string or a real number, not '{type(value).__name__}'")


def _common(types, values):
    found = None
    weak = None
    for t in types:
        if t is bool:
            one = dtype("bool")
        elif t is int:
            one = dtype("int64")
        elif t is float:
            one = dtype("float64")
        elif t is complex:
            one = dtype("complex128")
        elif issubclass(t, generic) and not issubclass(t, str):
            one = dtype(t)
        elif issubclass(t, (int, float)):
            one = dtype("int64" if issubclass(t, int) else "float64")
        elif issubclass(t, str):
            raise NotImplementedError("numpy arrays of strings are not available: arrays hold numbers only in Layerwise's numpy")
        elif hasattr(t, "__array__") or hasattr(t, "__float__"):
            one = asarray(next(v for v in values if type(v) is t)).dtype
        else:
            raise NotImplementedError(
                f"numpy arrays of {t.__name__} objects are not available: arrays hold numbers only in Layerwise's numpy"
            )
        found = one if found is None else _dtype.promote(found, one)
    return found or dtype("float64")


def pack(values, shape, kind):
    """Plain Python numbers as an array."""
    if kind.kind == "b":
        data = _buffers.array("B", [1 if v else 0 for v in values])
    elif kind.kind == "c":
        parts = [part for v in values for part in (complex(v).real, complex(v).imag)]
        data = _buffers.array("f" if kind.itemsize == 8 else "d", parts)
    elif kind.name == "float16":
        single = from_buffer_bytes(_buffers.array("d", values), shape, torch.float64)
        return wrap(single.to(torch.float16), kind)
    elif kind.kind == "f":
        data = _buffers.array(_CODES[kind.name], values)
    else:
        code = _CODES.get(kind.name) or {"uint16": "i", "uint32": "q", "uint64": "q"}[kind.name]
        low, high = LIMITS[kind.name]
        if kind.name == "uint64":
            high = 2**63 - 1
        if not all(type(v) is int for v in values):
            values = [int(v) for v in values]
        if values and (min(values) < low or max(values) > high):
            bad = next(v for v in values if not low <= v <= high)
            raise OverflowError(f"Python integer {bad} out of bounds for {kind.name}")
        data = _buffers.array(code, values)
    return wrap(from_buffer_bytes(data, shape, kind.carrier), kind)


def asarray(a, dtype=None, order=None, *, copy=None, device=None, like=None):
    """The array itself where it is one already, else a new one."""
    kind = None if dtype is None else _dtype.dtype(dtype)
    if isinstance(a, ndarray):
        found = a
    elif isinstance(a, torch.Tensor):
        found = a.numpy()
    elif isinstance(a, generic) or _kind_of(a) is not None:
        if isinstance(a, str):
            raise NotImplementedError("numpy arrays of strings are not available: arrays hold numbers only in Layerwise's numpy")
        plain = a.item() if isinstance(a, generic) else a
        target = kind or (a.dtype if isinstance(a, generic) else _dtype.dtype(type(a)))
        if target.kind in "iu" and type(plain) in (float, complex):
            return asarray(a).astype(target)
        return pack([plain], (), target)
    elif isinstance(a, (list, tuple)):
        return _from_sequence(a, kind)
    elif isinstance(a, (bytes, bytearray, str)):
        raise NotImplementedError("numpy arrays of strings are not available: arrays hold numbers only in Layerwise's numpy")
    elif hasattr(a, "__array__"):
        found = a.__array__()
    elif hasattr(a, "__array_interface__"):
        # Of others than arrays, pictures first of all: their bytes are copied.
        told = a.__array_interface__
        found = from_bytes(told["data"], tuple(told["shape"]), _dtype.dtype(told["typestr"]))
    elif isinstance(a, (memoryview, _buffers.array)):
        view = memoryview(a)
        found = frombuffer(view.tobytes(), view.format).reshape(view.shape)
    elif isinstance(a, range):
        return pack(list(a), (len(a),), kind or _dtype.dtype("int64"))
    elif hasattr(a, "__float__"):
        return pack([float(a)], (), kind or _dtype.dtype("float64"))
    elif hasattr(a, "__len__") and hasattr(a, "__getitem__") and not isinstance(a, dict):
        return _from_sequence(list(a), kind)
    else:
        raise NotImplementedError(
            f"numpy arrays of {type(a).__name__} objects are not available: arrays hold numbers only in Layerwise's numpy"
        )
    return found if kind is None or found._dtype is kind else found.astype(kind)


def _from_sequence(data, kind):
    shape = _shape_of(data)
    inner = data
    depth = 0
    while isinstance(inner, (list, tuple)) and len(inner):
        inner = inner[0]
        depth += 1
    if isinstance(inner, (ndarray, torch.Tensor)) and inner.ndim:
        parts = []
        _flatten(data, 0, shape[:depth], parts)
        arrays = [asarray(p, kind) for p in parts]
        common = kind or arrays[0]._dtype
        for one in arrays:
            if one.shape != shape[depth:]:
                raise ValueError(
                    "setting an array element with a sequence. The requested array has an inhomogeneous shape after "
                    f"{depth} dimensions. The detected shape was {shape[:depth]} + inhomogeneous part."
                )
            common = kind or _dtype.promote(common, one._dtype)
        t = torch.stack([cast(one._t, one._dtype, common) for one in arrays])
        return wrap(t.reshape(shape), common)
    values = []
    if len(shape) and 0 not in shape:
        _flatten(data, 0, shape, values)
        if set(map(type, values)) & {ndarray}:
            return _from_sequence([v.item() if isinstance(v, ndarray) and not v.ndim else v for v in values], kind).reshape(shape)
        return _from_values(values, shape, kind)
    return wrap(torch.empty(shape, dtype=(kind or _dtype.dtype("float64")).carrier), kind or _dtype.dtype("float64"))


def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, like=None):
    found = asarray(object, dtype)
    if copy and (found is object or isinstance(object, torch.Tensor) or hasattr(object, "__array__")):
        found = found.copy()
    while found.ndim < ndmin:
        found = found[None]
    return found


asanyarray = asarray


def ascontiguousarray(a, dtype=None, *, like=None):
    found = asarray(a, dtype)
    if not found.ndim:
        found = found.reshape(1)
    return found if found._t.is_contiguous() else found.copy()


def asfortranarray(a, dtype=None, *, like=None):
    found = asarray(a, dtype)
    order = tuple(range(found.ndim - 1, -1, -1))
    return wrap(found._t.permute(order).contiguous().permute(order), found._dtype)


def copy(a, order="K", subok=False):
    return asarray(a).copy()


def empty(shape, dtype=float, order="C", *, device=None, like=None):
    kind = _dtype.dtype(dtype)
    return wrap(torch.empty(_sizes(shape), dtype=kind.carrier), kind)


def zeros(shape, dtype=float, order="C", *, device=None, like=None):
    kind = _dtype.dtype(dtype)
    return wrap(torch.zeros(_sizes(shape), dtype=kind.carrier), kind)


def ones(shape, dtype=None, order="C", *, device=None, like=None):
    kind = _dtype.dtype(dtype)
    return wrap(torch.ones(_sizes(shape), dtype=kind.carrier), kind)


def _sizes(shape):
    sizes = as_shape(shape)
    if any(n < 0 for n in sizes):
        raise ValueError("negative dimensions are not allowed")
    return sizes


def full(shape, fill_value, dtype=None, order="C", *, device=None, like=None):
    value = asarray(fill_value)
    out = empty(shape, value._dtype if dtype is None else dtype)
    out[...] = fill_value
    return out


def _like(a, dtype, shape):
    found = asarray(a)
    return found.shape if shape is None else shape, found._dtype if dtype is None else dtype


def empty_like(prototype, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return empty(*_like(prototype, dtype, shape))


def zeros_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return zeros(*_like(a, dtype, shape))


def ones_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return ones(*_like(a, dtype, shape))


def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    sizes, kind = _like(a, dtype, shape)
    return full(sizes, fill_value, kind)


def arange(start, stop=None, step=1, dtype=None, *, device=None, like=None):
    if stop is None:
        start, stop = 0, start
    given = [v.item() if hasattr(v, "item") else v for v in (start, stop, step)]
    if dtype is None:
        strong = [v.dtype for v in (start, stop, step) if isinstance(v, generic)]
        kind = _dtype.dtype("int64")
        if any(isinstance(v, float) for v in given):
            kind = _dtype.dtype("float64")
        elif strong:
            kind = strong[0]
            for one in strong:
                kind = _dtype.promote(kind, one)
    else:
        kind = _dtype.dtype(dtype)
    first, last, by = given
    if by == 0:
        raise ZeroDivisionError("division by zero")
    count = max(0, math.ceil((last - first) / by))
    if all(isinstance(v, int) for v in given):
        t = torch.arange(count, dtype=torch.int64) * by + first
        return wrap(cast(t, _dtype.dtype("int64"), kind), kind)
    # NumPy adds the difference of its first two elements, which is not always the step.
    by = (first + by) - first
    t = torch.arange(count, dtype=torch.float64) * float(by) + float(first)
    return wrap(cast(t, _dtype.dtype("float64"), kind), kind)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    first, last = asarray(start), asarray(stop)
    common = _dtype.promote(_dtype.promote(first._dtype, last._dtype), _dtype.dtype("float64"))
    if common.name == "float64" and any(hasattr(v, "dtype") and v.dtype.name in ("float32", "float16") for v in (start, stop)):
        strong = [v.dtype for v in (start, stop) if hasattr(v, "dtype")]
        common = strong[0] if len(strong) == 1 else _dtype.promote(*strong)
    kind = common if dtype is None else _dtype.dtype(dtype)
    parts = num - 1 if endpoint else num
    a = cast(first._t, first._dtype, common)
    delta = cast(last._t, last._dtype, common) - a
    numbers = torch.arange(num, dtype=common.carrier).reshape((num,) + (1,) * delta.dim())
    step = delta / parts if parts > 0 else delta * math.nan
    y = numbers * step + a if parts > 0 else numbers * delta + a
    if endpoint and num > 1:
        y[-1] = cast(last._t, last._dtype, common)
    if kind.kind in "iu":
        y = torch.floor(y)
    out = wrap(cast(y, common, kind), kind)
    if axis != 0:
        from numpy._shape import moveaxis

        out = moveaxis(out, 0, axis)
    if retstep:
        return out, common.type(step.item()) if not step.dim() else wrap(step, common)
    return out


def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    from numpy import power

    found = power(base, linspace(start, stop, num, endpoint, axis=axis))
    return found if dtype is None else found.astype(dtype)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    from numpy import log10

    found = logspace(log10(start), log10(stop), num, endpoint, axis=axis)
    if num > 0:
        found[0] = start
        if num > 1 and endpoint:
            found[-1] = stop
    return found if dtype is None else found.astype(dtype)


def eye(N, M=None, k=0, dtype=float, order="C", *, device=None, like=None):
    kind = _dtype.dtype(dtype)
    columns = N if M is None else M
    distance = torch.arange(columns)[None] - torch.arange(N)[:, None]
    return wrap((distance == k).to(kind.carrier), kind)


def identity(n, dtype=None, *, like=None):
    return eye(n, dtype=dtype)


def tri(N, M=None, k=0, dtype=float, *, like=None):
    kind = _dtype.dtype(dtype)
    columns = N if M is None else M
    distance = torch.arange(columns)[None] - torch.arange(N)[:, None]
    return wrap((distance <= k).to(kind.carrier), kind)


def fromiter(iter, dtype, count=-1, *, like=None):
    values = []
    for i, value in enumerate(iter):
        if i == count:
            break
        values.append(value)
    return asarray(values, dtype)


def fromfunction(function, shape, *, dtype=float, like=None, **kwargs):
    from numpy._shape import indices

    return function(*indices(shape, dtype=dtype), **kwargs)


def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    arrays = [asarray(x).reshape(-1) for x in xi]
    n = len(arrays)
    shaped = [a.reshape((1,) * i + (-1,) + (1,) * (n - 1 - i)) for i, a in enumerate(arrays)]
    if indexing == "xy" and n > 1:
        shaped[0] = shaped[0].reshape((1, -1) + (1,) * (n - 2))
        shaped[1] = shaped[1].reshape((-1, 1) + (1,) * (n - 2))
    if sparse:
        return tuple(shaped)
    from numpy._shape import broadcast_arrays

    found = broadcast_arrays(*shaped)
    return tuple([a.copy() for a in found]) if copy else found
