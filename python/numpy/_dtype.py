"""Data types of arrays: names, sizes, the scalar classes that stand for them, and how they meet. Structured types, strings
and objects are refused by name: arrays here are numbers in tensors."""

import sys

import torch


class generic:
    """The common class of all array scalars."""

    __slots__ = ()


class number(generic):
    __slots__ = ()


class integer(number):
    __slots__ = ()


class signedinteger(integer):
    __slots__ = ()


class unsignedinteger(integer):
    __slots__ = ()


class inexact(number):
    __slots__ = ()


class floating(inexact):
    __slots__ = ()


class complexfloating(inexact):
    __slots__ = ()


class flexible(generic):
    __slots__ = ()


class character(flexible):
    __slots__ = ()


class _NotHere(flexible):
    """A scalar class whose arrays cannot exist here; good for annotations and isinstance."""

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        raise NotImplementedError(f"numpy.{cls.__name__} is not available: arrays hold numbers only in Layerwise's numpy")


class object_(_NotHere):
    __slots__ = ()


class void(_NotHere):
    __slots__ = ()


class bytes_(_NotHere):
    __slots__ = ()


class datetime64(_NotHere):
    __slots__ = ()


class timedelta64(_NotHere):
    __slots__ = ()


class longdouble(_NotHere):
    __slots__ = ()


class str_(str, character):
    """A string scalar: a Python string."""

    __slots__ = ()

    def __repr__(self):
        return f"np.str_({str.__repr__(self)})"


class dtype:
    """The type of an array's elements; there is one object per type."""

    __slots__ = ("name", "kind", "itemsize", "char", "num", "type", "carrier")

    _by_key = {}

    def __new__(cls, spec=None, align=False, copy=False):
        if type(spec) is cls:
            return spec
        try:
            found = cls._by_key.get(spec)
        except TypeError:
            found = None
        if found is None:
            found = _lookup(spec)
        return found

    @classmethod
    def _define(cls, name, kind, itemsize, char, num, scalar, carrier, *keys):
        made = object.__new__(cls)
        made.name, made.kind, made.itemsize, made.char, made.num = name, kind, itemsize, char, num
        made.type, made.carrier = scalar, carrier
        code = f"{kind}{itemsize}"
        for key in (name, scalar, char, code, f"<{code}", f"={code}", f"|{code}", *keys):
            cls._by_key[key] = made
        scalar.dtype = property(lambda self: made)
        return made

    @property
    def str(self):
        order = "|" if self.itemsize == 1 else "<"
        return f"{order}{self.kind}{self.itemsize}"

    @property
    def byteorder(self):
        return "|" if self.itemsize == 1 else "="

    names = fields = subdtype = metadata = None
    shape = ()
    ndim = 0
    hasobject = False
    isnative = True
    alignment = property(lambda self: self.itemsize)
    isbuiltin = 1

    @property
    def base(self):
        return self

    def newbyteorder(self, new_order="S"):
        if new_order in ("=", "N", "native", "<", "L", "little", "|", "I") or self.itemsize == 1:
            return self
        raise NotImplementedError("numpy dtypes of the other byte order are not available in Layerwise's numpy")

    def __eq__(self, other):
        if type(other) is dtype:
            return self is other
        try:
            return dtype(other) is self
        except (TypeError, NotImplementedError):
            return False

    def __hash__(self):
        return hash(("numpy.dtype", self.name))

    def __repr__(self):
        return f"dtype('{self.name}')"

    def __str__(self):
        return self.name

    def __lt__(self, other):
        return can_cast(self, other) and self is not dtype(other)

    def __le__(self, other):
        return can_cast(self, other)

    def __gt__(self, other):
        return can_cast(other, self) and self is not dtype(other)

    def __ge__(self, other):
        return can_cast(other, self)

    def __reduce__(self):
        return dtype, (self.name,)

    @classmethod
    def __class_getitem__(cls, item):
        return cls


def _lookup(spec):
    if spec is None:
        return float64_
    if isinstance(spec, dtype):
        return spec
    if isinstance(spec, str):
        if spec[:1] == ">" and spec[1:] in dtype._by_key and dtype._by_key[spec[1:]].itemsize > 1:
            raise NotImplementedError(f"numpy dtype {spec!r}: arrays of the other byte order are not available here")
        if spec[:1] in "<>=|SUOVMm" and spec:
            raise NotImplementedError(f"numpy dtype {spec!r} is not available: arrays hold numbers only in Layerwise's numpy")
        raise TypeError(f"data type {spec!r} not understood")
    if isinstance(spec, type):
        if issubclass(spec, (_NotHere, str, bytes)) or spec is object:
            raise NotImplementedError(
                f"numpy arrays of {spec.__name__} are not available: arrays hold numbers only in Layerwise's numpy"
            )
        found = {floating: "float64", inexact: "float64", number: "float64", integer: "int64", signedinteger: "int64",
                 unsignedinteger: "uint64", complexfloating: "complex128", complex: "complex128"}.get(spec)
        if found:
            return dtype._by_key[found]
    inner = getattr(spec, "dtype", None)
    if isinstance(inner, dtype):
        return inner
    if isinstance(spec, (list, dict, tuple)):
        raise NotImplementedError("structured numpy dtypes are not available in Layerwise's numpy")
    raise TypeError(f"Cannot interpret '{spec!r}' as a data type")


def install(scalars):
    """Bind the scalar classes, which need this module first."""
    global bool_dtype, float64_, int64_
    table = (
        ("bool", "b", 1, "?", 0, torch.bool, bool, "bool_", "|?"),
        ("int8", "i", 1, "b", 1, torch.int8, "byte"),
        ("uint8", "u", 1, "B", 2, torch.uint8, "ubyte"),
        ("int16", "i", 2, "h", 3, torch.int16, "short"),
        # Unsigned types wider than a byte live in the next larger signed tensor.
        ("uint16", "u", 2, "H", 4, torch.int32, "ushort"),
        ("int32", "i", 4, "i", 5, torch.int32, "intc"),
        ("uint32", "u", 4, "I", 6, torch.int64, "uintc"),
        ("int64", "i", 8, "l", 7, torch.int64, int, "int", "int_", "intp", "long", "q", "longlong", "p"),
        ("uint64", "u", 8, "L", 8, torch.int64, "uint", "uintp", "ulong", "Q", "ulonglong", "P"),
        ("float16", "f", 2, "e", 23, torch.float16, "half"),
        ("float32", "f", 4, "f", 11, torch.float32, "single"),
        ("float64", "f", 8, "d", 12, torch.float64, float, "float", "double", "float_"),
        ("complex64", "c", 8, "F", 14, torch.complex64, "csingle"),
        ("complex128", "c", 16, "D", 15, torch.complex128, complex, "complex", "cdouble"),
    )
    for name, kind, itemsize, char, num, carrier, *keys in table:
        dtype._define(name, kind, itemsize, char, num, scalars[name], carrier, *keys)
    bool_dtype, float64_, int64_ = dtype("bool"), dtype("float64"), dtype("int64")
    for found in set(dtype._by_key.values()):
        if found.name not in ("uint16", "uint32", "uint64"):
            _of_carrier[found.carrier] = found


_of_carrier = {}
# Bits that a carrier wider than its type must be cut to.
BITS = {"uint16": 0xFFFF, "uint32": 0xFFFFFFFF}
LIMITS = {
    "int8": (-(2**7), 2**7 - 1), "int16": (-(2**15), 2**15 - 1), "int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1), "uint16": (0, 2**16 - 1), "uint32": (0, 2**32 - 1), "uint64": (0, 2**64 - 1),
}


def of_tensor(t):
    """The dtype of a tensor that comes from outside."""
    try:
        return _of_carrier[t.dtype]
    except KeyError:
        raise TypeError(f"Got unsupported ScalarType {str(t.dtype).removeprefix('torch.').capitalize()}") from None


# Promotion

_KIND_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def promote(a, b):
    """The smallest type that holds both."""
    if a is b:
        return a
    if _KIND_RANK[a.kind] > _KIND_RANK[b.kind]:
        a, b = b, a
    if a.kind == "b":
        return b
    if a.kind == b.kind:
        return a if a.itemsize >= b.itemsize else b
    if b.kind in "iu":
        signed, unsigned = (a, b) if a.kind == "i" else (b, a)
        if signed.itemsize > unsigned.itemsize:
            return signed
        return dtype("float64") if unsigned.itemsize == 8 else dtype(f"int{16 * unsigned.itemsize}")
    # An integer needs a float with enough digits: 8 bits fit float16, 16 bits float32, more float64.
    needed = {1: 2, 2: 4, 4: 8, 8: 8}[a.itemsize] if a.kind in "iu" else a.itemsize
    if b.kind == "f":
        return dtype(f"float{8 * max(needed, b.itemsize)}")
    return dtype(f"complex{8 * max(2 * needed, b.itemsize)}")


def meet_python(kind, other):
    """A Python number (by kind) and a type: the number adapts unless its kind is higher."""
    if _KIND_RANK[kind] <= _KIND_RANK[other.kind]:
        return other
    if kind == "i":
        return dtype("int64")
    if kind == "f":
        return promote(other, dtype("float16")) if other.kind == "f" else dtype("float64")
    return dtype("complex64") if other.name in ("float16", "float32") else dtype("complex128")


def promote_types(type1, type2):
    return promote(dtype(type1), dtype(type2))


def can_cast(from_, to, casting="safe"):
    source, target = dtype(from_), dtype(to)
    if casting == "unsafe" or source is target:
        return True
    if casting in ("no", "equiv"):
        return False
    if promote(source, target) is target:
        return True
    return casting == "same_kind" and _KIND_RANK[source.kind] <= _KIND_RANK[target.kind] and not (
        source.kind == "i" and target.kind == "u"
    )


def issubdtype(arg1, arg2):
    def scalar(value):
        if isinstance(value, type) and issubclass(value, generic):
            return value
        if value is object:
            return object_
        if value in (str, bytes):
            return {str: str_, bytes: bytes_}[value]
        return dtype(value).type

    return issubclass(scalar(arg1), scalar(arg2))


def isdtype(dtype, kind):
    from numpy import _dtype

    kinds = kind if isinstance(kind, tuple) else (kind,)
    words = {
        "bool": "b", "signed integer": "i", "unsigned integer": "u", "integral": "iu", "real floating": "f",
        "complex floating": "c", "numeric": "iufc",
    }
    return any(dtype.kind in words[k] if k in words else dtype is _dtype.dtype(k) for k in kinds)


def sctype_name(value):
    return dtype(value).name


assert sys.byteorder == "little"
