"""Folding along axes: sums, means, extremes, counts, order statistics."""

import builtins
import math

import torch

from numpy import _dtype
from numpy._array import cast, finish, wrap
from numpy._create import asarray
from numpy._dtype import dtype

_MISSING = object()


class AxisError(ValueError, IndexError):
    """An axis that the array does not have."""


def axes_of(axis, ndim):
    """The axes as non-negative numbers; None: all of them."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    out = []
    for one in given:
        one = one.__index__()
        if not -ndim <= one < ndim:
            raise AxisError(f"axis {one} is out of bounds for array of dimension {ndim}")
        out.append(one % ndim)
    if len(builtins.set(out)) != len(out):
        raise ValueError("duplicate value in 'axis'")
    return tuple(out)


def _deliver(t, kind, out):
    if out is None:
        return finish(t, kind)
    out._t.copy_(cast(t, kind, out._dtype))
    return out


def _fold(function):
    """function(t, axes, keepdims) -> t over the axes that were asked for."""

    def fold(t, axis, keepdims):
        axes = axes_of(axis, t.dim())
        if not axes:
            return t.clone()
        return function(t, axes, builtins.bool(keepdims))

    return fold


def _one_by_one(function):
    """For torch functions that fold one dimension at a time."""

    def fold(t, axes, keepdims):
        for axis in sorted(axes, reverse=True):
            t = function(t, axis, keepdims)
        return t

    return _fold(fold)


_sum = _fold(lambda t, axes, keep: torch.sum(t, axes, keepdim=keep))
_prod = _one_by_one(lambda t, axis, keep: torch.prod(t, axis, keepdim=keep))
_amax = _fold(lambda t, axes, keep: torch.amax(t, axes, keepdim=keep))
_amin = _fold(lambda t, axes, keep: torch.amin(t, axes, keepdim=keep))
_all = _one_by_one(lambda t, axis, keep: torch.all(t, axis, keepdim=keep))
_any = _one_by_one(lambda t, axis, keep: torch.any(t, axis, keepdim=keep))


def _sum_type(kind, given):
    if given is not None:
        return _dtype.dtype(given)
    if kind.kind in "bi":
        return dtype("int64")
    return dtype("uint64") if kind.kind == "u" else kind


def _computing(kind):
    """Half precision is added up in single."""
    return dtype("float32") if kind.name == "float16" else kind


def _chosen(a, where, instead):
    """The array with `instead` where it does not count."""
    found = asarray(a)
    if where is True:
        return found
    return wrap(torch.where(asarray(where)._t, found._t, torch.tensor(instead, dtype=found._t.dtype)), found._dtype)


def sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=_MISSING, where=True):
    found = _chosen(a, where, 0)
    kind = _sum_type(found._dtype, dtype)
    inner = _computing(kind)
    t = _sum(cast(found._t, found._dtype, inner), axis, keepdims)
    if initial is not _MISSING:
        t = t + initial
    return _deliver(cast(t, inner, kind), kind, out)


def prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=_MISSING, where=True):
    found = _chosen(a, where, 1)
    kind = _sum_type(found._dtype, dtype)
    t = _prod(cast(found._t, found._dtype, kind), axis, keepdims)
    if initial is not _MISSING:
        t = t * initial
    return _deliver(t, kind, out)


def _extreme(name, fold, combine, of_bool):
    def extreme(a, axis=None, out=None, keepdims=False, initial=_MISSING, where=True):
        found = asarray(a)
        if where is not True:
            if initial is _MISSING:
                raise ValueError(f"reduction operation '{name}' does not have an identity, so to use a where mask one has to "
                                 "specify 'initial'")
            found = _chosen(found, where, initial)
        axes = axes_of(axis, found.ndim)
        if initial is _MISSING and 0 in [found.shape[i] for i in axes]:
            raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
        if found._dtype.kind == "b":
            t = of_bool(found._t, axis, keepdims)
        else:
            t = fold(found._t, axis, keepdims)
        if initial is not _MISSING:
            t = combine(t, torch.tensor(initial, dtype=t.dtype))
        return _deliver(t, found._dtype, out)

    extreme.__name__ = extreme.__qualname__ = name
    return extreme




def any(a, axis=None, out=None, keepdims=False, *, where=True):
    found = _chosen(a, where, 0)
    return _deliver(_any(found._t != 0 if found._dtype.kind != "b" else found._t, axis, keepdims), dtype("bool"), out)


def all(a, axis=None, out=None, keepdims=False, *, where=True):
    found = _chosen(a, where, 1)
    return _deliver(_all(found._t != 0 if found._dtype.kind != "b" else found._t, axis, keepdims), dtype("bool"), out)


max = _extreme("maximum", _amax, torch.maximum, _any)
min = _extreme("minimum", _amin, torch.minimum, _all)
amax, amin = max, min


def _counted(t, axes):
    n = 1
    for axis in axes:
        n *= t.shape[axis]
    return n


def mean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    found = asarray(a)
    kind = _dtype.dtype(dtype) if dtype is not None else (_dtype.dtype("float64") if found._dtype.kind in "bui" else found._dtype)
    inner = _computing(kind)
    t = cast(found._t, found._dtype, inner)
    axes = axes_of(axis, t.dim())
    if where is not True:
        mask = asarray(where)._t.expand(t.shape)
        t = torch.where(mask, t, torch.zeros((), dtype=t.dtype))
        total = _sum(t, axis, keepdims) / _sum(mask.to(inner.carrier), axis, keepdims)
    else:
        n = _counted(t, axes)
        total = _sum(t, axis, keepdims)
        total = total / n if n else total * math.nan
    return _deliver(cast(total, inner, kind), kind, out)


def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    found = asarray(a)
    if axis is not None:
        try:
            axes_of(axis, found.ndim)
        except AxisError as error:
            raise AxisError(f"axis: {error}") from None
    if weights is None:
        result = mean(found, axis, keepdims=keepdims)
        return (result, asarray(result) * 0 + found.size / builtins.max(asarray(result).size, 1)) if returned else result
    w = asarray(weights)
    if w.shape != found.shape:
        axis_number = axes_of(axis, found.ndim)[0]
        w = w.reshape([-1 if i == axis_number else 1 for i in range(found.ndim)])
        w = wrap(w._t.expand(found.shape), w._dtype)
    scale = sum(w, axis, keepdims=keepdims, dtype="float64" if w._dtype.kind in "bui" else None)
    if (asarray(scale) == 0).any():
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    result = sum(found * w, axis, keepdims=keepdims) / scale
    return (result, scale) if returned else result


def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=_MISSING):
    found = asarray(a)
    ddof = ddof if correction is _MISSING else correction
    if where is not True:
        raise NotImplementedError("numpy.var with where= is not available in Layerwise's numpy")
    kind = _dtype.dtype(dtype) if dtype is not None else (_dtype.dtype("float64") if found._dtype.kind in "bui" else found._dtype)
    inner = _computing(kind)
    t = cast(found._t, found._dtype, inner)
    n = _counted(t, axes_of(axis, t.dim()))
    center = _sum(t, axis, True) / n if mean is None else asarray(mean)._t
    distance = t - center
    if inner.kind == "c":
        distance = torch.abs(distance)
        kind = inner = _dtype.of_tensor(distance)
    spread = _sum(distance * distance, axis, keepdims)
    left = builtins.max(n - ddof, 0)
    spread = spread / left if left else spread * math.nan
    return _deliver(cast(spread, inner, kind), kind, out)


def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=_MISSING):
    found = asarray(var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction))
    return _deliver(torch.sqrt(found._t), found._dtype, out)


def ptp(a, axis=None, out=None, keepdims=False):
    found = asarray(a)
    if found._dtype.kind == "b":
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, or the "
                        "logical_xor function instead.")
    return _deliver(_amax(found._t, axis, keepdims) - _amin(found._t, axis, keepdims), found._dtype, out)


def _arg_extreme(function, name):
    def arg(a, axis=None, out=None, *, keepdims=False):
        found = asarray(a)
        if not found.size:
            raise ValueError(f"attempt to get {name} of an empty sequence")
        if axis is not None:
            axis = axes_of(axis, found.ndim)[0]
        t = found._t.to(torch.uint8) if found._dtype.kind == "b" else found._t
        if axis is None:
            result = function(t.reshape(-1), 0)
            result = result.reshape((1,) * found.ndim) if keepdims else result
        else:
            result = function(t, axis, keepdim=keepdims)
        return _deliver(result, dtype("int64"), out)

    arg.__name__ = arg.__qualname__ = name
    return arg


argmax = _arg_extreme(torch.argmax, "argmax")
argmin = _arg_extreme(torch.argmin, "argmin")


def _running(function):
    def running(a, axis=None, dtype=None, out=None):
        found = asarray(a)
        kind = _sum_type(found._dtype, dtype)
        inner = _computing(kind)
        t = cast(found._t, found._dtype, inner)
        t = function(t.reshape(-1), 0) if axis is None else function(t, axes_of(axis, t.dim())[0])
        if out is not None:
            return _deliver(cast(t, inner, kind), kind, out)
        return wrap(cast(t, inner, kind), kind)

    return running


cumsum = _running(torch.cumsum)
cumprod = _running(torch.cumprod)


def count_nonzero(a, axis=None, *, keepdims=False):
    found = asarray(a)
    t = _sum((found._t != 0).to(torch.int64), axis, keepdims)
    return finish(t, dtype("int64"))


# Order statistics


def _quantile(a, q, axis, keepdims, method, scale, ignore_nan=False):
    """Linear (or nearest-kind) interpolation between the sorted elements, as NumPy places them."""
    if method not in ("linear", "lower", "higher", "nearest", "midpoint"):
        raise NotImplementedError(f"numpy.quantile with method={method!r} is not available in Layerwise's numpy")
    found = asarray(a)
    kind = _dtype.dtype("float64") if found._dtype.kind in "bui" and method in ("linear", "midpoint") else found._dtype
    t = cast(found._t, found._dtype, kind)
    axes = axes_of(axis, t.dim())
    rest = [i for i in range(t.dim()) if i not in axes]
    flat = t.permute(*rest, *axes).reshape([t.shape[i] for i in rest] + [-1])
    ordered = torch.sort(flat, -1).values
    fractions = asarray(q, "float64")
    if (fractions < 0).any() or (fractions > scale).any():
        raise ValueError("Percentiles must be in the range [0, 100]" if scale == 100 else "Quantiles must be in the range [0, 1]")
    n = ordered.shape[-1]
    has_nan = torch.isnan(flat) if kind.kind == "f" else torch.zeros_like(flat, dtype=torch.bool)
    results = []
    for fraction in fractions.reshape(-1).tolist():
        if ignore_nan:
            count = n - has_nan.to(torch.int64).sum(-1)
            place = (count - 1).clamp(min=0).to(torch.float64) * (fraction / scale)
        else:
            place = torch.full(ordered.shape[:-1], (n - 1) * (fraction / scale), dtype=torch.float64)
        low = torch.floor(place)
        share = (place - low).to(kind.carrier if kind.kind == "f" else torch.float64)
        if method == "nearest":
            low, share = torch.round(place), torch.zeros_like(share)
        high = torch.ceil(place) if method != "nearest" else low
        below = ordered.gather(-1, low.to(torch.int64).unsqueeze(-1)).squeeze(-1)
        above = ordered.gather(-1, high.to(torch.int64).unsqueeze(-1)).squeeze(-1)
        if method == "lower":
            value = below
        elif method == "higher":
            value = above
        elif method == "midpoint":
            value = (below + above) / 2 if (high != low).any() else below
        else:
            # From the nearer end, so that the ends themselves are exact.
            step = above - below
            value = torch.where(share >= 0.5, above - step * (1 - share), below + step * share)
        if kind.kind == "f":
            is_unknown = has_nan.all(-1) if ignore_nan else has_nan.any(-1)
            value = torch.where(is_unknown, torch.tensor(math.nan, dtype=value.dtype), value)
        if keepdims:
            value = value.reshape([1 if i in axes else t.shape[i] for i in range(t.dim())])
        results.append(value)
    stacked = torch.stack(results).reshape(fractions.shape + tuple(results[0].shape)) if fractions.ndim else results[0]
    return finish(stacked, kind)


def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    return _quantile(a, q, axis, keepdims, method, 1)


def percentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    return _quantile(a, q, axis, keepdims, method, 100)


def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return _quantile(a, 0.5, axis, keepdims, "linear", 1)


def nanquantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    return _quantile(a, q, axis, keepdims, method, 1, True)


def nanpercentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False):
    return _quantile(a, q, axis, keepdims, method, 100, True)


def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return _quantile(a, 0.5, axis, keepdims, "linear", 1, True)


# Without the missing values


def _without(a, instead):
    found = asarray(a)
    if found._dtype.kind not in "fc":
        return found, wrap(torch.ones_like(found._t, dtype=torch.bool), dtype("bool"))
    none = torch.isnan(found._t)
    filled = torch.where(none, torch.tensor(instead, dtype=found._t.dtype), found._t)
    return wrap(filled, found._dtype), wrap(~none, dtype("bool"))


def nansum(a, axis=None, dtype=None, out=None, keepdims=False):
    return sum(_without(a, 0.0)[0], axis, dtype, out, keepdims)


def nanprod(a, axis=None, dtype=None, out=None, keepdims=False):
    return prod(_without(a, 1.0)[0], axis, dtype, out, keepdims)


def nanmean(a, axis=None, dtype=None, out=None, keepdims=False):
    filled, counts = _without(a, 0.0)
    return sum(filled, axis, dtype or ("float64" if filled._dtype.kind in "bui" else None), keepdims=keepdims) / sum(
        counts.astype(filled._dtype if filled._dtype.kind == "f" else "float64"), axis, keepdims=keepdims
    )


def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    filled, counts = _without(a, 0.0)
    counts = counts.astype(filled._dtype if filled._dtype.kind == "f" else "float64")
    center = sum(filled, axis, keepdims=True) / sum(counts, axis, keepdims=True)
    distance = (filled - center) * counts
    return sum(distance * distance, axis, keepdims=keepdims) / (sum(counts, axis, keepdims=keepdims) - ddof)


def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    from numpy import sqrt

    return sqrt(nanvar(a, axis, dtype, out, ddof, keepdims))


def nanmax(a, axis=None, out=None, keepdims=False):
    filled, counts = _without(a, -math.inf)
    result = asarray(max(filled, axis, keepdims=keepdims))
    none = asarray(any(counts, axis, keepdims=keepdims))
    return finish(torch.where(none._t, result._t, torch.tensor(math.nan, dtype=result._t.dtype))
                  if result._dtype.kind == "f" else result._t, result._dtype)


def nanmin(a, axis=None, out=None, keepdims=False):
    filled, counts = _without(a, math.inf)
    result = asarray(min(filled, axis, keepdims=keepdims))
    none = asarray(any(counts, axis, keepdims=keepdims))
    return finish(torch.where(none._t, result._t, torch.tensor(math.nan, dtype=result._t.dtype))
                  if result._dtype.kind == "f" else result._t, result._dtype)


def nanargmax(a, axis=None, out=None, *, keepdims=False):
    return argmax(_without(a, -math.inf)[0], axis, out, keepdims=keepdims)


def nanargmin(a, axis=None, out=None, *, keepdims=False):
    return argmin(_without(a, math.inf)[0], axis, out, keepdims=keepdims)
