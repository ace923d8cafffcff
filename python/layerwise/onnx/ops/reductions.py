"""Operators that make fewer numbers of many: sums, extremes, their places, running sums."""

import torch

from layerwise.onnx.registry import operator
from layerwise.onnx.values import number, numbers


def axes_of(node, axes):
    """Axes as an attribute, in older versions, or as an input; None stands for all."""
    if axes is not None:
        return [int(axis) for axis in numbers(axes)]
    return node.get("axes")


def _reduced(name, function):
    """function(x, dims, keepdim); dims is a list that is not empty."""

    def reduce(node, x, axes=None):
        dims = axes_of(node, axes)
        keepdim = bool(node.get("keepdims", 1))
        if not dims:
            if node.get("noop_with_empty_axes", 0):
                return _of_each(name, x)
            dims = list(range(x.dim()))
        # A single number is its own reduction, but for the functions of it.
        if x.dim() == 0:
            return _of_each(name, x)
        return function(x, dims, keepdim)

    operator(name, raw=(1,))(reduce)


def _of_each(name, x):
    """What a reduction is of one number."""
    if name == "ReduceSumSquare":
        return x * x
    if name in ("ReduceL1", "ReduceL2"):
        return torch.abs(x)
    if name == "ReduceLogSum":
        return torch.log(x)
    return x.clone()


def _sum(x, dims, keepdim):
    return torch.sum(x, dim=dims, keepdim=keepdim, dtype=x.dtype)


def _prod(x, dims, keepdim):
    for dim in sorted((dim % x.dim() for dim in dims), reverse=True):
        x = torch.prod(x, dim=dim, keepdim=keepdim, dtype=x.dtype)
    return x


def _extreme(is_max):
    def reduce(x, dims, keepdim):
        if x.dtype == torch.bool:
            return reduce(x.to(torch.uint8), dims, keepdim).to(torch.bool)
        if any(x.shape[dim] == 0 for dim in dims):
            return _of_nothing(x, dims, keepdim, is_max)
        return torch.amax(x, dim=dims, keepdim=keepdim) if is_max else torch.amin(x, dim=dims, keepdim=keepdim)

    return reduce


def _of_nothing(x, dims, keepdim, is_max):
    """The extreme of no numbers is the other end of the type."""
    shape = _sum(x, dims, keepdim).shape
    if x.is_floating_point():
        worst = float("-inf") if is_max else float("inf")
    else:
        limits = torch.iinfo(x.dtype)
        worst = limits.min if is_max else limits.max
    return torch.full(shape, worst, dtype=x.dtype, device=x.device)


def _mean(x, dims, keepdim):
    if x.is_floating_point():
        return torch.mean(x, dim=dims, keepdim=keepdim)
    count = 1
    for dim in dims:
        count *= x.shape[dim]
    return torch.div(_sum(x, dims, keepdim), count, rounding_mode="trunc")


_reduced("ReduceSum", _sum)
_reduced("ReduceMean", _mean)
_reduced("ReduceProd", _prod)
_reduced("ReduceMax", _extreme(True))
_reduced("ReduceMin", _extreme(False))
_reduced("ReduceL1", lambda x, dims, keepdim: _sum(torch.abs(x), dims, keepdim))
_reduced("ReduceSumSquare", lambda x, dims, keepdim: _sum(x * x, dims, keepdim))
_reduced("ReduceLogSum", lambda x, dims, keepdim: torch.log(_sum(x, dims, keepdim)))


@operator("ReduceL2", raw=(1,))
def reduce_l2(node, x, axes=None):
    dims = axes_of(node, axes)
    if not dims and node.get("noop_with_empty_axes", 0) or x.dim() == 0:
        return torch.abs(x)
    dims = dims or list(range(x.dim()))
    squares = _sum(x * x, dims, bool(node.get("keepdims", 1)))
    return torch.sqrt(squares if x.is_floating_point() else squares.to(torch.float32)).to(x.dtype)


@operator("ReduceLogSumExp", raw=(1,))
def reduce_log_sum_exp(node, x, axes=None):
    dims = axes_of(node, axes)
    if not dims and node.get("noop_with_empty_axes", 0) or x.dim() == 0:
        return x.clone()
    dims = dims or list(range(x.dim()))
    if any(x.shape[dim] == 0 for dim in dims):
        return torch.log(_sum(torch.exp(x), dims, bool(node.get("keepdims", 1))))
    return torch.logsumexp(x, dim=dims, keepdim=bool(node.get("keepdims", 1)))


def _place_of(name, function):
    def find(node, x):
        axis = node.get("axis", 0) % max(1, x.dim())
        keepdim = bool(node.get("keepdims", 1))
        if not node.get("select_last_index", 0):
            return function(x, dim=axis, keepdim=keepdim)
        return x.shape[axis] - 1 - function(torch.flip(x, [axis]), dim=axis, keepdim=keepdim)

    operator(name)(find)


_place_of("ArgMax", torch.argmax)
_place_of("ArgMin", torch.argmin)


def _running(name, function, first):
    def run(node, x, axis):
        dim = int(number(axis))
        is_reversed = node.get("reverse", 0)
        if is_reversed:
            x = torch.flip(x, [dim])
        found = function(x, dim=dim, dtype=x.dtype)
        if node.get("exclusive", 0):
            start = torch.full_like(x.narrow(dim, 0, 1), first)
            found = torch.cat([start, found.narrow(dim, 0, x.shape[dim] - 1)], dim=dim)
        return torch.flip(found, [dim]) if is_reversed else found

    operator(name, raw=(1,))(run)


_running("CumSum", torch.cumsum, 0)
_running("CumProd", torch.cumprod, 1)


@operator("TopK", raw=(1,))
def top_k(node, x, k=None):
    count = int(number(k)) if k is not None else node.get("k")
    axis = node.get("axis", -1) % x.dim()
    is_largest = bool(node.get("largest", 1))
    # Equal numbers keep their order, which a stable sort gives and topk does not promise.
    values, indices = torch.sort(x, dim=axis, descending=is_largest, stable=True)
    return values.narrow(axis, 0, count), indices.narrow(axis, 0, count)


@operator("Unique")
def unique(node, x):
    dim = node.get("axis")
    is_sorted = bool(node.get("sorted", 1))
    work = x.reshape(-1) if dim is None else x
    axis = 0 if dim is None else dim % x.dim()
    values, inverse, counts = torch.unique(work, return_inverse=True, return_counts=True, dim=axis)
    size = work.shape[axis]
    places = torch.arange(size, device=x.device)
    first = torch.full(counts.shape, size, dtype=torch.int64, device=x.device)
    first = first.scatter_reduce(0, inverse, places, "amin")
    if not is_sorted:
        order = torch.argsort(first)
        values, counts, first = values.index_select(axis, order), counts[order], first[order]
        inverse = torch.argsort(order)[inverse]
    return values, first, inverse, counts
