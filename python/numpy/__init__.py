"""numpy, as training scripts and model files use it: arrays of numbers over the runtime's tensors, which they share with torch.
Ours, and small: strings, objects, records, dates and masked arrays are refused by name."""

import builtins as _builtins
import math as _math

from numpy import _dtype, _scalars
from numpy._dtype import (
    can_cast, character, complexfloating, datetime64, dtype, flexible, floating, generic, inexact, integer, isdtype, issubdtype,
    longdouble, number, object_, promote_types, signedinteger, str_, timedelta64, unsignedinteger, void,
)
from numpy._dtype import bytes_
from numpy._scalars import bool_, complex64, complex128, float16, float32, float64
from numpy._scalars import int8, int16, int32, int64, uint8, uint16, uint32, uint64
from numpy._array import ndarray
from numpy._create import (
    arange, array, asanyarray, asarray, ascontiguousarray, asfortranarray, copy, empty, empty_like, eye, frombuffer, fromfunction,
    fromiter, full, full_like, geomspace, identity, linspace, logspace, meshgrid, ones, ones_like, tri, zeros, zeros_like,
)
from numpy import _ufunc
from numpy._ufunc import divmod, frexp, ldexp, modf, ufunc
from numpy._reduce import (
    all, amax, amin, any, argmax, argmin, average, count_nonzero, cumprod, cumsum, max, mean, median, min, nanargmax, nanargmin,
    nanmax, nanmean, nanmedian, nanmin, nanpercentile, nanprod, nanquantile, nanstd, nansum, nanvar, percentile, prod, ptp, quantile,
    std, sum, var,
)
from numpy._shape import (
    append, array_split, atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, broadcast_shapes, broadcast_to, column_stack, concat,
    concatenate, delete, diag, diagflat, diagonal, dstack, expand_dims, flip, fliplr, flipud, hsplit, hstack, indices, insert, ix_,
    matrix_transpose, moveaxis, pad, permute_dims, ravel, repeat, reshape, resize, roll, rollaxis, rot90, split, squeeze, stack,
    swapaxes, tile, trace, transpose, tril, triu, vsplit, vstack,
)
from numpy._select import (
    allclose, apply_along_axis, argpartition, argsort, argwhere, around, array_equal, array_equiv, blackman, clip,
    compress, convolve, copyto, corrcoef, cov, diag_indices, digitize, extract, fill_diagonal, fix, flatnonzero,
    hamming, hanning, in1d, intersect1d, isclose, isin, lexsort, nan_to_num, ndim, nonzero, partition, piecewise,
    polyfit, polyval, put, put_along_axis, putmask, ravel_multi_index, round, searchsorted, select, setdiff1d,
    setxor1d, shape, sinc, size, sort, take, take_along_axis, trapezoid, tril_indices, triu_indices, union1d, unique,
    unravel_index, vectorize, where,
)
from numpy._counting import bincount, diff, ediff1d, gradient, histogram, histogram_bin_edges, interp
from numpy._products import cross, dot, einsum, inner, kron, matmul, outer, tensordot, vdot
from numpy._print import array2string, array_repr, array_str, format_float_positional, get_printoptions, printoptions, set_printoptions
from numpy._io import fromfile, genfromtxt, load, loadtxt, memmap, save, savetxt, savez, savez_compressed

globals().update(_ufunc.table)

__version__ = "2.4.6"

bool = bool_
byte, short, intc, int_, intp, long, longlong = int8, int16, int32, int64, int64, int64, int64
ubyte, ushort, uintc, uint, uintp, ulong, ulonglong = uint8, uint16, uint32, uint64, uint64, uint64, uint64
half, single, double, csingle, cdouble = float16, float32, float64, complex64, complex128
True_, False_ = _scalars.TRUE, _scalars.FALSE

pi, e, inf, nan, euler_gamma = _math.pi, _math.e, _math.inf, _math.nan, 0.5772156649015329
newaxis = None
little_endian = True
ScalarType = (int, float, complex, _builtins.bool, *_scalars.classes.values())


class _IndexExpression:
    def __init__(self, always_tuple):
        self._always_tuple = always_tuple

    def __getitem__(self, item):
        return (item,) if self._always_tuple and not isinstance(item, tuple) else item


index_exp, s_ = _IndexExpression(True), _IndexExpression(False)


class _Joiner:
    """r_[...] and c_[...]: slices become ranges, then everything is joined."""

    def __init__(self, join):
        self._join = join

    def __getitem__(self, items):
        parts = []
        for item in items if isinstance(items, tuple) else (items,):
            if isinstance(item, slice):
                step = 1 if item.step is None else item.step
                start = 0 if item.start is None else item.start
                item = linspace(start, item.stop, int(abs(step))) if isinstance(step, complex) else arange(start, item.stop, step)
            parts.append(atleast_1d(item))
        return self._join(parts)


r_, c_ = _Joiner(concatenate), _Joiner(column_stack)


class _GridMaker:
    def __init__(self, sparse):
        self._sparse = sparse

    def __getitem__(self, items):
        slices = items if isinstance(items, tuple) else (items,)
        axes = [r_[one] for one in slices]
        found = meshgrid(*axes, indexing="ij", sparse=self._sparse)
        if not isinstance(items, tuple):
            return found[0]
        return found if self._sparse else stack(found)


mgrid, ogrid = _GridMaker(False), _GridMaker(True)


class finfo:
    """What a floating type can hold."""

    def __init__(self, dtype):
        import torch

        kind = _dtype.dtype(dtype if isinstance(dtype, type) else getattr(dtype, "dtype", dtype))
        if kind.kind == "c":
            kind = _dtype.dtype("float32" if kind.name == "complex64" else "float64")
        if kind.kind != "f":
            raise ValueError(f"data type {kind.type!r} not inexact")
        known = torch.finfo(kind.carrier)
        self.dtype, self.bits = kind, known.bits
        self.eps, self.max, self.min = kind.type(known.eps), kind.type(known.max), kind.type(known.min)
        self.tiny = self.smallest_normal = kind.type(known.tiny)
        self.resolution = kind.type(known.resolution)

    def __repr__(self):
        return f"finfo(resolution={self.resolution}, min={self.min}, max={self.max}, dtype={self.dtype})"


class iinfo:
    """What an integer type can hold."""

    def __init__(self, int_type):
        given = type(int_type) if isinstance(int_type, int) else int_type
        self.dtype = _dtype.dtype(given if isinstance(given, type) else getattr(given, "dtype", given))
        if self.dtype.kind not in "iu":
            raise ValueError(f"Invalid integer data type {self.dtype.kind!r}.")
        self.min, self.max = _dtype.LIMITS[self.dtype.name]
        self.bits, self.kind = 8 * self.dtype.itemsize, self.dtype.kind

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


class errstate:
    """Accepted and without effect: floating-point errors give inf and nan here, and no warning."""

    def __init__(self, **options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def __call__(self, function):
        return function


def seterr(**options):
    return {"divide": "ignore", "over": "ignore", "under": "ignore", "invalid": "ignore"}


geterr = seterr


def result_type(*arrays_and_dtypes):
    operands = []
    for one in arrays_and_dtypes:
        if isinstance(one, (str, type, _dtype.dtype)):
            operands.append((None, _dtype.dtype(one), None))
        else:
            operands.append(_ufunc._operand(one))
    return _ufunc._meet(operands)


def min_scalar_type(a):
    found = asarray(a)
    if found.ndim or found.dtype.kind not in "iu":
        return found.dtype
    value = int(found)
    names = ("uint8", "uint16", "uint32", "uint64") if value >= 0 else ("int8", "int16", "int32", "int64")
    return next(_dtype.dtype(n) for n in names if _dtype.LIMITS[n][0] <= value <= _dtype.LIMITS[n][1])


def isscalar(element):
    return isinstance(element, (generic, int, float, complex, str, bytes, _builtins.bool))


def iscomplexobj(x):
    return getattr(x, "dtype", _dtype.dtype("float64") if not isinstance(x, complex) else _dtype.dtype("complex128")).kind == "c"


def isrealobj(x):
    return not iscomplexobj(x)


def iscomplex(x):
    found = asarray(x)
    return found.imag != 0


def isreal(x):
    return asarray(x).imag == 0


def real(val):
    return val.real if hasattr(val, "real") else asarray(val).real


def imag(val):
    return val.imag if hasattr(val, "imag") else asarray(val).imag


def angle(z, deg=False):
    found = asarray(z)
    result = arctan2(found.imag, found.real)
    return degrees(result) if deg else result


def isposinf(x, out=None):
    return equal(x, inf, out=out)


def isneginf(x, out=None):
    return equal(x, -inf, out=out)


def ndenumerate(arr):
    found = asarray(arr)
    return zip(ndindex(*found.shape), found.reshape(-1))


def ndindex(*shape):
    import itertools

    sizes = shape[0] if len(shape) == 1 and not hasattr(shape[0], "__index__") else shape
    return itertools.product(*[range(n) for n in sizes])


def shares_memory(a, b, max_work=None):
    return isinstance(a, ndarray) and isinstance(b, ndarray) and a._t.untyped_storage().data_ptr() == b._t.untyped_storage().data_ptr()


may_share_memory = shares_memory


def base_repr(number, base=2, padding=0):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    left, text = abs(number), ""
    while left:
        text = digits[left % base] + text
        left //= base
    return ("-" if number < 0 else "") + "0" * padding + (text or "0")


def binary_repr(num, width=None):
    if num < 0 and width:
        num += 1 << width
    return format(num, "b").zfill(width or 0)


_LAZY = ("fft", "linalg", "random", "testing", "typing", "lib", "exceptions")
_ELSEWHERE = frozenset("""
    ma char rec recarray matrix asmatrix bmat chararray dtypes emath polynomial ctypeslib f2py strings core nditer nested_iters
    flatiter broadcast busday_count busday_offset datetime_as_string datetime_data einsum_path choose packbits unpackbits i0 kaiser
    correlate fromregex fromstring place mask_indices poly poly1d polyadd polyder polydiv polyint polymul polysub roots
    lookfor info histogram2d histogramdd apply_over_axes block bitwise_count clongdouble frompyfunc from_dlpack is_busday isfortran
    isnat iterable nancumprod nancumsum real_if_close require save_string show_config sort_complex spacing tril_indices_from
    triu_indices_from trim_zeros unique_all unique_counts unique_inverse unique_values unstack unwrap vander vecdot vecmat matvec
    array_function_dispatch nextafter longcomplex logaddexp2 format_float_scientific trapz cumulative_sum cumulative_prod
""".split())


def __getattr__(name):
    if name in _LAZY:
        import importlib

        return importlib.import_module(f"numpy.{name}")
    if name in _ELSEWHERE:
        raise NotImplementedError(f"numpy.{name} is not available in Layerwise's numpy, which has the part that model code uses")
    raise AttributeError(f"module 'numpy' has no attribute {name!r}")
