"""Operators that pick and place elements by their positions."""

import torch
import torch.nn.functional as F

from layerwise.onnx.registry import operator
from layerwise.onnx.values import number, numbers


def positive(index, size):
    """Negative positions count from the end."""
    index = index.to(torch.int64)
    return torch.where(index < 0, index + size, index)


@operator("Gather", raw=(1,))
def gather(node, x, index):
    axis = node.get("axis", 0) % x.dim()
    if not isinstance(index, torch.Tensor):
        # Known positions need no kernel that looks at them.
        if not index.is_list:
            return x.select(axis, index.values[0])
        index = index.tensor(x.device)
    index = positive(index, x.shape[axis])
    if axis == 0 and x.dim() == 2 and x.is_floating_point():
        return F.embedding(index, x)
    picked = x.index_select(axis, index.reshape(-1))
    return picked.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])


@operator("GatherElements")
def gather_elements(node, x, index):
    axis = node.get("axis", 0) % x.dim()
    return torch.gather(x, axis, positive(index, x.shape[axis]))


@operator("GatherND")
def gather_nd(node, x, index):
    batch_dims = node.get("batch_dims", 0)
    depth = index.shape[-1]
    parts = [positive(index[..., d], x.shape[batch_dims + d]) for d in range(depth)]
    rest = parts[0].dim() - batch_dims if parts else 0
    batches = []
    for d in range(batch_dims):
        sizes = [1] * batch_dims + [1] * rest
        sizes[d] = x.shape[d]
        batches.append(torch.arange(x.shape[d], device=x.device).reshape(sizes))
    return x[tuple(batches + parts)]


@operator("Scatter", "ScatterElements")
def scatter_elements(node, x, index, updates):
    axis = node.get("axis", 0) % x.dim()
    index = positive(index, x.shape[axis])
    how = node.choice("reduction", "none", ("none", "add", "mul", "max", "min"))
    if how == "none":
        return x.scatter(axis, index, updates)
    name = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}[how]
    return x.scatter_reduce(axis, index, updates, name, include_self=True)


@operator("ScatterND")
def scatter_nd(node, x, index, updates):
    depth = index.shape[-1]
    how = node.choice("reduction", "none", ("none", "add", "mul", "max", "min"))
    parts = tuple(positive(index[..., d], x.shape[d]) for d in range(depth))
    if how in ("none", "add"):
        return x.index_put(parts, updates, accumulate=how == "add")
    # As rows of one flat tensor: each row's number from its position.
    row = torch.zeros_like(parts[0])
    rows = 1
    for d in range(depth):
        row = row * x.shape[d] + parts[d]
        rows *= x.shape[d]
    flat = x.reshape(rows, -1)
    given = updates.reshape(-1, flat.shape[1])
    places = row.reshape(-1, 1).expand(given.shape)
    name = {"mul": "prod", "max": "amax", "min": "amin"}[how]
    return flat.scatter_reduce(0, places, given, name, include_self=True).reshape(x.shape)


@operator("TensorScatter")
def tensor_scatter(node, past, update, write_indices=None):
    axis = node.get("axis", -2) % past.dim()
    mode = node.choice("mode", "linear", ("linear", "circular"))
    count = update.shape[axis]
    batch = past.shape[0]
    start = write_indices if write_indices is not None else torch.zeros(batch, dtype=torch.int64, device=past.device)
    places = start.reshape(-1, 1) + torch.arange(count, device=past.device)
    if mode == "circular":
        places = torch.remainder(places, past.shape[axis])
    sizes = [1] * past.dim()
    sizes[0], sizes[axis] = batch, count
    return past.scatter(axis, places.reshape(sizes).expand(update.shape), update)


@operator("NonZero")
def non_zero(node, x):
    if x.dim() == 0:
        return torch.zeros(0, int(bool(x.item())), dtype=torch.int64)
    return torch.nonzero(x).transpose(0, 1).contiguous()


@operator("Compress")
def compress(node, x, condition):
    places = torch.nonzero(condition.reshape(-1)).reshape(-1)
    if not node.has("axis"):
        return x.reshape(-1).index_select(0, places)
    return x.index_select(node.get("axis") % x.dim(), places)


@operator("OneHot", raw=(1,))
def one_hot(node, indices, depth, values):
    count = int(number(depth))
    axis = node.get("axis", -1)
    axis = axis + indices.dim() + 1 if axis < 0 else axis
    index = indices.to(torch.int64)
    is_inside = (index >= -count) & (index < count)
    index = torch.where(is_inside, torch.remainder(index, count), torch.full_like(index, -1))
    sizes = [1] * (indices.dim() + 1)
    sizes[axis] = count
    is_on = index.unsqueeze(axis) == torch.arange(count, device=indices.device).reshape(sizes)
    return torch.where(is_on, values[1], values[0])


@operator("ReverseSequence", raw=(1,))
def reverse_sequence(node, x, lengths):
    time, batch = node.get("time_axis", 0), node.get("batch_axis", 1)
    work = x.transpose(0, 1) if time == 0 else x
    steps = torch.arange(work.shape[1], device=x.device).reshape(1, -1)
    count = torch.tensor(numbers(lengths), dtype=torch.int64, device=x.device).reshape(-1, 1)
    places = torch.where(steps < count, count - 1 - steps, steps)
    places = places.reshape(*places.shape, *[1] * (work.dim() - 2)).expand(work.shape)
    found = torch.gather(work, 1, places)
    return found.transpose(0, 1) if time == 0 and batch == 1 else found
