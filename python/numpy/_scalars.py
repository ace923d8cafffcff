"""Array scalars: what one element of an array is. They remember their type in arithmetic, as NumPy 2's do."""

import builtins
import math
import operator
import struct

from numpy import _dtype
from numpy._dtype import complexfloating, dtype, floating, generic, signedinteger, unsignedinteger


def _kind_of(value):
    """What a plain Python number counts as, else None."""
    kind = type(value)
    if kind is builtins.bool:
        return "b"
    if kind is int:
        return "i"
    if kind is float:
        return "f"
    return "c" if kind is complex else None


def _operands(a, b):
    """Both values as Python numbers, and the type in which they meet; None when `b` is no scalar."""
    if isinstance(b, generic):
        met = _dtype.promote(a.dtype, b.dtype)
        return a.item(), b.item(), met
    kind = _kind_of(b)
    if kind is None:
        return None
    met = _dtype.meet_python(kind, a.dtype)
    if kind == "i" and met.kind in "iu":
        low, high = _dtype.LIMITS[met.name]
        if not low <= b <= high:
            raise OverflowError(f"Python integer {b} out of bounds for {met.name}")
    return a.item(), b, met


def _quotient(x, y):
    if y == 0:
        if x == 0 or x != x:
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)
    return x / y


def _floor_quotient(x, y):
    if y == 0:
        return 0 if isinstance(x, int) and isinstance(y, int) else _quotient(x, y)
    return x // y


def _rest(x, y):
    if y == 0:
        return 0 if isinstance(x, int) and isinstance(y, int) else math.nan
    return x % y


def _power(x, y):
    if isinstance(x, int) and isinstance(y, int) and y < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    try:
        result = x**y
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(result, complex) and not isinstance(x, complex) else result


def _binary(function, symbol, result_of=lambda met: met):
    def forward(self, other):
        found = _operands(self, other)
        if found is None:
            return _by_array(symbol, self, other)
        x, y, met = found
        return result_of(met).type(function(x, y))

    def backward(self, other):
        found = _operands(self, other)
        if found is None:
            return _by_array(symbol, other, self)
        y, x, met = found
        return result_of(met).type(function(x, y))

    return forward, backward


def _by_array(name, a, b):
    import torch

    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor) or isinstance(a, str) or isinstance(b, str):
        return NotImplemented
    import numpy

    return getattr(numpy, name)(a, b)


def _compare(function, symbol):
    def compare(self, other):
        if isinstance(other, generic):
            return bool_(function(self.item(), other.item()))
        if _kind_of(other) is None:
            if other is None or isinstance(other, (str, bytes, type)):
                return NotImplemented
            return _by_array(symbol, self, other)
        return bool_(function(self.item(), other))

    return compare


def _true_type(met):
    return dtype("float64") if met.kind in "iub" else met


def _int_type(met):
    return dtype("int8") if met.kind == "b" else met


class _Scalar(generic):
    __slots__ = ()
    ndim = 0
    shape = ()
    strides = ()
    size = 1

    @property
    def itemsize(self):
        return self.dtype.itemsize

    nbytes = itemsize

    @property
    def T(self):
        return self

    @property
    def real(self):
        return self

    @property
    def imag(self):
        return type(self)(0)

    def tolist(self):
        return self.item()

    def __bool__(self):
        return builtins.bool(self.item())

    def __int__(self):
        return int(self.item())

    def __float__(self):
        return float(self.item())

    def __complex__(self):
        return complex(self.item())

    def __hash__(self):
        return hash(self.item())

    def __format__(self, spec):
        return format(self.item(), spec) if spec else str(self)

    def __array__(self, dtype=None, copy=None):
        import numpy

        return numpy.array(self, dtype=dtype)

    def __neg__(self):
        return type(self)(-self.item())

    def __pos__(self):
        return self

    def __abs__(self):
        return type(self)(abs(self.item()))

    def __round__(self, ndigits=None):
        return round(self.item()) if ndigits is None else type(self)(round(self.item(), ndigits))

    def __reduce__(self):
        return type(self), (self.item(),)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __getitem__(self, index):
        import numpy

        return numpy.asarray(self)[index]

    def __setattr__(self, name, value):
        raise AttributeError(f"{name!r} of a numpy scalar cannot be set")

    def __getattr__(self, name):
        # Everything else that an array can do, a scalar does as an array of no dimensions.
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        import numpy

        if not hasattr(numpy.ndarray, name):
            raise AttributeError(f"'numpy.{self.dtype.name}' object has no attribute {name!r}")
        return getattr(numpy.asarray(self), name)


_OPERATORS = (
    ("add", operator.add, "add", None), ("sub", operator.sub, "subtract", None), ("mul", operator.mul, "multiply", None),
    ("truediv", _quotient, "true_divide", _true_type), ("floordiv", _floor_quotient, "floor_divide", _int_type),
    ("mod", _rest, "remainder", _int_type), ("pow", _power, "power", _int_type),
    ("and", operator.and_, "bitwise_and", None), ("or", operator.or_, "bitwise_or", None),
    ("xor", operator.xor, "bitwise_xor", None), ("lshift", operator.lshift, "left_shift", _int_type),
    ("rshift", operator.rshift, "right_shift", _int_type),
)


def _give_operators(cls):
    for name, function, ufunc, result_of in _OPERATORS:
        forward, backward = _binary(function, ufunc, *([result_of] if result_of else []))
        setattr(cls, f"__{name}__", forward)
        setattr(cls, f"__r{name}__", backward)
    for name, ufunc in (("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
                        ("ge", "greater_equal")):
        setattr(cls, f"__{name}__", _compare(getattr(operator, name), ufunc))
    cls.__divmod__ = lambda self, other: (self // other, self % other)
    cls.__hash__ = _Scalar.__hash__


def _plain(value):
    """A Python number from anything that stands for one."""
    if isinstance(value, generic):
        return value.item()
    if isinstance(value, str):
        return float(value)
    return value.item() if hasattr(value, "item") else value


class _Held(_Scalar):
    """A scalar that holds its value."""

    __slots__ = ("_value",)

    def item(self, *args):
        return self._value

    def __repr__(self):
        # A complex number brings its own brackets.
        return f"np.{self.dtype.name}({str(self).strip('()')})"

    def __str__(self):
        return str(self._value)


def _hold(cls, value):
    made = object.__new__(cls)
    object.__setattr__(made, "_value", value)
    return made


def _integer_class(name, base):
    bits = int(name.lstrip("uint"))
    low, high = _dtype.LIMITS[name]

    def __new__(cls, value=0):
        value = _plain(value)
        if not isinstance(value, int):
            if value != value or value in (math.inf, -math.inf):
                value = low if low else 0
            value = int(value)
        if not low <= value <= high:
            value &= (1 << bits) - 1
            if low and value > high:
                value -= 1 << bits
        return _hold(cls, int(value))

    def __index__(self):
        return self._value

    def __invert__(self):
        return type(self)(~self._value)

    def bit_count(self):
        return abs(self._value).bit_count()

    members = {"__slots__": (), "__new__": __new__, "__index__": __index__, "__invert__": __invert__, "bit_count": bit_count}
    members["__module__"] = "numpy"
    cls = type(name, (_Held, base), members)
    _give_operators(cls)
    return cls


def shortest(value, code):
    """The shortest decimal that is this float32 or float16 and no other, as Python writes floats."""
    if value != value or value in (math.inf, -math.inf):
        return repr(value)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        try:
            if struct.unpack(code, struct.pack(code, float(text)))[0] == value:
                return repr(float(text))
        except OverflowError:
            pass
    return repr(value)


def _float_class(name, code):
    def __new__(cls, value=0.0):
        value = float(_plain(value))
        try:
            return _hold(cls, struct.unpack(code, struct.pack(code, value))[0])
        except OverflowError:
            return _hold(cls, math.copysign(math.inf, value))

    def __str__(self):
        text = shortest(self._value, code)
        return text

    members = {"__slots__": (), "__new__": __new__, "__str__": __str__, "__module__": "numpy"}
    members["is_integer"] = lambda self: self._value.is_integer()
    members["as_integer_ratio"] = lambda self: self._value.as_integer_ratio()
    cls = type(name, (_Held, floating), members)
    _give_operators(cls)
    return cls


class float64(_Scalar, float, floating):
    """A Python float that stays a float64 in arithmetic."""

    __slots__ = ()
    __module__ = "numpy"

    def __new__(cls, value=0.0):
        return float.__new__(cls, _plain(value))

    def item(self, *args):
        return float.__float__(self)

    def __float__(self):
        return float.__float__(self)

    __int__ = float.__int__
    __bool__ = float.__bool__
    __hash__ = float.__hash__

    def __str__(self):
        return float.__repr__(self)

    def __repr__(self):
        return f"np.float64({float.__repr__(self)})"

    def __reduce__(self):
        return float64, (self.item(),)


_give_operators(float64)
float64.__hash__ = float.__hash__


class _complex_base(_Scalar):
    __slots__ = ()

    @property
    def real(self):
        return self._part(self.item().real)

    @property
    def imag(self):
        return self._part(self.item().imag)

    def _part(self, value):
        return dtype("float32" if self.dtype.name == "complex64" else "float64").type(value)

    def conjugate(self):
        return type(self)(self.item().conjugate())

    conj = conjugate

    def __abs__(self):
        return self._part(abs(self.item()))


class complex64(_complex_base, _Held, complexfloating):
    __slots__ = ()
    __module__ = "numpy"

    def __new__(cls, value=0j, imag=0.0):
        value = complex(_plain(value)) + 1j * imag
        single = struct.unpack("<2f", struct.pack("<2f", value.real, value.imag))
        return _hold(cls, complex(*single))

    def __str__(self):
        return str(self._value) if self._value == 0 else str(
            complex(float(shortest(self._value.real, "<f")), float(shortest(self._value.imag, "<f")))
        )


class complex128(_complex_base, _Held, complexfloating):
    __slots__ = ()
    __module__ = "numpy"

    def __new__(cls, value=0j, imag=0.0):
        return _hold(cls, complex(_plain(value)) + 1j * imag)


class bool_(_Held):
    __slots__ = ()
    __module__ = "numpy"

    def __repr__(self):
        return f"np.{self._value}_"

    def __new__(cls, value=False):
        return TRUE if _plain(value) else FALSE

    def __index__(self):
        raise TypeError("In the future `np.bool` scalars will be interpreted as an index")

    def __invert__(self):
        return bool_(not self._value)

    def __neg__(self):
        raise TypeError("The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the "
                        "logical_not function instead.")


_give_operators(complex64)
_give_operators(complex128)
_give_operators(bool_)


def _bool_subtract(self, other):
    if isinstance(other, (bool_, builtins.bool)):
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, "
                        "or the logical_xor function instead.")
    found = _operands(self, other)
    return _by_array("subtract", self, other) if found is None else found[2].type(found[0] - found[1])


bool_.__sub__ = _bool_subtract
bool_.__reduce__ = lambda self: (bool_, (self._value,))
bool_.__name__ = "bool"
bool_.__qualname__ = "bool"
TRUE = _hold(bool_, True)
FALSE = _hold(bool_, False)

classes = {"bool": bool_, "float64": float64, "complex64": complex64, "complex128": complex128}
for _name in ("int8", "int16", "int32", "int64"):
    classes[_name] = _integer_class(_name, signedinteger)
for _name in ("uint8", "uint16", "uint32", "uint64"):
    classes[_name] = _integer_class(_name, unsignedinteger)
classes["float32"] = _float_class("float32", "<f")
classes["float16"] = _float_class("float16", "<e")
_dtype.install(classes)
globals().update(classes)
