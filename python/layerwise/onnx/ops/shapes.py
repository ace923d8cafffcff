"""Operators that arrange elements and compute no new ones: shapes, joining, cutting, padding, repeating."""

import torch
import torch.nn.functional as F

from layerwise.onnx.file import Initializer
from layerwise.onnx.registry import operator
from layerwise.onnx.values import Known, dtype_of, number, numbers


@operator("Shape", raw=(0,))
def shape(node, x):
    sizes = list(x.shape)
    return Known(sizes[slice(node.get("start", 0), node.get("end"))])


@operator("Size", raw=(0,))
def size(node, x):
    count = 1
    for n in x.shape:
        count *= n
    return Known([count], False)


@operator("Reshape", raw=(1,))
def reshape(node, x, sizes=None):
    wanted = [int(n) for n in (numbers(sizes) if sizes is not None else node.get("shape"))]
    if not node.get("allowzero", 0):
        wanted = [x.shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    return x.reshape(wanted)


@operator("Flatten")
def flatten(node, x):
    axis = node.get("axis", 1)
    axis = axis + x.dim() if axis < 0 else axis
    rows = 1
    for n in x.shape[:axis]:
        rows *= n
    return x.reshape(rows, -1) if x.numel() else x.reshape(rows, _product(x.shape[axis:]))


def _product(sizes):
    count = 1
    for n in sizes:
        count *= n
    return count


def _axes(node, axes):
    if axes is not None:
        return [int(axis) for axis in numbers(axes)]
    return node.get("axes")


@operator("Squeeze", raw=(1,))
def squeeze(node, x, axes=None):
    dims = _axes(node, axes)
    if dims is None:
        return x.squeeze()
    for dim in dims:
        if x.shape[dim] != 1:
            raise ValueError(f"Squeeze: dimension {dim} of {list(x.shape)} is no 1")
    return x.squeeze(tuple(dims)) if dims else x


@operator("Unsqueeze", raw=(1,))
def unsqueeze(node, x, axes=None):
    dims = _axes(node, axes)
    rank = x.dim() + len(dims)
    for dim in sorted(dim % rank for dim in dims):
        x = x.unsqueeze(dim)
    return x


@operator("Transpose")
def transpose(node, x):
    order = node.get("perm") or list(range(x.dim()))[::-1]
    return x.permute(order)


@operator("Concat")
def concat(node, *items):
    return torch.cat(items, dim=node.get("axis", 1))


@operator("Split", raw=(1,))
def split(node, x, sizes=None):
    axis = node.get("axis", 0) % x.dim()
    wanted = [int(n) for n in numbers(sizes)] if sizes is not None else node.get("split")
    if not wanted:
        count = node.get("num_outputs", len(node.outputs))
        each = -(-x.shape[axis] // count)
        wanted = [each] * (x.shape[axis] // each) if each else [0] * count
        wanted += [x.shape[axis] - sum(wanted)] * (count - len(wanted))
    return tuple(torch.split(x, wanted, dim=axis))


@operator("Slice", raw=(1, 2, 3, 4))
def slice_(node, x, starts=None, ends=None, axes=None, steps=None):
    starts = numbers(starts) if starts is not None else node.get("starts")
    ends = numbers(ends) if ends is not None else node.get("ends")
    axes = numbers(axes) if axes is not None else node.get("axes", list(range(len(starts))))
    steps = numbers(steps) if steps is not None else [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps):
        axis = int(axis) % x.dim()
        n = x.shape[axis]
        first, last, by = slice(int(start), int(end), int(step)).indices(n)
        if by > 0:
            x = x[(slice(None),) * axis + (slice(first, max(first, last), by),)]
        else:
            places = torch.tensor(list(range(first, last, by)), dtype=torch.int64, device=x.device)
            x = x.index_select(axis, places)
    return x


@operator("Expand", raw=(1,))
def expand(node, x, sizes):
    wanted = [int(n) for n in numbers(sizes)]
    return x.expand(torch.broadcast_shapes(tuple(x.shape), tuple(wanted)))


@operator("Tile", raw=(1, 2))
def tile(node, x, repeats, axis=None):
    times = [int(n) for n in numbers(repeats)]
    if axis is not None:
        # Version 1: one axis, so many times.
        count = times[0]
        times = [1] * x.dim()
        times[int(number(axis))] = count
    return x.repeat(times)


@operator("ConstantOfShape", raw=(0,))
def constant_of_shape(node, sizes):
    value = node.get("value")
    wanted = [int(n) for n in numbers(sizes)]
    if not isinstance(value, Initializer):
        return torch.zeros(wanted, dtype=torch.float32)
    return torch.full(wanted, value.tensor.item(), dtype=value.tensor.dtype)


@operator("Range", raw=True)
def range_(node, start, limit, step):
    first, last, by = number(start), number(limit), number(step)
    if first == int(first) and by == int(by) and not start.dtype.is_floating_point:
        return torch.arange(int(first), int(last), int(by), dtype=start.dtype)
    count = max(0, int(-(-(last - first) // by)))
    return (torch.arange(count, dtype=torch.float64) * by + first).to(start.dtype)


@operator("EyeLike")
def eye_like(node, x):
    dtype = dtype_of(node.get("dtype"), node) if node.has("dtype") else x.dtype
    rows, columns = x.shape
    k = node.get("k", 0)
    distance = torch.arange(columns, device=x.device) - torch.arange(rows, device=x.device).unsqueeze(1)
    return (distance == k).to(dtype)


@operator("Trilu", raw=(1,))
def trilu(node, x, k=None):
    diagonal = int(number(k)) if k is not None else 0
    is_bool = x.dtype == torch.bool
    work = x.to(torch.uint8) if is_bool else x
    found = torch.triu(work, diagonal) if node.get("upper", 1) else torch.tril(work, diagonal)
    return found.to(torch.bool) if is_bool else found


@operator("DepthToSpace")
def depth_to_space(node, x):
    batch, channels, height, width = x.shape
    block = node.get("blocksize")
    if node.choice("mode", "DCR", ("DCR", "CRD")) == "DCR":
        x = x.reshape(batch, block, block, channels // block**2, height, width).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(batch, channels // block**2, block, block, height, width).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(batch, channels // block**2, height * block, width * block)


@operator("SpaceToDepth")
def space_to_depth(node, x):
    batch, channels, height, width = x.shape
    block = node.get("blocksize")
    x = x.reshape(batch, channels, height // block, block, width // block, block)
    if node.choice("mode", "DCR", ("DCR", "CRD")) == "DCR":
        x = x.permute(0, 3, 5, 1, 2, 4)
    else:
        x = x.permute(0, 1, 3, 5, 2, 4)
    return x.reshape(batch, channels * block**2, height // block, width // block)


@operator("Pad", raw=(1, 2, 3))
def pad(node, x, pads=None, value=None, axes=None):
    amounts = [int(n) for n in (numbers(pads) if pads is not None else node.get("pads") or node.get("paddings"))]
    fill = number(value) if value is not None else node.get("value", 0.0)
    mode = node.choice("mode", "constant", ("constant", "reflect", "edge", "wrap"))
    dims = [int(axis) % x.dim() for axis in numbers(axes)] if axes is not None else list(range(x.dim()))
    before = dict(zip(dims, amounts[: len(dims)]))
    after = dict(zip(dims, amounts[len(dims) :]))
    if mode == "constant":
        flat = []
        for dim in reversed(range(x.dim())):
            flat += [before.get(dim, 0), after.get(dim, 0)]
        return F.pad(x, flat, value=fill if x.is_floating_point() else int(fill))
    for dim in dims:
        x = _padded_along(x, dim, before[dim], after[dim], mode)
    return x


def _padded_along(x, dim, before, after, mode):
    """By picking positions: any amount, any number of dimensions."""
    if before == 0 and after == 0:
        return x
    n = x.shape[dim]
    places = torch.arange(-before, n + after, device=x.device)
    if mode == "edge":
        places = torch.clamp(places, 0, n - 1)
    elif mode == "wrap":
        places = torch.remainder(places, n)
    else:
        period = max(1, 2 * (n - 1))
        places = torch.remainder(places, period)
        places = torch.where(places >= n, period - places, places)
    return x.index_select(dim, places)


@operator("CenterCropPad", raw=(1,))
def center_crop_pad(node, x, sizes):
    wanted = [int(n) for n in numbers(sizes)]
    axes = node.get("axes") or list(range(x.dim()))
    for axis, target in zip(axes, wanted):
        axis %= x.dim()
        n = x.shape[axis]
        if target < n:
            x = x.narrow(axis, (n - target) // 2, target)
        elif target > n:
            left = (target - n) // 2
            flat = [0, 0] * (x.dim() - 1 - axis) + [left, target - n - left]
            x = F.pad(x, flat)
    return x


@operator("Col2Im", raw=(1, 2))
def col2im(node, x, image, block):
    dims = [int(n) for n in numbers(image)]
    kernel = [int(n) for n in numbers(block)]
    rank = len(dims)
    strides = node.get("strides") or [1] * rank
    dilations = node.get("dilations") or [1] * rank
    pads = node.get("pads") or [0] * (2 * rank)
    counts = [
        (dims[d] + pads[d] + pads[rank + d] - dilations[d] * (kernel[d] - 1) - 1) // strides[d] + 1 for d in range(rank)
    ]
    padded = [dims[d] + pads[d] + pads[rank + d] for d in range(rank)]
    batch = x.shape[0]
    channels = x.shape[1] // _product(kernel)
    # Every element is added at the place it was taken from.
    place = torch.zeros([1] * (2 * rank), dtype=torch.int64, device=x.device)
    for d in range(rank):
        inside = torch.arange(kernel[d], device=x.device) * dilations[d]
        start = torch.arange(counts[d], device=x.device) * strides[d]
        shape_inside = [1] * (2 * rank)
        shape_inside[d] = kernel[d]
        shape_start = [1] * (2 * rank)
        shape_start[rank + d] = counts[d]
        place = place * padded[d] + inside.reshape(shape_inside) + start.reshape(shape_start)
    flat = torch.zeros(batch, channels, _product(padded), dtype=x.dtype, device=x.device)
    flat = flat.index_add(2, place.reshape(-1), x.reshape(batch, channels, -1))
    found = flat.reshape(batch, channels, *padded)
    for d in range(rank):
        found = found.narrow(2 + d, pads[d], dims[d])
    return found
