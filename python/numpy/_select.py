"""Choosing, searching, sorting, sets and counting."""

import builtins
import math
import operator

import torch

from numpy import _dtype
from numpy._array import as_shape, cast, finish, ndarray, wrap
from numpy._create import asarray
from numpy._dtype import dtype
from numpy._reduce import axes_of
from numpy._ufunc import _meet, _operand, _tensor, table


def where(condition, x=None, y=None, /):
    mask = asarray(condition)
    if x is None and y is None:
        return nonzero(mask)
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    operands = [_operand(x), _operand(y)]
    kind = _meet(operands)
    a, b = [_tensor(value, source, kind) for value, source, _ in operands]
    from numpy._ufunc import check_broadcast

    check_broadcast(mask._t.shape, a.shape, b.shape)
    return wrap(torch.where(_as_mask(mask), a, b), kind)


def _as_mask(found):
    return found._t if found._dtype.kind == "b" else found._t != 0


def select(condlist, choicelist, default=0):
    result = asarray(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = where(condition, choice, result if result.ndim else result.item())
    return result


def nonzero(a):
    found = asarray(a)
    if not found.ndim:
        raise ValueError("Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead.")
    return tuple([wrap(t.contiguous()) for t in torch.nonzero(_as_mask(found)).unbind(1)])


def flatnonzero(a):
    return nonzero(asarray(a).reshape(-1))[0]


def argwhere(a):
    return wrap(torch.nonzero(_as_mask(asarray(a))))


def extract(condition, arr):
    return asarray(arr).reshape(-1)[asarray(condition).reshape(-1).astype(bool)]


def compress(condition, a, axis=None, out=None):
    found = asarray(a)
    if axis is None:
        found, axis = found.reshape(-1), 0
    return take(found, flatnonzero(condition), axis)


def clip(a, a_min=None, a_max=None, out=None, *, min=None, max=None, dtype=None):
    low = a_min if a_min is not None else min
    high = a_max if a_max is not None else max
    found = asarray(a) if not hasattr(a, "dtype") else a
    if low is None and high is None:
        return asarray(found).copy() if out is None else out
    if low is not None:
        found = table["maximum"](found, low, **({"out": out} if high is None and out is not None else {}))
    if high is not None:
        found = table["minimum"](found, high, **({"out": out} if out is not None else {}))
    return found


def take(a, indices, axis=None, out=None, mode="raise"):
    found, places = asarray(a), asarray(indices)
    if axis is None:
        found, axis = found.reshape(-1), 0
    axis = axes_of(axis, found.ndim)[0]
    if mode != "raise":
        n = found.shape[axis]
        places = places % n if mode == "wrap" else clip(places, 0, n - 1)
    return found[(slice(None),) * axis + (places if places.ndim else int(places),)]


def take_along_axis(arr, indices, axis=-1):
    found, places = asarray(arr), asarray(indices)
    if axis is None:
        found, axis = found.reshape(-1), 0
    axis = axes_of(axis, found.ndim)[0]
    t = places._t.to(torch.int64)
    t = torch.where(t < 0, t + found.shape[axis], t)
    shape = [n if i == axis else builtins.max(n, m) for i, (n, m) in enumerate(zip(t.shape, found.shape))]
    source = [found.shape[i] if i == axis else n for i, n in enumerate(shape)]
    return wrap(torch.gather(found._t.expand(source), axis, t.expand(shape)), found._dtype)


def put_along_axis(arr, indices, values, axis):
    places = asarray(indices)
    axis = axes_of(axis, arr.ndim)[0]
    t = places._t.to(torch.int64)
    shape = [n if i == axis else m for i, (n, m) in enumerate(zip(t.shape, arr.shape))]
    t = t.expand(shape)
    t = torch.where(t < 0, t + arr.shape[axis], t)
    given = asarray(values, arr._dtype)
    arr._t.scatter_(axis, t, given._t.expand(shape).clone())


def put(a, ind, v, mode="raise"):
    a.flat[asarray(ind).reshape(-1)] = v


def putmask(a, mask, values):
    chosen = asarray(mask).astype(bool)
    given = asarray(values)
    a[chosen] = given[chosen] if given.shape == a.shape else given


def copyto(dst, src, casting="same_kind", where=True):
    source = asarray(src)
    if where is True:
        dst[...] = source
    else:
        t = torch.where(asarray(where)._t, cast(source._t, source._dtype, dst._dtype), dst._t)
        dst._t.copy_(t)


def fill_diagonal(a, val, wrap=False):
    n = builtins.min(a.shape)
    places = torch.arange(n)
    a._t[(places,) * a.ndim] = cast(asarray(val)._t, asarray(val)._dtype, a._dtype)


# Sorting


def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    found = asarray(a)
    if axis is None:
        found, axis = found.reshape(-1), 0
    return wrap(torch.sort(found._t, axes_of(axis, found.ndim)[0], stable=True).values, found._dtype)


def _sort_method(self, axis=-1, kind=None, order=None, *, stable=None):
    self._t.copy_(sort(self, axis)._t)


def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    found = asarray(a)
    if axis is None:
        found, axis = found.reshape(-1), 0
    return wrap(torch.sort(found._t, axes_of(axis, found.ndim)[0], stable=True).indices)


def lexsort(keys, axis=-1):
    keys = [asarray(k) for k in keys]
    order = torch.arange(keys[0].size)
    for key in keys:
        order = order[torch.sort(key._t[order], stable=True).indices]
    return wrap(order)


def partition(a, kth, axis=-1, kind="introselect", order=None):
    # A sorted array is partitioned at every place.
    return sort(a, axis)


def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    return argsort(a, axis)


def searchsorted(a, v, side="left", sorter=None):
    found, wanted = asarray(a), asarray(v)
    if sorter is not None:
        found = found[sorter]
    kind = _dtype.promote(found._dtype, wanted._dtype)
    values = cast(wanted._t, wanted._dtype, kind)
    t = torch.searchsorted(cast(found._t, found._dtype, kind).contiguous(), values.reshape(-1).contiguous(), right=side == "right")
    return finish(t.reshape(values.shape))


def digitize(x, bins, right=False):
    edges = asarray(bins)
    if edges.size > 1 and edges[0] > edges[-1]:
        from numpy._shape import flip

        return table["subtract"](edges.size, searchsorted(flip(edges), x, "left" if not right else "right"))
    return searchsorted(edges, x, "left" if right else "right")


# Sets


def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, sorted=True):
    found = asarray(ar)
    if axis is not None:
        return _unique_rows(found, return_index, return_inverse, return_counts, axes_of(axis, found.ndim)[0])
    flat = found._t.reshape(-1)
    ordered, order = torch.sort(flat.to(torch.uint8) if flat.dtype is torch.bool else flat, stable=True)
    ordered = ordered.to(flat.dtype)
    is_first = torch.ones(len(ordered), dtype=torch.bool)
    if len(ordered) > 1:
        differs = ordered[1:] != ordered[:-1]
        if found._dtype.kind == "f" and equal_nan:
            differs = differs & ~(torch.isnan(ordered[1:]) & torch.isnan(ordered[:-1]))
        is_first[1:] = differs
    out = [wrap(ordered[is_first], found._dtype)]
    starts = torch.nonzero(is_first).reshape(-1)
    if return_index:
        out.append(wrap(order[starts]))
    if return_inverse:
        inverse = torch.empty(len(ordered), dtype=torch.int64)
        inverse[order] = torch.cumsum(is_first.to(torch.int64), 0) - 1
        out.append(wrap(inverse.reshape(found.shape)))
    if return_counts:
        ends = torch.cat([starts[1:], torch.tensor([len(ordered)])]) if len(starts) else starts
        out.append(wrap(ends - starts))
    return out[0] if len(out) == 1 else tuple(out)


def _unique_rows(found, with_index, with_inverse, with_counts, axis):
    t = found._t.movedim(axis, 0)
    rows = [tuple(row) for row in t.reshape(t.shape[0], -1).tolist()]
    places = {}
    for i, row in enumerate(rows):
        places.setdefault(row, []).append(i)
    ordered = builtins.sorted(places)
    firsts = torch.tensor([places[row][0] for row in ordered], dtype=torch.int64)
    out = [wrap(t.index_select(0, firsts).movedim(0, axis), found._dtype)]
    if with_index:
        out.append(wrap(firsts))
    if with_inverse:
        rank = {row: i for i, row in enumerate(ordered)}
        out.append(wrap(torch.tensor([rank[row] for row in rows], dtype=torch.int64)))
    if with_counts:
        out.append(wrap(torch.tensor([len(places[row]) for row in ordered], dtype=torch.int64)))
    return out[0] if len(out) == 1 else tuple(out)


def isin(element, test_elements, assume_unique=False, invert=False, *, kind=None):
    found, tests = asarray(element), asarray(test_elements)
    common = _dtype.promote(found._dtype, tests._dtype)
    values = cast(tests._t.reshape(-1), tests._dtype, common)
    ordered = torch.sort(values).values
    wanted = cast(found._t.reshape(-1), found._dtype, common)
    if not len(ordered):
        result = torch.zeros(found.shape, dtype=torch.bool)
    else:
        places = torch.searchsorted(ordered, wanted.contiguous()).clamp(max=len(ordered) - 1)
        result = (ordered[places] == wanted).reshape(found.shape)
    return finish(~result if invert else result)


def in1d(ar1, ar2, assume_unique=False, invert=False):
    return isin(asarray(ar1).reshape(-1), ar2, invert=invert)


def intersect1d(ar1, ar2, assume_unique=False, return_indices=False):
    if return_indices:
        raise NotImplementedError("numpy.intersect1d with return_indices is not available in Layerwise's numpy")
    first = unique(ar1)
    return first[isin(first, ar2)]


def union1d(ar1, ar2):
    from numpy._shape import concatenate

    return unique(concatenate([asarray(ar1).reshape(-1), asarray(ar2).reshape(-1)]))


def setdiff1d(ar1, ar2, assume_unique=False):
    first = unique(ar1)
    return first[isin(first, ar2, invert=True)]


def setxor1d(ar1, ar2, assume_unique=False):
    return union1d(setdiff1d(ar1, ar2), setdiff1d(ar2, ar1))


# Places and rounding


def unravel_index(indices, shape, order="C"):
    places = asarray(indices)
    out = []
    for n in reversed(as_shape(shape)):
        out.append(finish((places % n)._t if isinstance(places % n, ndarray) else asarray(places % n)._t))
        places = asarray(places // n)
    return tuple(reversed(out))


def ravel_multi_index(multi_index, dims, mode="raise", order="C"):
    total = 0
    for places, n in zip(multi_index, as_shape(dims)):
        total = total * n + asarray(places)
    return total if total.ndim else finish(total._t)


def tril_indices(n, k=0, m=None):
    from numpy._create import tri

    return nonzero(tri(n, m, k, bool))


def triu_indices(n, k=0, m=None):
    from numpy._create import tri

    return nonzero(table["logical_not"](tri(n, m, k - 1, bool)))


def diag_indices(n, ndim=2):
    places = wrap(torch.arange(n))
    return (places,) * ndim


def around(a, decimals=0, out=None):
    found = asarray(a)
    if found._dtype.kind == "c":
        parts = [asarray(around(part, decimals))._t for part in (found.real, found.imag)]
        return finish(torch.complex(*parts), found._dtype)
    if found._dtype.kind in "biu":
        if decimals >= 0:
            return finish(found._t.clone(), found._dtype)
        scale = 10**-decimals
        return finish(asarray(table["rint"](found / scale) * scale, found._dtype)._t, found._dtype)
    if decimals == 0:
        result = torch.round(found._t)
    elif decimals > 0:
        result = torch.round(found._t * 10**decimals) / 10**decimals
    else:
        result = torch.round(found._t / 10**-decimals) * 10**-decimals
    if out is not None:
        out[...] = wrap(result, found._dtype)
        return out
    return finish(result, found._dtype)


round = around


def fix(x, out=None):
    return table["trunc"](asarray(x, None), out=out)


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    found = asarray(x)
    if found._dtype.kind != "f":
        return found
    result = torch.nan_to_num(found._t, nan, posinf, neginf)
    if not copy and isinstance(x, ndarray):
        x._t.copy_(result)
        return x
    return finish(result, found._dtype)


def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    return builtins.bool(asarray(isclose(a, b, rtol, atol, equal_nan)).all())


def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    x, y = asarray(a, "float64"), asarray(b, "float64")
    from numpy._ufunc import check_broadcast

    check_broadcast(x._t.shape, y._t.shape)
    distance = torch.abs(x._t - y._t)
    near = (distance <= atol + rtol * torch.abs(y._t)) & torch.isfinite(y._t)
    near = near | (x._t == y._t)
    if equal_nan:
        near = near | (torch.isnan(x._t) & torch.isnan(y._t))
    return finish(near)


def array_equal(a1, a2, equal_nan=False):
    x, y = asarray(a1), asarray(a2)
    if x.shape != y.shape:
        return False
    same = asarray(table["equal"](x, y))
    if equal_nan and x._dtype.kind == "f" and y._dtype.kind == "f":
        same = same | (table["isnan"](x) & table["isnan"](y))
    return builtins.bool(same.all())


def array_equiv(a1, a2):
    try:
        return builtins.bool(asarray(table["equal"](a1, a2)).all())
    except ValueError:
        return False


def shape(a):
    return asarray(a).shape


def size(a, axis=None):
    found = asarray(a)
    return found.size if axis is None else found.shape[axis]


def ndim(a):
    return asarray(a).ndim


def trapezoid(y, x=None, dx=1.0, axis=-1):
    values = asarray(y)
    axis = axes_of(axis, values.ndim)[0]
    from numpy._counting import diff

    steps = dx if x is None else diff(asarray(x), axis=-1)
    head = (slice(None),) * axis
    return ((values[head + (slice(1, None),)] + values[head + (slice(None, -1),)]) / 2.0 * steps).sum(axis)


def polyval(p, x):
    result = table["multiply"](asarray(x), 0)
    for factor in asarray(p):
        result = result * x + factor
    return result


def polyfit(x, y, deg):
    from numpy import linalg

    powers = asarray(x, "float64")[:, None] ** asarray(builtins.list(range(deg, -1, -1)))
    return linalg.lstsq(powers, asarray(y, "float64"))[0]


def convolve(a, v, mode="full"):
    x, kernel = asarray(a), asarray(v)
    kind = _dtype.promote(x._dtype, kernel._dtype)
    inner = kind if kind.kind == "f" and kind.itemsize > 2 else dtype("float64")
    if x.size < kernel.size:
        x, kernel = kernel, x
    n = kernel.size - 1
    t = torch.nn.functional.conv1d(
        cast(x._t, x._dtype, inner).reshape(1, 1, -1), cast(kernel._t, kernel._dtype, inner).flip(0).reshape(1, 1, -1), padding=n
    ).reshape(-1)
    if mode == "same":
        t = t[n // 2 : n // 2 + x.size]
    elif mode == "valid":
        t = t[n : x.size]
    return wrap(cast(torch.round(t) if kind.kind in "biu" else t, inner, kind), kind)


def cov(m, y=None, rowvar=True, bias=False, ddof=None):
    rows = asarray(m, "float64")
    rows = rows.reshape(1, -1) if rows.ndim == 1 else rows if rowvar else rows.T
    if y is not None:
        from numpy._shape import vstack

        rows = vstack([rows, y])
    n = rows.shape[1] - (ddof if ddof is not None else 0 if bias else 1)
    centred = rows - rows.mean(1, keepdims=True)
    return (centred @ centred.T / n).squeeze()[()]


def corrcoef(x, y=None, rowvar=True):
    found = asarray(cov(x, y, rowvar))
    if not found.ndim:
        return found / found
    spread = table["sqrt"](wrap(torch.diagonal(found._t)))
    return clip(found / spread[:, None] / spread[None, :], -1, 1)


def vectorize(pyfunc, otypes=None, signature=None, **options):
    def apply(*args):
        from numpy._shape import broadcast_arrays

        arrays = broadcast_arrays(*args)
        values = [pyfunc(*items) for items in zip(*[a.reshape(-1) for a in arrays])]
        return asarray(values, otypes[0] if otypes else None).reshape(arrays[0].shape)

    return apply


def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    from numpy._shape import moveaxis, stack

    found = moveaxis(asarray(arr), axis, -1)
    rows = [asarray(func1d(row, *args, **kwargs)) for row in found.reshape(-1, found.shape[-1])]
    result = stack(rows).reshape(found.shape[:-1] + rows[0].shape)
    return moveaxis(result, -1, axis) if rows[0].ndim else result


def piecewise(x, condlist, funclist, *args, **kw):
    found = asarray(x)
    out = found.copy() * 0
    for condition, function in zip(condlist, funclist):
        chosen = asarray(condition)
        out[chosen] = function(found[chosen], *args, **kw) if callable(function) else function
    return out


def hanning(M):
    return _window(M, lambda n: 0.5 - 0.5 * torch.cos(n))


def hamming(M):
    return _window(M, lambda n: 0.54 - 0.46 * torch.cos(n))


def blackman(M):
    return _window(M, lambda n: 0.42 - 0.5 * torch.cos(n) + 0.08 * torch.cos(2 * n))


def _window(M, of_angle):
    if M < 2:
        return wrap(torch.ones(builtins.max(int(M), 0), dtype=torch.float64))
    return wrap(of_angle(torch.arange(M, dtype=torch.float64) * (2 * math.pi / (M - 1))))


def sinc(x):
    found = asarray(x, "float64") * math.pi
    t = asarray(found)._t
    return finish(torch.where(t == 0, torch.ones_like(t), torch.sin(t) / torch.where(t == 0, torch.ones_like(t), t)))


ndarray.sort = _sort_method
ndarray.clip = lambda self, min=None, max=None, out=None, **options: clip(self, min, max, out)
ndarray.round = lambda self, decimals=0, out=None: around(self, decimals, out)
for _name in ("nonzero", "argsort", "take", "compress", "searchsorted", "put"):
    setattr(ndarray, _name, globals()[_name])
from numpy import _reduce

for _name in ("sum", "prod", "mean", "var", "std", "max", "min", "ptp", "any", "all", "argmax", "argmin", "cumsum", "cumprod"):
    setattr(ndarray, _name, getattr(_reduce, _name))
ndarray.conj = ndarray.conjugate = lambda self: table["conjugate"](self)
