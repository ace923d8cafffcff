"""Operators on numbers that are known already: shapes and what is computed from them stay Python's, so that nothing waits for a
device and nothing is lost on the meta device. Where a tensor is needed after all, each answers None."""

import math

import torch

from layerwise.onnx.registry import on_known
from layerwise.onnx.values import DTYPES, Known, rounded


def _binary(a, b, function, dtype=None):
    """Two lists of one length, or one of them a single number."""
    count = max(len(a.values), len(b.values))
    if len(a.values) not in (1, count) or len(b.values) not in (1, count):
        return None
    first = a.values * count if len(a.values) == 1 else a.values
    second = b.values * count if len(b.values) == 1 else b.values
    kind = dtype or a.dtype
    values = [function(x, y) for x, y in zip(first, second)]
    return Known([rounded(value, kind) for value in values], a.is_list or b.is_list, kind)


def _arithmetic(name, function):
    def compute(node, a, b):
        return _binary(a, b, function) if a.dtype == b.dtype and a.dtype != torch.bool else None

    on_known(name)(compute)


_arithmetic("Add", lambda x, y: x + y)
_arithmetic("Sub", lambda x, y: x - y)
_arithmetic("Mul", lambda x, y: x * y)


@on_known("Div")
def div(node, a, b):
    if 0 in b.values:
        return None
    if a.dtype.is_floating_point:
        return _binary(a, b, lambda x, y: x / y)
    return _binary(a, b, lambda x, y: abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1))


@on_known("Mod")
def mod(node, a, b):
    if 0 in b.values or a.dtype.is_floating_point or node.get("fmod", 0):
        return None
    return _binary(a, b, lambda x, y: x % y)


@on_known("Max")
def maximum(node, *items):
    return items[0] if len(items) == 1 else _binary(items[0], items[1], max) if len(items) == 2 else None


@on_known("Min")
def minimum(node, *items):
    return items[0] if len(items) == 1 else _binary(items[0], items[1], min) if len(items) == 2 else None


def _comparison(name, function):
    on_known(name)(lambda node, a, b: _binary(a, b, function, torch.bool))


_comparison("Equal", lambda x, y: x == y)
_comparison("Less", lambda x, y: x < y)
_comparison("LessOrEqual", lambda x, y: x <= y)
_comparison("Greater", lambda x, y: x > y)
_comparison("GreaterOrEqual", lambda x, y: x >= y)
_comparison("And", lambda x, y: bool(x and y))
_comparison("Or", lambda x, y: bool(x or y))


@on_known("Not")
def not_(node, x):
    return Known([not value for value in x.values], x.is_list, torch.bool)


@on_known("Neg")
def neg(node, x):
    return Known([-value for value in x.values], x.is_list, x.dtype)


@on_known("Floor")
def floor(node, x):
    return Known([float(math.floor(value)) for value in x.values], x.is_list, x.dtype)


@on_known("Ceil")
def ceil(node, x):
    return Known([float(math.ceil(value)) for value in x.values], x.is_list, x.dtype)


@on_known("Where")
def where(node, condition, a, b):
    count = max(len(condition.values), len(a.values), len(b.values))
    lists = [item.values * count if len(item.values) == 1 else item.values for item in (condition, a, b)]
    if any(len(values) != count for values in lists):
        return None
    values = [x if is_first else y for is_first, x, y in zip(*lists)]
    return Known(values, condition.is_list or a.is_list or b.is_list, a.dtype)


@on_known("Cast")
def cast(node, x):
    dtype = DTYPES.get(node.get("to"))
    if dtype not in (torch.int64, torch.int32, torch.float32, torch.bool):
        return None
    if any(isinstance(value, float) and not math.isfinite(value) for value in x.values):
        return None
    return x.cast(dtype)


@on_known("Gather")
def gather(node, x, index):
    size = len(x.values)
    if not x.is_list or any(not -size <= i < size for i in index.values):
        return None
    return Known([x.values[i] for i in index.values], index.is_list, x.dtype)


@on_known("Concat")
def concat(node, *items):
    if not all(item.is_list and item.dtype == items[0].dtype for item in items):
        return None
    return Known([value for item in items for value in item.values], True, items[0].dtype)


@on_known("Slice")
def slice_(node, x, starts=None, ends=None, axes=None, steps=None):
    if starts is None or not x.is_list or len(starts.values) != 1:
        return None
    if axes is not None and axes.values[0] not in (0, -1):
        return None
    step = steps.values[0] if steps is not None else 1
    first, last = starts.values[0], ends.values[0]
    size = len(x.values)
    if step == 0:
        return None
    if step < 0:
        first = min(max(first + size if first < 0 else first, 0), size - 1)
        last = max(last + size if last < 0 else min(last, size), -1)
        return Known([x.values[i] for i in range(first, last, step)], True, x.dtype)
    return Known(x.values[first:last:step], True, x.dtype)


@on_known("Unsqueeze")
def unsqueeze(node, x, axes=None):
    return Known(x.values, True, x.dtype) if not x.is_list else None


@on_known("Squeeze")
def squeeze(node, x, axes=None):
    return Known(x.values, False, x.dtype) if x.is_list and len(x.values) == 1 else None


@on_known("Reshape")
def reshape(node, x, shape):
    if len(shape.values) == 1 and shape.values[0] in (-1, len(x.values)):
        return Known(x.values, True, x.dtype)
    return Known(x.values, False, x.dtype) if not shape.values and len(x.values) == 1 else None


@on_known("Range")
def range_(node, start, limit, step):
    first, last, by = start.values[0], limit.values[0], step.values[0]
    if start.dtype.is_floating_point or by == 0 or (last - first) // by > 1024:
        return None
    return Known(list(range(first, last, by)), True, start.dtype)


@on_known("ReduceProd")
def reduce_prod(node, x, axes=None):
    return Known([math.prod(x.values)], bool(node.get("keepdims", 1)), x.dtype) if x.is_list else None


@on_known("ReduceSum")
def reduce_sum(node, x, axes=None):
    if not x.is_list or (axes is not None and not axes.values):
        return None
    return Known([sum(x.values)], bool(node.get("keepdims", 1)), x.dtype)


def _extremum(name, function):
    def compute(node, x, axes=None):
        if not x.is_list or not x.values or (axes is not None and not axes.values):
            return None
        return Known([function(x.values)], bool(node.get("keepdims", 1)), x.dtype)

    on_known(name)(compute)


_extremum("ReduceMax", max)
_extremum("ReduceMin", min)


@on_known("Shape")
def shape(node, x):
    sizes = list(x.shape)
    return Known(sizes[slice(node.get("start", 0), node.get("end"))])


@on_known("Size")
def size(node, x):
    return Known([len(x.values)], False)
