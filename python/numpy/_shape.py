"""Rearranging: reshape, join, split, repeat, broadcast, pad. Views where NumPy gives views."""

import builtins
import operator

import torch

from numpy import _dtype
from numpy._array import as_shape, cast, finish, ndarray, view_of, wrap
from numpy._create import asarray
from numpy._dtype import dtype
from numpy._reduce import axes_of
from numpy._ufunc import check_broadcast


def _reordered(a):
    """Fortran order reads the transposed array in C order."""
    return a._t.permute(*range(a.ndim - 1, -1, -1)) if a.ndim else a._t


def reshape(a, /, shape=None, order="C", *, copy=None):
    found = asarray(a)
    sizes = as_shape(shape)
    try:
        if order == "F":
            t = _reordered(found).reshape(sizes[::-1])
            return view_of(t.permute(*range(t.dim() - 1, -1, -1)) if t.dim() else t, found)
        return view_of(found._t.reshape(sizes), found)
    except RuntimeError:
        text = str(sizes).replace(" ", "")
        raise ValueError(f"cannot reshape array of size {found.size} into shape {text}") from None


def _reshape_method(self, *shape, order="C", copy=None):
    return reshape(self, shape[0] if len(shape) == 1 else shape, order)


def ravel(a, order="C"):
    found = asarray(a)
    if order == "F":
        return view_of(_reordered(found).reshape(-1), found)
    return view_of(found._t.reshape(-1), found)


def _flatten_method(self, order="C"):
    return ravel(self, order).copy()


def transpose(a, axes=None):
    found = asarray(a)
    order = range(found.ndim - 1, -1, -1) if axes is None else axes_of(axes, found.ndim)
    if len(order) != found.ndim:
        raise ValueError("axes don't match array")
    return view_of(found._t.permute(*order) if found.ndim else found._t, found)


permute_dims = transpose


def _transpose_method(self, *axes):
    return transpose(self, None if not axes or axes[0] is None else axes[0] if isinstance(axes[0], (tuple, list)) else axes)


def matrix_transpose(x, /):
    return swapaxes(x, -1, -2)


def swapaxes(a, axis1, axis2):
    found = asarray(a)
    one, two = axes_of(axis1, found.ndim)[0], axes_of(axis2, found.ndim)[0]
    return view_of(found._t.transpose(one, two), found)


def moveaxis(a, source, destination):
    found = asarray(a)
    from_, to = axes_of(source, found.ndim), axes_of(destination, found.ndim)
    if len(from_) != len(to):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [n for n in range(found.ndim) if n not in from_]
    for target, origin in sorted(zip(to, from_)):
        order.insert(target, origin)
    return transpose(found, order)


def rollaxis(a, axis, start=0):
    found = asarray(a)
    axis = axes_of(axis, found.ndim)[0]
    start = start + found.ndim if start < 0 else start
    return moveaxis(found, axis, start - 1 if axis < start else start)


def squeeze(a, axis=None):
    found = asarray(a)
    if axis is None:
        return view_of(found._t.squeeze(), found)
    t = found._t
    for one in sorted(axes_of(axis, found.ndim), reverse=True):
        if t.shape[one] != 1:
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
        t = t.squeeze(one)
    return view_of(t, found)


def expand_dims(a, axis):
    found = asarray(a)
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    t = found._t
    for one in sorted(axes_of(given, found.ndim + len(given))):
        t = t.unsqueeze(one)
    return view_of(t, found)


def _at_least(n):
    def at_least(*arys):
        out = []
        for one in arys:
            found = asarray(one)
            if found.ndim < n:
                if n == 3 and found.ndim:
                    found = found[None, :, None] if found.ndim == 1 else found[:, :, None]
                else:
                    found = found.reshape((1,) * (n - found.ndim) + found.shape)
            out.append(found)
        return out[0] if len(out) == 1 else tuple(out)

    at_least.__name__ = f"atleast_{n}d"
    return at_least


atleast_1d, atleast_2d, atleast_3d = _at_least(1), _at_least(2), _at_least(3)


# Joining


def _common(arrays, given=None):
    if given is not None:
        return _dtype.dtype(given)
    kind = arrays[0]._dtype
    for one in arrays[1:]:
        kind = _dtype.promote(kind, one._dtype)
    return kind


def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    found = [asarray(a) for a in arrays]
    if not found:
        raise ValueError("need at least one array to concatenate")
    if axis is None:
        found, axis = [a.reshape(-1) for a in found], 0
    ndim = found[0].ndim
    if not ndim:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    axis = axes_of(axis, ndim)[0]
    for i, one in enumerate(found):
        if one.ndim != ndim:
            raise ValueError(
                f"all the input array dimensions except for the concatenation axis must match exactly, but along dimension 0, the "
                f"array at index 0 has {ndim} dimension(s) and the array at index {i} has {one.ndim} dimension(s)"
                if False else
                f"all the input arrays must have same number of dimensions, but the array at index 0 has {ndim} dimension(s) and "
                f"the array at index {i} has {one.ndim} dimension(s)"
            )
        for d in range(ndim):
            if d != axis and one.shape[d] != found[0].shape[d]:
                raise ValueError(
                    "all the input array dimensions except for the concatenation axis must match exactly, but along dimension "
                    f"{d}, the array at index 0 has size {found[0].shape[d]} and the array at index {i} has size {one.shape[d]}"
                )
    kind = _common(found, dtype)
    result = wrap(torch.cat([cast(a._t, a._dtype, kind) for a in found], axis), kind)
    if out is None:
        return result
    out[...] = result
    return out


concat = concatenate


def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    found = [asarray(a) for a in arrays]
    if not found:
        raise ValueError("need at least one array to stack")
    if any(a.shape != found[0].shape for a in found):
        raise ValueError("all input arrays must have the same shape")
    kind = _common(found, dtype)
    axis = axes_of(axis, found[0].ndim + 1)[0]
    result = wrap(torch.stack([cast(a._t, a._dtype, kind) for a in found], axis), kind)
    if out is None:
        return result
    out[...] = result
    return out


def vstack(tup, *, dtype=None, casting="same_kind"):
    return concatenate([atleast_2d(a) for a in tup], 0, dtype=dtype)


def hstack(tup, *, dtype=None, casting="same_kind"):
    arrays = [atleast_1d(a) for a in tup]
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype)


def dstack(tup):
    return concatenate([atleast_3d(a) for a in tup], 2)


def column_stack(tup):
    arrays = [asarray(a) for a in tup]
    return concatenate([a.reshape(-1, 1) if a.ndim < 2 else a for a in arrays], 1)


def append(arr, values, axis=None):
    if axis is None:
        return concatenate([asarray(arr).reshape(-1), asarray(values).reshape(-1)])
    return concatenate([arr, values], axis)


def insert(arr, obj, values, axis=None):
    found = asarray(arr)
    if axis is None:
        found, axis = found.reshape(-1), 0
    if not hasattr(obj, "__index__"):
        raise NotImplementedError("numpy.insert at several places is not available in Layerwise's numpy")
    axis = axes_of(axis, found.ndim)[0]
    place = operator.index(obj)
    place = place + found.shape[axis] if place < 0 else place
    first, last = split(found, [place], axis)
    given = asarray(values, found._dtype)
    shape = list(found.shape)
    shape[axis] = given.shape[axis] if given.ndim == found.ndim else (given.size if found.ndim == 1 else 1)
    return concatenate([first, broadcast_to(given if given.ndim == found.ndim or found.ndim == 1 else expand_dims(given, axis), shape),
                        last], axis)


def delete(arr, obj, axis=None):
    found = asarray(arr)
    if axis is None:
        found, axis = found.reshape(-1), 0
    axis = axes_of(axis, found.ndim)[0]
    n = found.shape[axis]
    keep = torch.ones(n, dtype=torch.bool)
    if isinstance(obj, slice):
        keep[torch.tensor(list(range(*obj.indices(n))), dtype=torch.int64)] = False
    else:
        places = asarray(obj).reshape(-1)
        for place in places.tolist():
            if not -n <= place < n:
                raise IndexError(f"index {place} is out of bounds for axis {axis} with size {n}")
        keep[places._t.to(torch.int64)] = False
    return wrap(found._t.index_select(axis, torch.nonzero(keep).reshape(-1)), found._dtype)


# Splitting


def array_split(ary, indices_or_sections, axis=0):
    found = asarray(ary)
    axis = axes_of(axis, found.ndim)[0]
    n = found.shape[axis]
    if hasattr(indices_or_sections, "__index__"):
        parts = operator.index(indices_or_sections)
        if parts <= 0:
            raise ValueError("number sections must be larger than 0.")
        size, extra = builtins.divmod(n, parts)
        ends = [0]
        for i in range(parts):
            ends.append(ends[-1] + size + (i < extra))
    else:
        ends = [0, *[operator.index(i) for i in asarray(indices_or_sections).tolist()], n]
    head = (slice(None),) * axis
    return [found[head + (slice(a, b),)] for a, b in zip(ends, ends[1:])]


def split(ary, indices_or_sections, axis=0):
    if hasattr(indices_or_sections, "__index__"):
        n = asarray(ary).shape[axis]
        if n % operator.index(indices_or_sections):
            raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


def hsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 1 if asarray(ary).ndim > 1 else 0)


def vsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 0)


# Repeating and turning


def repeat(a, repeats, axis=None):
    found = asarray(a)
    if axis is None:
        found, axis = found.reshape(-1), 0
    axis = axes_of(axis, found.ndim)[0]
    counts = asarray(repeats)
    times = int(counts) if not counts.ndim else counts._t.to(torch.int64)
    return wrap(torch.repeat_interleave(found._t, times, axis), found._dtype)


def tile(A, reps):
    found = asarray(A)
    counts = as_shape(reps)
    t = found._t.reshape((1,) * (len(counts) - found.ndim) + found.shape)
    return wrap(t.repeat((1,) * (t.dim() - len(counts)) + counts), found._dtype)


def resize(a, new_shape):
    found = ravel(a)
    sizes = as_shape(new_shape)
    n = 1
    for size in sizes:
        n *= size
    if not found.size:
        from numpy._create import zeros

        return zeros(sizes, found._dtype)
    return tile(found, -(-n // found.size))[:n].reshape(sizes)


def flip(m, axis=None):
    found = asarray(m)
    return wrap(found._t.flip(axes_of(axis, found.ndim)), found._dtype)


def fliplr(m):
    return flip(m, 1)


def flipud(m):
    return flip(m, 0)


def rot90(m, k=1, axes=(0, 1)):
    found = asarray(m)
    return wrap(torch.rot90(found._t, k, list(axes_of(axes, found.ndim))), found._dtype)


def roll(a, shift, axis=None):
    found = asarray(a)
    shifts = tuple(shift) if isinstance(shift, (tuple, list)) else int(shift)
    if axis is None:
        return wrap(torch.roll(found._t.reshape(-1), shifts, 0).reshape(found.shape), found._dtype)
    axes = axes_of(axis, found.ndim)
    if len(axes) > 1 and isinstance(shifts, int):
        shifts = (shifts,) * len(axes)
    return wrap(torch.roll(found._t, shifts, axes), found._dtype)


def tril(m, k=0):
    found = asarray(m)
    return wrap(torch.tril(found._t, k), found._dtype)


def triu(m, k=0):
    found = asarray(m)
    return wrap(torch.triu(found._t, k), found._dtype)


def diagonal(a, offset=0, axis1=0, axis2=1):
    found = asarray(a)
    return view_of(torch.diagonal(found._t, offset, axis1, axis2), found)


def diag(v, k=0):
    found = asarray(v)
    if found.ndim not in (1, 2):
        raise ValueError("Input must be 1- or 2-d.")
    return wrap(torch.diag(found._t, k), found._dtype)


def diagflat(v, k=0):
    return diag(ravel(v), k)


def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    from numpy._reduce import sum

    return sum(diagonal(a, offset, axis1, axis2), -1, dtype, out)


# Broadcasting


def broadcast_to(array, shape, subok=False):
    found = asarray(array)
    sizes = as_shape(shape)
    try:
        made = view_of(found._t.expand(sizes), found)
    except RuntimeError:
        raise ValueError(
            "operands could not be broadcast together with remapped shapes [original->remapped]: "
            f"{str(found.shape).replace(' ', '')}  and requested shape {str(sizes).replace(' ', '')}"
        ) from None
    made._readonly = True
    return made


def broadcast_shapes(*args):
    return tuple(check_broadcast(*[as_shape(s) for s in args]))


def broadcast_arrays(*args, subok=False):
    found = [asarray(a) for a in args]
    shape = check_broadcast(*[a._t.shape for a in found])
    return tuple([view_of(a._t.expand(shape), a) for a in found])


def indices(dimensions, dtype=int, sparse=False):
    from numpy._create import arange, meshgrid

    found = meshgrid(*[arange(n, dtype=dtype) for n in dimensions], indexing="ij", sparse=sparse)
    return found if sparse else stack(found)


def ix_(*args):
    found = [asarray(a) for a in args]
    found = [a.nonzero()[0] if a._dtype.kind == "b" else a for a in found]
    return tuple([a.reshape((1,) * i + (-1,) + (1,) * (len(found) - 1 - i)) for i, a in enumerate(found)])


# Padding


def _pairs(value, ndim):
    """((before, after), ...) for each axis."""
    if isinstance(value, dict):
        pairs = [(0, 0)] * ndim
        for axis, width in value.items():
            pairs[axis] = tuple(asarray(width).reshape(-1).tolist()) * (1 if hasattr(width, "__len__") else 2)
        return pairs
    given = asarray(value)
    if given.ndim == 1 and given.size == 1:
        given = given.reshape(())
    if given.ndim == 2 and given.shape[1] == 1:
        given = broadcast_to(given, (given.shape[0], 2))
    return [tuple(pair) for pair in broadcast_to(given, (ndim, 2)).tolist()]


def pad(array, pad_width, mode="constant", **kwargs):
    found = asarray(array)
    widths = _pairs(pad_width, found.ndim)
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError("index can't contain negative values")
    if mode == "constant":
        values = _pairs(kwargs.get("constant_values", 0), found.ndim)
    elif mode not in ("edge", "reflect", "symmetric", "wrap", "empty"):
        raise NotImplementedError(f"numpy.pad with mode={mode!r} is not available in Layerwise's numpy")
    t = found._t
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        if mode in ("constant", "empty"):
            parts = []
            for count, value in ((before, values[axis][0] if mode == "constant" else 0), (after, values[axis][1] if mode == "constant" else 0)):
                shape = list(t.shape)
                shape[axis] = count
                parts.append(torch.full(shape, value, dtype=t.dtype))
            t = torch.cat([parts[0], t, parts[1]], axis)
            continue
        n = t.shape[axis]
        if not n:
            raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
        t = t.index_select(axis, torch.tensor([_folded(i, n, mode) for i in range(-before, n + after)], dtype=torch.int64))
    return wrap(t.clone() if t is found._t else t, found._dtype)


def _folded(i, n, mode):
    """Where position i outside of 0..n-1 reads from."""
    if mode == "edge":
        return builtins.min(builtins.max(i, 0), n - 1)
    if mode == "wrap":
        return i % n
    if mode == "symmetric":
        i %= 2 * n
        return i if i < n else 2 * n - 1 - i
    if n == 1:
        return 0
    i %= 2 * (n - 1)
    return i if i < n else 2 * (n - 1) - i


def methods():
    for name in ("ravel", "swapaxes", "squeeze", "repeat", "diagonal", "trace"):
        setattr(ndarray, name, globals()[name])
    ndarray.reshape = _reshape_method
    ndarray.flatten = _flatten_method
    ndarray.transpose = _transpose_method


methods()
