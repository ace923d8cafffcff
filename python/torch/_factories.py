"""Functions that make tensors: zeros, tensor, arange, rand and their kin."""

import array
import math
import struct

import _core
import _direct
from torch import _arrays, _dtype
from torch._C import TensorBase, _ints, _number, _wrap, _write_out
from torch._device import _stack as _devices
from torch._device import resolve
from torch._dtype import as_dtype, bool_, float32, get_default_dtype, int64
from torch._gen import functions as _f

_direct_empty = _direct.empty
_direct_full = _direct.full
_direct_empty_like = _direct._empty_like
_direct_arange = _direct.arange
_direct_tensor = _direct.tensor


def _size(args):
    """Sizes given one by one or as one sequence."""
    if len(args) == 1 and not isinstance(args[0], int):
        only = args[0]
        if isinstance(only, TensorBase):
            return (int(only),)
        if hasattr(only, "__index__"):
            return (only.__index__(),)
        return tuple(only)
    return args


# A place of None leaves the choice to the runtime; `_devices` are those that the script has chosen by `with torch.device(...)`.


def _finish(t, requires_grad, out=None):
    if out is not None:
        return _write_out(out, t)
    if requires_grad:
        if not (t.dtype.is_floating_point or t.dtype.is_complex):
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        t.requires_grad_(True)
    return t


def _dtype_id(dtype):
    return -1 if dtype is None else as_dtype(dtype).id


def empty(*args, size=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, memory_format=None):
    place = None if device is None and not _devices else resolve(device)
    t = _direct_empty(args if size is None else size, dtype, place)
    if t is NotImplemented:
        t = _wrap(_core.op_empty(_ints(_size(args) if size is None else tuple(size)), _dtype_id(dtype), resolve(device)))
    if memory_format is _dtype.channels_last:
        n, c, h, w = t.shape
        t = empty_strided((n, c, h, w), (c * h * w, 1, w * c, c), dtype=dtype, device=device)
    return _finish(t, requires_grad, out) if requires_grad or out is not None else t


def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    if isinstance(size, int):
        raise TypeError("full(): argument 'size' (position 1) must be tuple of ints, not int")
    if dtype is None:
        kind = type(fill_value)
        if kind is not float:
            kind = _number(fill_value)[1]
            dtype = (bool_, int64, get_default_dtype(), None, get_default_dtype().to_complex())[kind]
    t = _direct_full(size, fill_value, dtype, None if device is None and not _devices else resolve(device))
    if t is NotImplemented:
        value, kind = _number(fill_value)
        t = _wrap(_core.op_full(_ints(_size((size,))), value, kind, _dtype_id(dtype), resolve(device)))
    return _finish(t, requires_grad, out) if requires_grad or out is not None else t


def zeros(*args, size=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    place = None if device is None and not _devices else resolve(device)
    t = _direct_full(args if size is None else size, 0, dtype, place)
    if t is NotImplemented:
        t = _wrap(_core.op_full(_ints(_size(args) if size is None else tuple(size)), 0, 1, _dtype_id(dtype), resolve(device)))
    return _finish(t, requires_grad, out) if requires_grad or out is not None else t


def ones(*args, size=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    place = None if device is None and not _devices else resolve(device)
    t = _direct_full(args if size is None else size, 1, dtype, place)
    if t is NotImplemented:
        t = _wrap(_core.op_full(_ints(_size(args) if size is None else tuple(size)), 1, 1, _dtype_id(dtype), resolve(device)))
    return _finish(t, requires_grad, out) if requires_grad or out is not None else t


def _empty_like(input, dtype, device, memory_format):
    """Uninitialised, in the memory order of input unless another one is asked for."""
    if memory_format is None or memory_format is _dtype.preserve_format:
        place = None if device is None else resolve(device)
        t = _direct_empty_like(input, dtype, place)
        if t is not NotImplemented:
            return t
        return _wrap(_core.op__empty_like(input.h, _dtype_id(dtype), input.device.id if place is None else place))
    dtype, device = _like(input, dtype, device)
    return empty(input.shape, dtype=dtype, device=device).contiguous(memory_format=memory_format)


def _like(input, dtype, device):
    return input.dtype if dtype is None else dtype, input.device if device is None else device


def empty_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False):
    return _finish(_empty_like(input, dtype, device, memory_format), requires_grad)


def zeros_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False):
    return _finish(_empty_like(input, dtype, device, memory_format).zero_(), requires_grad)


def ones_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False):
    return _finish(_empty_like(input, dtype, device, memory_format).fill_(1), requires_grad)


def full_like(input, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    return _finish(_empty_like(input, dtype, device, memory_format).fill_(fill_value), requires_grad)


def empty_strided(size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    t = _wrap(_core.op_empty_strided(_ints(tuple(size)), _ints(tuple(stride)), _dtype_id(dtype), resolve(device)))
    return _finish(t, requires_grad)


def arange(start=0, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    if end is None:
        start, end = 0, start
    if type(start) is int and type(end) is int and type(step) is int:
        place = None if device is None and not _devices else resolve(device)
        t = _direct_arange(start, end, step, int64 if dtype is None else dtype, place)
        if t is not NotImplemented:
            return _finish(t, requires_grad, out) if requires_grad or out is not None else t
    numbers = [_number(v) for v in (start, end, step)]
    if dtype is None:
        dtype = get_default_dtype() if any(kind == 2 for _, kind in numbers) else int64
    values = [float(v) if kind == 2 else int(v) for v, kind in numbers]
    t = _wrap(_core.op_arange(*values, as_dtype(dtype).id, resolve(device)))
    return _finish(t, requires_grad, out)


def range_(start, end, step=1, **options):
    return arange(start, end + step, step, **{"dtype": get_default_dtype(), **options})


def linspace(start, end, steps, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    t = _wrap(_core.op_linspace(float(start), float(end), int(steps), _dtype_id(dtype), resolve(device)))
    return _finish(t, requires_grad, out)


def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False, **unused):
    exponents = linspace(start, end, steps, dtype=dtype, device=device)
    return _finish(base**exponents, requires_grad)


def eye(n, m=None, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    t = _wrap(_core.op_eye(n, n if m is None else m, _dtype_id(dtype), resolve(device)))
    return _finish(t, requires_grad, out)


# From Python data

_codes = {"uint8": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "float32": "f", "float64": "d", "bool": "B"}


def _shape_of(data):
    """The shape of nested sequences, by their first elements."""
    shape = []
    while isinstance(data, (list, tuple)):
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    return tuple(shape)


def _flatten(data, shape, depth, out):
    if depth == len(shape):
        out.append(data)
        return
    if not isinstance(data, (list, tuple)):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    if depth == len(shape) - 1:
        for item in data:
            if isinstance(item, (list, tuple)):
                if type(data[0]) is float:
                    raise TypeError(f"must be real number, not {type(item).__name__}")
                raise TypeError(f"'{type(item).__name__}' object cannot be interpreted as an integer")
        out.extend(data)
        return
    for item in data:
        _flatten(item, shape, depth + 1, out)


def _pack(values, dtype):
    """Python numbers as the bytes of a dtype."""
    name = dtype.name
    if name == "bool":
        return array.array("B", [1 if v != 0 else 0 for v in map(_checked_number, values)])
    if name in _codes:
        if any(type(v) is complex for v in values):
            raise TypeError("must be real number, not complex")
        if dtype.is_floating_point:
            return array.array(_codes[name], values)
        packed = [_whole(v, name) for v in values]
        try:
            return array.array(_codes[name], packed)
        except OverflowError:
            raise RuntimeError(f"value cannot be converted to type {name} without overflow") from None
    if name in ("complex64", "complex128"):
        return array.array(_codes[dtype.to_real().name], [x for v in values for x in _parts(v)])
    raise NotImplementedError(f"tensors of {dtype} are not supported yet; docs/ops.md lists what is")


def _checked_number(value):
    if isinstance(value, (bool, int, float, complex)) or hasattr(value, "item"):
        return value
    raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")


def _whole(value, name):
    """A number as a Python int, with PyTorch's words for those that are none."""
    if isinstance(value, float) and not math.isfinite(value):
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    whole = int(_checked_number(value))
    if not -(2**63) <= whole < 2**63:
        raise ValueError("Overflow when unpacking long long")
    return whole


def _parts(value):
    value = complex(value)
    return value.real, value.imag


def from_buffer_bytes(data, shape, dtype, device=None):
    """A tensor from the bytes of a contiguous array. `data` supports the buffer protocol."""
    if not isinstance(data, array.array):
        data = array.array("B", bytes(data))
    address, _ = data.buffer_info()
    return _wrap(_core.from_memory(address, _ints(tuple(shape)), dtype.id, resolve(device)))


def _infer_dtype(values):
    kinds = {type(v) for v in values}
    if kinds <= {bool}:
        return bool_ if kinds else get_default_dtype()
    if kinds <= {bool, int}:
        return int64
    if kinds <= {bool, int, float}:
        return get_default_dtype()
    if complex in kinds:
        return get_default_dtype().to_complex()
    for v in values:
        if not isinstance(v, (int, float)) and not hasattr(v, "item"):
            if isinstance(v, str):
                raise TypeError("new(): invalid data type 'str'")
            raise RuntimeError(f"Could not infer dtype of {type(v).__name__}")
    return get_default_dtype() if any(isinstance(_number(v)[0], float) for v in values) else int64


def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor that copies data: numbers, nested sequences, or what offers the array interface."""
    t = _direct_tensor(data, dtype, None if device is None and not _devices else resolve(device))
    if t is not NotImplemented:
        return _finish(t, requires_grad) if requires_grad else t
    dtype = as_dtype(dtype)
    if isinstance(data, TensorBase):
        t = data.detach().clone()
        if dtype is not None or device is not None:
            t = t.to(device=device, dtype=dtype)
        return _finish(t, requires_grad)
    if hasattr(data, "__array_interface__") or hasattr(data, "__array__"):
        return _finish(_from_array(data, dtype, device), requires_grad)
    if isinstance(data, range):
        data = list(data)
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    shape = _shape_of(data)
    values = []
    _flatten(data, shape, 0, values)
    if shape and values and isinstance(values[0], str):
        raise ValueError("too many dimensions 'str'")
    if any(isinstance(v, TensorBase) for v in values):
        for v in values:
            if isinstance(v, TensorBase) and v.numel() != 1:
                if dtype is None or dtype.is_floating_point:
                    raise ValueError("only one element tensors can be converted to Python scalars")
                raise TypeError("only integer tensors of a single element can be converted to an index")
        values = [v.item() if isinstance(v, TensorBase) else v for v in values]
    if values and type(values[0]) not in (bool, int, float, complex):
        if _arrays.is_array(values[0]):
            return tensor(_arrays.joined(data), dtype=dtype, device=device, requires_grad=requires_grad)
        dtype = dtype or _arrays.of_scalars(values)
        values = [_number(v)[0] if not isinstance(v, (bool, int, float, complex)) else v for v in values] if all(
            isinstance(v, (int, float, complex)) or hasattr(v, "item") for v in values
        ) else values
    if dtype is None:
        dtype = _infer_dtype(values)
    if dtype.itemsize < 4 and dtype.is_floating_point:
        # By way of float32, as PyTorch converts numbers.
        t = from_buffer_bytes(_pack(values, float32), shape, float32, device).to(dtype)
    else:
        t = from_buffer_bytes(_pack(values, dtype), shape, dtype, device)
    return _finish(t, requires_grad)


def _from_array(data, dtype, device):
    """From NumPy's array interface, without NumPy."""
    if _arrays.is_array(data):
        t = _arrays.memory_of(data).clone()
        return t if dtype is None and device is None else t.to(device=device, dtype=dtype)
    if _arrays.is_scalar(data):
        return tensor(data.item(), dtype=dtype or data.dtype.carrier, device=device)
    interface = getattr(data, "__array_interface__", None)
    flat = data.tolist() if hasattr(data, "tolist") else list(data)
    if interface is None:
        return tensor(flat, dtype=dtype, device=device)
    code = interface["typestr"][1:]
    kinds = {
        "f4": "float32", "f8": "float64", "f2": "float16", "i8": "int64", "i4": "int32", "i2": "int16", "i1": "int8",
        "u1": "uint8", "b1": "bool",
    }
    if code not in kinds:
        raise TypeError(f"can't convert an array of type {interface['typestr']}")
    own = getattr(_dtype, kinds[code] if kinds[code] != "bool" else "bool_")
    return tensor(flat, dtype=dtype or own, device=device).reshape(interface["shape"])


def as_tensor(data, dtype=None, device=None):
    if isinstance(data, TensorBase):
        return data.to(device=device, dtype=dtype) if dtype is not None or device is not None else data
    if _arrays.is_array(data):
        t = _arrays.memory_of(data)
        return t if dtype is None and device is None else t.to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    t = as_tensor(obj, dtype, device)
    return _finish(t.clone() if copy else t, requires_grad)


def scalar_tensor(s, *, dtype=None, layout=None, device=None, requires_grad=False):
    return tensor(s, dtype=dtype or float32, device=device, requires_grad=requires_grad)


from_numpy = _arrays.from_numpy


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    data = bytes(buffer)[offset:]
    n = len(data) // dtype.itemsize if count < 0 else count
    return _finish(from_buffer_bytes(data[: n * dtype.itemsize], (n,), dtype), requires_grad)


# Random


def _drawn(size, dtype, device, draw, requires_grad):
    with_device = empty(size, dtype=dtype, device=device)
    draw(with_device)
    return _finish(with_device, requires_grad)


def rand(*args, size=None, generator=None, out=None,
         dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    t = _f.uniform_(empty(*args, size=size, dtype=dtype, device=device), 0.0, 1.0, generator=generator)
    return _finish(t, requires_grad, out) if requires_grad or out is not None else t


def randn(*args, size=None, generator=None, out=None,
          dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    t = _f.normal_(empty(*args, size=size, dtype=dtype, device=device), 0.0, 1.0, generator=generator)
    return _finish(t, requires_grad, out) if requires_grad or out is not None else t


def rand_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, generator=None):
    drawn = _empty_like(input, dtype, device, memory_format).uniform_(0.0, 1.0, generator=generator)
    return _finish(drawn, requires_grad)


def randn_like(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, generator=None):
    drawn = _empty_like(input, dtype, device, memory_format).normal_(0.0, 1.0, generator=generator)
    return _finish(drawn, requires_grad)


def _draw_integers(t, low, high, generator):
    return _f._random_(t, int(low), int(high), generator)


def randint(low=None, high=None, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
            pin_memory=False):
    if low is None:
        low = 0
    elif size is None:
        # randint(high, size)
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    t = empty(_size((size,)), dtype=int64 if dtype is None else dtype, device=device)
    return _finish(_draw_integers(t, low, high, generator), requires_grad, out)


def randint_like(input, low, high=None, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    if high is None:
        low, high = 0, low
    dtype, device = _like(input, dtype, device)
    return randint(low, high, input.shape, dtype=dtype, device=device, requires_grad=requires_grad)


def randperm(n, *, generator=None, out=None, dtype=int64, layout=None, device=None, requires_grad=False, pin_memory=False):
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    t = empty(int(n), dtype=int64, device=device)
    if t.is_cuda:
        # The order of random keys; equal ones among 2^63 keep theirs.
        t = t.random_(generator=generator).argsort(stable=True)
    else:
        t = _wrap(_core.op__randperm(int(n), 0 if generator is None else generator.id))
    return _finish(t if dtype is int64 else t.to(dtype), requires_grad, out)


def normal(mean=0.0, std=1.0, size=None, *, generator=None, out=None, dtype=None, device=None, requires_grad=False):
    if isinstance(mean, TensorBase) or isinstance(std, TensorBase):
        like = mean if isinstance(mean, TensorBase) else std
        if isinstance(std, TensorBase) and not std.is_meta and not bool((std >= 0).all()):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        shape = like.shape
        if isinstance(mean, TensorBase) and isinstance(std, TensorBase):
            import torch

            shape = torch.broadcast_shapes(mean.shape, std.shape)
        noise = empty(shape, dtype=like.dtype, device=like.device).normal_(0.0, 1.0, generator=generator)
        return _finish(noise * std + mean, False, out)
    return _finish(_drawn(size, dtype, device, lambda t: t.normal_(mean, std, generator=generator), requires_grad), False, out)


def bernoulli(input, p=None, *, generator=None, out=None):
    if p is None and not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"bernoulli_tensor_cpu_p_\" not implemented for '{input.type()[6:-6]}'")
    if p is None and not input.is_meta and not bool(((input >= 0) & (input <= 1)).all()):
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
            "please report an enhancement request to PyTorch.)"
        )
    t = empty(input.shape, dtype=input.dtype, device=input.device)
    return _finish(t.bernoulli_(input if p is None else p, generator=generator), False, out)


def multinomial(input, num_samples, replacement=False, *, generator=None):
    """Indices drawn by weight. Exponential races without replacement (and for one sample), inverse sampling with it."""
    if input.dim() not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {input.type()[6:-6]}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > input.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not input.is_meta and not bool(((input >= 0) & input.isfinite()).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not input.is_meta and not bool((input.sum(-1) > 0).all()):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if not replacement or num_samples == 1:
        races = empty(input.shape, dtype=input.dtype, device=input.device).exponential_(1.0, generator=generator)
        scores = input / races
        if num_samples == 1:
            return scores.argmax(dim=-1, keepdim=True)
        return scores.topk(num_samples, dim=-1)[1]
    return _wrap(_core.op__multinomial_replaced(input.h, int(num_samples), 0 if generator is None else generator.id))


__all__ = [
    "empty", "full", "zeros", "ones", "empty_like", "zeros_like", "ones_like", "full_like", "empty_strided", "arange", "linspace",
    "logspace", "eye", "tensor", "as_tensor", "asarray", "scalar_tensor", "from_numpy", "frombuffer", "rand", "randn", "rand_like",
    "randn_like", "randint", "randint_like", "randperm", "normal", "bernoulli", "multinomial",
]
