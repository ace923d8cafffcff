"""Counting and differences: histograms, bins, steps between neighbours, interpolation."""

import builtins
import operator

import torch

from numpy._array import cast, finish, wrap
from numpy._create import asarray
from numpy._dtype import dtype
from numpy._reduce import axes_of
from numpy._select import searchsorted, where


def bincount(x, /, weights=None, minlength=0):
    found = asarray(x)
    if found.size and found.min() < 0:
        raise ValueError("'list' argument must have no negative elements")
    n = builtins.max(int(found.max()) + 1 if found.size else 0, minlength)
    kind = torch.int64 if weights is None else torch.float64
    values = torch.ones(found.size, dtype=kind) if weights is None else asarray(weights, "float64")._t
    return wrap(torch.zeros(n, dtype=kind).index_add_(0, found._t.to(torch.int64), values))


def histogram_bin_edges(a, bins=10, range=None, weights=None):
    from numpy._create import linspace

    found = asarray(a)
    if not hasattr(bins, "__index__"):
        return asarray(bins)
    first, last = (found.min(), found.max()) if range is None and found.size else range or (0.0, 1.0)
    if first == last:
        first, last = first - 0.5, last + 0.5
    return linspace(float(first), float(last), operator.index(bins) + 1)


def histogram(a, bins=10, range=None, density=None, weights=None):
    found = asarray(a).reshape(-1)
    if isinstance(bins, str):
        raise NotImplementedError(f"numpy.histogram with bins={bins!r} is not available in Layerwise's numpy")
    edges = histogram_bin_edges(found, bins, range)
    ordered = edges.astype("float64")
    values = found.astype("float64")
    places = searchsorted(ordered, values, "right") - 1
    places = where(values == ordered[-1], len(edges) - 2, places)
    inside = (values >= ordered[0]) & (values <= ordered[-1])
    given = None if weights is None else asarray(weights).reshape(-1)[inside]
    counts = bincount(places[inside], given, minlength=len(edges) - 1)
    if density:
        widths = diff(ordered)
        return counts / widths / counts.sum(), edges
    return counts, edges


def diff(a, n=1, axis=-1, prepend=None, append=None):
    found = asarray(a)
    axis = axes_of(axis, found.ndim)[0]
    from numpy._shape import broadcast_to, concatenate

    ends = []
    for given in (prepend, append):
        if given is not None:
            one = asarray(given)
            shape = list(found.shape)
            shape[axis] = 1
            given = one if one.ndim else broadcast_to(one, shape)
        ends.append(given)
    found = concatenate([x for x in (ends[0], found, ends[1]) if x is not None], axis)
    for _ in builtins.range(n):
        last = found[(slice(None),) * axis + (slice(1, None),)]
        first = found[(slice(None),) * axis + (slice(None, -1),)]
        found = last != first if found._dtype.kind == "b" else last - first
    return found


def ediff1d(ary):
    return diff(asarray(ary).reshape(-1))


def gradient(f, *varargs, axis=None, edge_order=1):
    found = asarray(f)
    if edge_order != 1 or len(varargs) > 1:
        raise NotImplementedError("numpy.gradient with several spacings or edge_order 2 is not available in Layerwise's numpy")
    step = varargs[0] if varargs else 1.0
    kind = found._dtype if found._dtype.kind == "f" else dtype("float64")
    out = []
    for one in axes_of(axis, found.ndim):
        t = cast(found._t, found._dtype, kind).movedim(one, 0)
        inner = (t[2:] - t[:-2]) / (2 * step)
        edges = (t[1:2] - t[:1]) / step, (t[-1:] - t[-2:-1]) / step
        out.append(wrap(torch.cat([edges[0], inner, edges[1]]).movedim(0, one), kind))
    return out[0] if len(out) == 1 else tuple(out)


def interp(x, xp, fp, left=None, right=None, period=None):
    if period is not None:
        raise NotImplementedError("numpy.interp with period is not available in Layerwise's numpy")
    points, known, values = asarray(x, "float64"), asarray(xp, "float64"), asarray(fp, "float64")
    flat = points._t.reshape(-1)
    places = torch.searchsorted(known._t, flat, right=True).clamp(1, builtins.max(known.size - 1, 1))
    x0, x1 = known._t[places - 1], known._t[places.clamp(max=known.size - 1)]
    y0, y1 = values._t[places - 1], values._t[places.clamp(max=known.size - 1)]
    result = y0 + (y1 - y0) / torch.where(x1 == x0, torch.ones_like(x1), x1 - x0) * (flat - x0)
    low = values._t[0] if left is None else torch.tensor(left, dtype=torch.float64)
    high = values._t[-1] if right is None else torch.tensor(right, dtype=torch.float64)
    result = torch.where(flat < known._t[0], low, torch.where(flat > known._t[-1], high, result))
    result = torch.where(flat == known._t[-1], values._t[-1], result)
    return finish(result.reshape(points.shape))
