"""Data types, devices' layouts and memory formats: small constants with PyTorch's names."""

import _core


class dtype:
    __slots__ = ("id", "name", "itemsize", "is_floating_point", "is_complex", "is_signed")

    def __init__(self, id, name, itemsize, is_floating_point, is_signed, is_complex=False):
        self.id = id
        self.name = name
        self.itemsize = itemsize
        self.is_floating_point = is_floating_point
        self.is_complex = is_complex
        self.is_signed = is_signed

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name

    def to_real(self):
        return {"complex64": float32, "complex128": float64, "complex32": float16}.get(self.name, self)

    def to_complex(self):
        return {"float32": complex64, "float64": complex128, "float16": complex32}.get(self.name, self)


dtype.__module__ = "torch"

uint8 = dtype(0, "uint8", 1, False, False)
int8 = dtype(1, "int8", 1, False, True)
int16 = short = dtype(2, "int16", 2, False, True)
int32 = int_ = dtype(3, "int32", 4, False, True)
int64 = long = dtype(4, "int64", 8, False, True)
float16 = half = dtype(5, "float16", 2, True, True)
float32 = float_ = dtype(6, "float32", 4, True, True)
float64 = double = dtype(7, "float64", 8, True, True)
bool_ = dtype(11, "bool", 1, False, False)
bfloat16 = dtype(15, "bfloat16", 2, True, True)

by_id = {d.id: d for d in (uint8, int8, int16, int32, int64, float16, float32, float64, bool_, bfloat16)}

complex64 = cfloat = dtype(9, "complex64", 8, False, True, True)
complex128 = cdouble = dtype(10, "complex128", 16, False, True, True)
by_id |= {d.id: d for d in (complex64, complex128)}

# Stored and converted; hardly anything is computed in them.
float8_e4m3fn = dtype(24, "float8_e4m3fn", 1, True, True)
float8_e5m2 = dtype(23, "float8_e5m2", 1, True, True)
by_id |= {d.id: d for d in (float8_e4m3fn, float8_e5m2)}

# Known by name, for libraries that mention them; no tensor can have them.
complex32 = chalf = dtype(8, "complex32", 4, False, True, True)
float8_e4m3fnuz = dtype(26, "float8_e4m3fnuz", 1, True, True)
float8_e5m2fnuz = dtype(25, "float8_e5m2fnuz", 1, True, True)
uint16 = dtype(27, "uint16", 2, False, False)
uint32 = dtype(28, "uint32", 4, False, False)
uint64 = dtype(29, "uint64", 8, False, False)
quint8 = dtype(13, "quint8", 1, False, False)
qint8 = dtype(12, "qint8", 1, False, True)
qint32 = dtype(14, "qint32", 4, False, True)
quint4x2 = dtype(16, "quint4x2", 1, False, False)
quint2x4 = dtype(17, "quint2x4", 1, False, False)
# Numbers of one to seven bits: packages name them to say how many bits a weight shall have.
int1, int2, int3, int4, int5, int6, int7 = [dtype(36 + bits, f"int{bits}", 1, False, True) for bits in range(1, 8)]
uint1, uint2, uint3, uint4, uint5, uint6, uint7 = [dtype(29 + bits, f"uint{bits}", 1, False, False) for bits in range(1, 8)]

_of_python = {bool: bool_, int: int64, float: None, complex: None}


def of_python(kind):
    """The dtype of a Python number type: float is the default dtype."""
    if kind is complex:
        return get_default_dtype().to_complex()
    return get_default_dtype() if kind is float else _of_python.get(kind)


def as_dtype(value):
    """Python's own bool, int and float may stand for dtypes."""
    if value is None or type(value) is dtype:
        return value
    if value is float:
        return float64
    if value is complex:
        return complex128
    if value in (bool, int):
        return _of_python[value]
    raise TypeError(f"expected a torch.dtype, got {type(value).__name__}")


def get_default_dtype():
    return by_id[_core.default_dtype()]


def set_default_dtype(d):
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    if d.itemsize == 1:
        raise TypeError(f"couldn't find storage object {d.name.capitalize()}Storage")
    _core.set_default_dtype(d.id)


def promote_types(type1, type2):
    return by_id[_core.promote_types(type1.id, type2.id)]


def can_cast(from_, to):
    rank = lambda d: 3 if d.is_complex else 2 if d.is_floating_point else 0 if d is bool_ else 1
    return rank(from_) <= rank(to)


class _Named:
    """A constant that prints as torch.NAME."""

    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name


class layout(_Named):
    __slots__ = ()


class memory_format(_Named):
    __slots__ = ()


class qscheme(_Named):
    """How the integers of a quantized tensor become numbers."""

    __slots__ = ()


qscheme.__module__ = "torch"
per_tensor_affine = qscheme("per_tensor_affine")
per_channel_affine = qscheme("per_channel_affine")
per_tensor_symmetric = qscheme("per_tensor_symmetric")
per_channel_symmetric = qscheme("per_channel_symmetric")
per_channel_affine_float_qparams = qscheme("per_channel_affine_float_qparams")
strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr = layout("sparse_csr")
jagged = layout("jagged")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")


class finfo:
    """Limits of a floating-point dtype."""

    _digits = {float16: (5, 10), bfloat16: (8, 7), float32: (8, 23), float64: (11, 52)}

    # Types of eight bits have rules of their own: largest number, epsilon, smallest normal number.
    _eights = {
        float8_e4m3fn: (448.0, 0.125, 2.0**-6), float8_e5m2: (57344.0, 0.25, 2.0**-14), float8_e4m3fnuz: (240.0, 0.125, 2.0**-7),
        float8_e5m2fnuz: (57344.0, 0.125, 2.0**-15),
    }

    def __init__(self, type=None):
        d = get_default_dtype() if type is None else type.to_real()
        if d in self._eights:
            self.dtype, self.bits, self.resolution = d.name, 8, 1.0
            self.max, self.eps, self.tiny = self._eights[d]
            self.min, self.smallest_normal = -self.max, self.tiny
            return
        if d not in self._digits:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{d}'")
        exponent_bits, fraction_bits = self._digits[d]
        top = 2 ** (exponent_bits - 1) - 1
        self.dtype = d.name
        self.bits = d.itemsize * 8
        self.eps = 2.0**-fraction_bits
        self.max = (2 - self.eps) * 2.0**top
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - top)
        self.resolution = {10: 1e-3, 7: 1e-2, 23: 1e-6, 52: 1e-15}[fraction_bits]

    def __repr__(self):
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype."""

    def __init__(self, type):
        if type.is_floating_point or type is bool_:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'")
        self.dtype = type.name
        self.bits = type.itemsize * 8
        self.max = 2 ** (self.bits - (1 if type.is_signed else 0)) - 1
        self.min = -self.max - 1 if type.is_signed else 0

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
