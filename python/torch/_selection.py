"""Picking and writing by index or mask, composed of gather, scatter and advanced indexing."""

import builtins

from torch import _dtype
from torch._C import TensorBase, _named_result
from torch._dtype import bool_, float64, int64
from torch._gen import functions as _f


def nonzero(input, *, as_tuple=False):
    found = _f._nonzero(input)
    if as_tuple:
        return found.unbind(1) if input.dim() else (_f._nonzero(input.reshape(1)).flatten(),)
    return found


def argwhere(input):
    return _f._nonzero(input)


def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    import torch

    if dim is not None:
        return _unique_slices(input, dim, return_inverse, return_counts)
    flat, order = input.flatten().sort(stable=True)
    if flat.numel() == 0:
        empty = torch.empty(0, dtype=int64, device=input.device)
        extra = ([empty.view(input.shape)] if return_inverse else []) + ([empty] if return_counts else [])
        return (flat, *extra) if extra else flat
    starts = torch.cat([torch.ones(1, dtype=bool_, device=input.device), flat[1:] != flat[:-1]])
    values = flat[starts]
    if not return_inverse and not return_counts:
        return values
    groups = starts.to(int64).cumsum(0) - 1
    result = [values]
    if return_inverse:
        result.append(torch.empty_like(groups).scatter_(0, order, groups).view(input.shape))
    if return_counts:
        counts = torch.zeros(values.numel(), dtype=int64, device=input.device)
        result.append(counts.scatter_add_(0, groups, torch.ones_like(groups)))
    return tuple(result)


def _unique_slices(input, dim, return_inverse, return_counts):
    """Slices along dim, compared as rows."""
    import torch

    rows = input.movedim(dim, 0).reshape(input.shape[dim], -1).tolist()
    ordered = sorted(range(len(rows)), key=rows.__getitem__)
    firsts, counts, inverse = [], [], [0] * len(rows)
    for i in ordered:
        if not firsts or rows[i] != rows[firsts[-1]]:
            firsts.append(i)
            counts.append(0)
        counts[-1] += 1
        inverse[i] = len(firsts) - 1
    result = [input.index_select(dim, torch.tensor(firsts, dtype=int64, device=input.device))]
    result += [torch.tensor(inverse, dtype=int64, device=input.device)] if return_inverse else []
    result += [torch.tensor(counts, dtype=int64, device=input.device)] if return_counts else []
    return tuple(result) if len(result) > 1 else result[0]


def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    import torch

    if dim is not None:
        return _consecutive_slices(input, dim, return_inverse, return_counts)
    if input.numel() == 0:
        empty = torch.empty(0, dtype=int64, device=input.device)
        result = [input.flatten()] + [empty.view(input.shape)] * return_inverse + [empty] * return_counts
        return tuple(result) if len(result) > 1 else result[0]
    flat = input.flatten()
    first = torch.ones(builtins.min(1, flat.numel()), dtype=bool_, device=input.device)
    starts = torch.cat([first, flat[1:] != flat[:-1]])
    groups = starts.to(int64).cumsum(0) - 1
    result = [flat[starts]]
    result += [groups.view(input.shape)] if return_inverse else []
    result += [groups.bincount()] if return_counts else []
    return tuple(result) if len(result) > 1 else result[0]


def _consecutive_slices(input, dim, return_inverse, return_counts):
    """Slices along dim, each compared with the one before."""
    import torch

    rows = input.movedim(dim, 0).reshape(input.size(dim), -1)
    is_new = torch.ones(rows.size(0), dtype=bool_, device=input.device)
    if rows.size(0) > 1:
        is_new[1:] = (rows[1:] != rows[:-1]).any(1)
    groups = is_new.to(int64).cumsum(0) - 1
    result = [input.index_select(dim, is_new.nonzero().flatten())]
    result += [groups] if return_inverse else []
    result += [groups.bincount()] if return_counts else []
    return tuple(result) if len(result) > 1 else result[0]


def masked_select(input, mask):
    if mask.dtype is not bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    if mask.shape != input.shape:
        import torch

        mask, input = torch.broadcast_tensors(mask, input)
    return input[mask]


def masked_scatter(input, mask, source):
    return _row_major(input).masked_scatter_(mask, source)


def masked_scatter_(input, mask, source):
    import torch

    mask = mask.expand(input.shape)
    n = builtins.int(mask.sum().item())
    if source.dtype is not input.dtype:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes but got "
                           f"{input.type()[6:-6]} and {source.type()[6:-6]}")
    if source.numel() < n:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    input[mask] = source.flatten()[:n]
    return input


def _row_major(input):
    return input.clone(memory_format=_dtype.contiguous_format)


def index_put(input, indices, values, accumulate=False):
    return input.clone().index_put_(indices, values, accumulate)


def index_put_(input, indices, values, accumulate=False):
    from torch import _indexing

    if values.dtype is not input.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.type()[6:-6]} for the destination and "
            f"{values.type()[6:-6]} for the source."
        )
    prepared = []
    for index in indices:
        prepared.extend(index.nonzero(as_tuple=True) if index is not None and index.dtype is bool_ else [index])
    return _indexing.put_(input, _indexing._pad(prepared, input.dim()), values, accumulate)


def index_add_(input, dim, index, source, *, alpha=1):
    return input.copy_(_f.index_add(input, dim, index, source, alpha=alpha))


def index_fill(input, dim, index, value):
    return input.clone().index_fill_(dim, index, value)


def index_fill_(input, dim, index, value):
    if isinstance(value, TensorBase) and value.dim():
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.dim()} dimension(s)."
        )
    input[(slice(None),) * (dim % input.dim()) + (index,)] = value
    return input


def index_copy(input, dim, index, source):
    return _row_major(input).index_copy_(dim, index, source)


def index_copy_(input, dim, index, source):
    if source.dim() and index.numel() != source.size(dim):
        raise IndexError(
            f"index_copy_(): Number of indices ({index.numel()}) should be equal to source.size(dim) ({source.size(dim)})"
        )
    input[(slice(None),) * (dim % input.dim()) + (index,)] = source
    return input


_reductions = {"add": "add", "sum": "add", "multiply": "multiply", "prod": "multiply", "amax": "amax", "amin": "amin"}


def scatter(input, dim, index, src=None, value=None, *, reduce=None):
    source = value if src is None else src
    if reduce is None:
        return _f._scatter(input, dim, index, source)
    if not isinstance(source, TensorBase):
        import torch

        source = torch.full(index.shape, source, dtype=input.dtype, device=input.device)
    if _reductions[reduce] == "add":
        return _f.scatter_add(input, dim, index, source)
    return _f._scatter_reduce(input, dim, index, source, _reductions[reduce])


def scatter_(input, dim, index, src=None, value=None, *, reduce=None):
    return input.copy_(input.scatter(dim, index, src, value, reduce=reduce))


def scatter_add_(input, dim, index, src):
    return input.copy_(_f.scatter_add(input, dim, index, src))


_identities = {"sum": 0, "mean": 0, "prod": 1}


def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"Expected 'reduce' to be one of 'sum', 'prod', 'mean', 'amax', 'amin' but got {reduce}.")
    start = input
    if not include_self:
        if reduce in _identities:
            identity = _identities[reduce]
        elif input.dtype.is_floating_point:
            identity = builtins.float("-inf" if reduce == "amax" else "inf")
        else:
            info = _dtype.iinfo(input.dtype)
            identity = info.min if reduce == "amax" else info.max
        start = _f._scatter(input, dim, index, identity)
    if reduce != "mean":
        return scatter(start, dim, index, src, reduce=reduce)
    total = _f.scatter_add(start, dim, index, src)
    counts = input.new_ones(input.shape) if include_self else _f._scatter(input.new_ones(input.shape), dim, index, 0)
    counts = _f.scatter_add(counts, dim, index, src.new_ones(src.shape)).clamp(min=1)
    return total / counts if input.dtype.is_floating_point else total // counts


def scatter_reduce_(input, dim, index, src, reduce, *, include_self=True):
    return input.copy_(input.clone().scatter_reduce(dim, index, src, reduce, include_self=include_self))


def take(input, index):
    if index.dtype is not int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.type()[6:-6]}")
    flat = input.flatten()
    n = flat.numel()
    if index.numel() and not index.is_meta:
        low, high = builtins.int(index.min()), builtins.int(index.max())
        if low < -n or high >= n:
            bad = low if low < -n else high
            raise IndexError(f"out of range: tried to access index {bad} on a tensor of {n} elements.")
    return flat[index]


def put(input, index, source, accumulate=False):
    return input.clone().put_(index, source, accumulate)


def put_(input, index, source, accumulate=False):
    if not input.is_contiguous():
        raise NotImplementedError("put_ on a tensor that is not contiguous is not supported yet; docs/ops.md lists what is")
    input.view(-1).index_put_((index.flatten(),), source.flatten(), accumulate)
    return input


def take_along_dim(input, indices, dim=None):
    if dim is None:
        return input.flatten().gather(0, indices.flatten())
    import torch

    shape = list(input.shape)
    wanted = list(indices.shape)
    shape[dim] = 1
    wanted[dim] = 1
    common = list(torch.broadcast_shapes(shape, wanted))
    own, other = list(common), list(common)
    own[dim] = input.shape[dim]
    other[dim] = indices.shape[dim]
    return input.expand(own).gather(dim, indices.expand(other))


def select_scatter(input, src, dim, index):
    out = input.clone()
    _write_slice("select", out.select(dim, index), src, out)
    return out


def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    out = input.clone()
    place = out[(slice(None),) * (dim % input.dim()) + (slice(start, end, step),)]
    _write_slice("slice", place, src, out)
    return out


def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    out = input.clone()
    _write_slice("diagonal", out.diagonal(offset, dim1, dim2), src, out)
    return out


def _write_slice(kind, place, src, whole):
    if place.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(place.shape)}"
        )
    place.copy_(src)


def fill_diagonal_(input, fill_value, wrap=False):
    if input.dim() < 2:
        raise RuntimeError("dimensions must larger than 1")
    if input.dim() > 2 and len({*input.shape}) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = builtins.sum(input.stride())
    smallest = builtins.min(input.shape)
    input.as_strided((smallest,), (step,), input.storage_offset()).fill_(fill_value)
    if wrap and input.dim() == 2 and input.shape[0] > input.shape[1] + 1:
        # The diagonal begins again one row below its end.
        rows, columns = input.shape
        first = (columns + 1) * input.stride(0)
        n = -(-(rows * columns - (columns + 1) * columns) // (columns + 1))
        input.as_strided((n,), (step,), input.storage_offset() + first).fill_(fill_value)
    return input
