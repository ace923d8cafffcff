"""ndarray: a tensor of the runtime with NumPy's rules. Memory is shared with torch both ways; there are no strings, objects or
records, and a slice with a negative step is a copy."""

import array as _buffers
import builtins
import operator

import torch

from numpy import _dtype
from numpy._dtype import BITS, LIMITS, dtype, generic, of_tensor
from numpy._scalars import _kind_of

_new = object.__new__
_int_types = (int,)


class ndarray:
    """A multi-dimensional array of numbers of one type."""

    __slots__ = ("_t", "_dtype", "base", "_readonly", "__weakref__", "__dict__")
    __array_priority__ = 0.0
    __hash__ = None

    def __new__(cls, shape, dtype=float, buffer=None, offset=0, strides=None, order=None):
        kind = _dtype.dtype(dtype)
        if strides is not None:
            raise NotImplementedError("numpy.ndarray(strides=...) is not available: use numpy.lib.stride_tricks.as_strided")
        shape = as_shape(shape)
        if buffer is not None:
            from numpy._create import frombuffer

            count = 1
            for n in shape:
                count *= n
            return frombuffer(buffer, kind, count, offset).reshape(shape)
        return wrap(torch.empty(shape, dtype=kind.carrier), kind, cls)

    # What it is

    @property
    def dtype(self):
        return self._dtype

    @dtype.setter
    def dtype(self, value):
        seen = self.view(value)
        self._t, self._dtype = seen._t, seen._dtype

    @property
    def shape(self):
        return tuple(self._t.shape)

    @shape.setter
    def shape(self, value):
        self._t = self.reshape(value)._t

    ndim = property(lambda self: self._t.dim())
    size = property(lambda self: self._t.numel())
    itemsize = property(lambda self: self._dtype.itemsize)
    nbytes = property(lambda self: self._t.numel() * self._dtype.itemsize)
    strides = property(lambda self: tuple([n * self._dtype.itemsize for n in self._t.stride()]))
    T = property(lambda self: self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))
    flags = property(lambda self: Flags(self))
    flat = property(lambda self: Flat(self))
    device = "cpu"

    @property
    def real(self):
        return wrap(torch.real(self._t)) if self._dtype.kind == "c" else self

    @property
    def imag(self):
        if self._dtype.kind == "c":
            return wrap(torch.imag(self._t))
        return wrap(torch.zeros_like(self._t), self._dtype)

    @property
    def __array_interface__(self):
        return {"shape": self.shape, "typestr": self._dtype.str, "version": 3, "data": (self._t.data_ptr(), self._readonly)}

    def __len__(self):
        if not self._t.dim():
            raise TypeError("len() of unsized object")
        return self._t.shape[0]

    def __iter__(self):
        if not self._t.dim():
            raise TypeError("iteration over a 0-d array")
        if self._t.dim() == 1:
            scalar = self._dtype.type
            return iter([scalar(v) for v in self._t.tolist()])
        return iter([view_of(row, self) for row in self._t.unbind(0)])

    def __array__(self, dtype=None, copy=None):
        return self if dtype is None or self._dtype == dtype else self.astype(dtype)

    # Values

    def item(self, *args):
        if not args:
            if self._t.numel() != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return self._t.item()
        if len(args) == 1 and isinstance(args[0], int):
            return self.reshape(-1)[args[0]].item()
        return self[args[0] if len(args) == 1 else args].item()

    def tolist(self):
        return self._t.tolist()

    def tobytes(self, order="C"):
        t = self._t if order in ("C", "A", "K") else self._t.permute(*range(self.ndim - 1, -1, -1))
        data = t.contiguous()._bytes()
        if self._dtype.carrier.itemsize == self._dtype.itemsize:
            return data.tobytes()
        code = {"uint16": ("i", "H"), "uint32": ("q", "I")}[self._dtype.name]
        wide = _buffers.array(code[0], data.tobytes())
        return _buffers.array(code[1], wide).tobytes()

    def tofile(self, fid, sep="", format="%s"):
        if sep:
            text = sep.join([format % v for v in self.reshape(-1).tolist()])
            return _write(fid, text.encode())
        _write(fid, self.tobytes())

    def __bool__(self):
        if self._t.numel() != 1:
            if not self._t.numel():
                raise ValueError("The truth value of an empty array is ambiguous. Use `array.size > 0` to check that an array is "
                                 "not empty.")
            raise ValueError("The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()")
        return builtins.bool(self._t.item())

    def __float__(self):
        return float(self._one())

    def __int__(self):
        return int(self._one())

    def __complex__(self):
        return complex(self._one())

    def _one(self):
        if self._t.dim():
            if self._t.numel() != 1:
                raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        return self._t.item()

    def __index__(self):
        if self._t.dim() or self._dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self._t.item())

    def __contains__(self, value):
        return builtins.bool((self == value).any())

    def __format__(self, spec):
        if not self._t.dim():
            return format(self._t.item(), spec)
        return object.__format__(self, spec)

    def __repr__(self):
        from numpy import _print

        return _print.array_repr(self)

    def __str__(self):
        from numpy import _print

        return _print.array_str(self)

    # Copies and views

    def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
        kind = _dtype.dtype(dtype)
        if not _dtype.can_cast(self._dtype, kind, casting):
            raise TypeError(f"Cannot cast array data from {self._dtype!r} to {kind!r} according to the rule {casting!r}")
        if kind is self._dtype and not copy:
            return self
        return wrap(cast(self._t, self._dtype, kind, copy=True), kind)

    def copy(self, order="C"):
        return wrap(self._t.clone(memory_format=torch.contiguous_format), self._dtype)

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return _rebuild, (self.tobytes(), self.shape, self._dtype.name)

    def view(self, dtype=None, type=None):
        if dtype is None or (isinstance(dtype, builtins.type) and issubclass(dtype, ndarray)):
            return view_of(self._t.view(self._t.shape), self)
        kind = _dtype.dtype(dtype)
        if kind is self._dtype:
            return view_of(self._t, self)
        if self._dtype.name in WIDE or kind.name in WIDE:
            # The carrier's bytes are not the array's: a copy has them.
            from numpy._create import frombuffer

            seen = frombuffer(self.tobytes(), kind)
            return seen.reshape((*self.shape[:-1], -1)) if self.ndim else seen.reshape(())
        return wrap(self._t.view(kind.carrier), kind)

    def fill(self, value):
        self[...] = value

    def byteswap(self, inplace=False):
        raise NotImplementedError("numpy.ndarray.byteswap is not available in Layerwise's numpy")

    def resize(self, *shape, refcheck=True):
        from numpy._shape import resize

        self._t = resize(self, as_shape(shape[0] if len(shape) == 1 else shape))._t

    def setflags(self, write=None, align=None, uic=None):
        if write is not None:
            self._readonly = not write

    # Indexing

    def __getitem__(self, index):
        if type(index) is int:
            found = _guard_index(self._t.__getitem__, index)
            return self._dtype.type(found.item()) if not found.dim() else view_of(found, self)
        from numpy import _index

        return _index.get(self, index)

    def __setitem__(self, index, value):
        if self._readonly:
            raise ValueError("assignment destination is read-only")
        from numpy import _index

        _index.set(self, index, value)

    # Operators are ufuncs: numpy._ufunc adds them.

    def __matmul__(self, other):
        return _numpy().matmul(self, other) if _is_ours(other) else NotImplemented

    def __rmatmul__(self, other):
        return _numpy().matmul(other, self) if _is_ours(other) else NotImplemented

    def __imatmul__(self, other):
        self[...] = _numpy().matmul(self, other)
        return self

    def __getattr__(self, name):
        if name in _REFUSED:
            raise NotImplementedError(f"numpy.ndarray.{name} is not available in Layerwise's numpy")
        raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")


ndarray.__module__ = "numpy"
_REFUSED = frozenset(("ctypes", "data", "partition", "choose", "getfield", "setfield", "dumps", "dump"))
# Types whose carrier is wider than they are.
WIDE = frozenset(BITS)


class Flags:
    def __init__(self, owner):
        self._owner = owner

    writeable = property(lambda self: not self._owner._readonly, lambda self, on: self._owner.setflags(write=on))
    c_contiguous = contiguous = carray = property(lambda self: self._owner._t.is_contiguous())
    f_contiguous = property(lambda self: self._owner._t.permute(*range(self._owner.ndim - 1, -1, -1)).is_contiguous())
    owndata = property(lambda self: self._owner.base is None)
    aligned = True

    def __getitem__(self, key):
        return getattr(self, key.lower())


class Flat:
    """The elements in row-major order."""

    def __init__(self, owner):
        self._owner = owner

    def __iter__(self):
        return iter(self._owner.reshape(-1))

    def __len__(self):
        return self._owner.size

    def __getitem__(self, index):
        return self._owner.reshape(-1)[index]

    def __setitem__(self, index, value):
        flat = self._owner.reshape(-1)
        flat[index] = value
        if flat._t.data_ptr() != self._owner._t.data_ptr():
            self._owner._t.copy_(flat._t.reshape(self._owner._t.shape))

    def __array__(self, dtype=None, copy=None):
        return self._owner.reshape(-1).__array__(dtype)


def _numpy():
    import numpy

    return numpy


def _is_ours(value):
    return isinstance(value, (ndarray, generic, list, tuple)) or _kind_of(value) is not None


def _write(target, data):
    if hasattr(target, "write"):
        target.write(data)
    else:
        with open(target, "wb") as file:
            file.write(data)


def _rebuild(data, shape, name):
    from numpy._create import frombuffer

    return frombuffer(data, name).reshape(shape).copy()


def wrap(t, kind=None, cls=ndarray):
    """An array over a tensor."""
    made = _new(cls)
    made._t = t
    made._dtype = of_tensor(t) if kind is None else kind
    made.base = None
    made._readonly = False
    return made


def view_of(t, owner):
    """An array over a part of another one's memory."""
    made = _new(ndarray)
    made._t = t
    made._dtype = owner._dtype
    made.base = owner if owner.base is None else owner.base
    made._readonly = owner._readonly
    return made


def finish(t, kind=None):
    """The result of an operation: a scalar when it has no dimensions."""
    kind = of_tensor(t) if kind is None else kind
    return wrap(t, kind) if t.dim() else kind.type(t.item())


def as_shape(value):
    if isinstance(value, ndarray):
        return tuple(int(n) for n in value.tolist()) if value.ndim else (int(value),)
    if hasattr(value, "__index__"):
        return (operator.index(value),)
    if isinstance(value, float):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    return tuple([operator.index(n) for n in value])


def cast(t, source, target, copy=False):
    """The tensor of another type, by C's rules: floats lose their fraction, integers wrap."""
    if source is target:
        return t.clone() if copy else t
    if target.name in BITS:
        if source.kind == "f":
            t = t.to(torch.int64)
        elif source.kind == "b":
            t = t.to(target.carrier)
        bits = BITS[target.name]
        low, high = LIMITS[source.name] if source.kind in "iu" else (-1, 2**63)
        if low < 0 or high > bits:
            t = t.to(torch.int64) & bits
        return t.to(target.carrier, copy=copy)
    if source.kind == "c" and target.kind != "c":
        t = torch.real(t)
    return t.to(target.carrier, copy=copy)


def _guard_index(function, index):
    try:
        return function(index)
    except IndexError as error:
        text = str(error)
        if text.startswith("invalid index of a 0-dim tensor"):
            text = "too many indices for array: array is 0-dimensional, but 1 were indexed"
        raise IndexError(text.replace("dimension", "axis")) from None
