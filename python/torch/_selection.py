"""Picking and writing by index or mask, composed of gather, scatter and advanced indexing."""

import builtins

from torch import _dtype
from torch._C import TensorBase, _named_result
from torch._dtype import bool_, float64, int64
from torch._gen import functions as _f


def nonzero(self, *, as_tuple=False):
    found = _f._nonzero(self)
    if as_tuple:
        return found.unbind(1) if self.dim() else (found.flatten(),)
    return found


def argwhere(self):
    return _f._nonzero(self)


def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
    import torch

    if dim is not None:
        return _unique_slices(self, dim, return_inverse, return_counts)
    flat, order = self.flatten().sort(stable=True)
    if flat.numel() == 0:
        empty = torch.empty(0, dtype=int64)
        extra = ([empty.view(self.shape)] if return_inverse else []) + ([empty] if return_counts else [])
        return (flat, *extra) if extra else flat
    starts = torch.cat([torch.ones(1, dtype=bool_), flat[1:] != flat[:-1]])
    values = flat[starts]
    if not return_inverse and not return_counts:
        return values
    groups = starts.to(int64).cumsum(0) - 1
    result = [values]
    if return_inverse:
        result.append(torch.empty_like(groups).scatter_(0, order, groups).view(self.shape))
    if return_counts:
        result.append(torch.zeros(values.numel(), dtype=int64).scatter_add_(0, groups, torch.ones_like(groups)))
    return tuple(result)


def _unique_slices(self, dim, return_inverse, return_counts):
    """Slices along dim, compared as rows."""
    import torch

    rows = self.movedim(dim, 0).reshape(self.shape[dim], -1).tolist()
    ordered = sorted(range(len(rows)), key=rows.__getitem__)
    firsts, counts, inverse = [], [], [0] * len(rows)
    for i in ordered:
        if not firsts or rows[i] != rows[firsts[-1]]:
            firsts.append(i)
            counts.append(0)
        counts[-1] += 1
        inverse[i] = len(firsts) - 1
    result = [self.index_select(dim, torch.tensor(firsts, dtype=int64))]
    result += [torch.tensor(inverse, dtype=int64)] if return_inverse else []
    result += [torch.tensor(counts, dtype=int64)] if return_counts else []
    return tuple(result) if len(result) > 1 else result[0]


def unique_consecutive(self, return_inverse=False, return_counts=False, dim=None):
    import torch

    if dim is not None:
        raise NotImplementedError("unique_consecutive(dim=...) is not supported yet; docs/ops.md lists what is")
    flat = self.flatten()
    starts = torch.cat([torch.ones(builtins.min(1, flat.numel()), dtype=bool_), flat[1:] != flat[:-1]])
    groups = starts.to(int64).cumsum(0) - 1
    result = [flat[starts]]
    result += [groups.view(self.shape)] if return_inverse else []
    result += [groups.bincount()] if return_counts else []
    return tuple(result) if len(result) > 1 else result[0]


def masked_select(self, mask):
    if mask.shape != self.shape:
        import torch

        self, mask = torch.broadcast_tensors(self, mask)
    return self[mask]


def masked_scatter(self, mask, source):
    return self.clone().masked_scatter_(mask, source)


def masked_scatter_(self, mask, source):
    import torch

    mask = mask.expand(self.shape)
    n = builtins.int(mask.sum().item())
    if source.numel() < n:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes and enough source elements")
    self[mask] = source.flatten()[:n]
    return self


def index_put(self, indices, values, accumulate=False):
    return self.clone().index_put_(indices, values, accumulate)


def index_put_(self, indices, values, accumulate=False):
    from torch import _indexing

    prepared = []
    for index in indices:
        prepared.extend(index.nonzero(as_tuple=True) if index is not None and index.dtype is bool_ else [index])
    return _indexing.put_(self, _indexing._pad(prepared, self.dim()), values, accumulate)


def index_add_(self, dim, index, source, *, alpha=1):
    return self.copy_(_f.index_add(self, dim, index, source, alpha=alpha))


def index_fill(self, dim, index, value):
    return self.clone().index_fill_(dim, index, value)


def index_fill_(self, dim, index, value):
    self[(slice(None),) * (dim % self.dim()) + (index,)] = value
    return self


def index_copy(self, dim, index, source):
    return self.clone().index_copy_(dim, index, source)


def index_copy_(self, dim, index, source):
    self[(slice(None),) * (dim % self.dim()) + (index,)] = source
    return self


_reductions = {"add": "add", "sum": "add", "multiply": "multiply", "prod": "multiply", "amax": "amax", "amin": "amin"}


def scatter(self, dim, index, src=None, value=None, *, reduce=None):
    source = value if src is None else src
    if reduce is None:
        return _f._scatter(self, dim, index, source)
    if not isinstance(source, TensorBase):
        import torch

        source = torch.full(index.shape, source, dtype=self.dtype)
    if _reductions[reduce] == "add":
        return _f.scatter_add(self, dim, index, source)
    return _f._scatter_reduce(self, dim, index, source, _reductions[reduce])


def scatter_(self, dim, index, src=None, value=None, *, reduce=None):
    return self.copy_(self.scatter(dim, index, src, value, reduce=reduce))


def scatter_add_(self, dim, index, src):
    return self.copy_(_f.scatter_add(self, dim, index, src))


_identities = {"sum": 0, "mean": 0, "prod": 1}


def scatter_reduce(self, dim, index, src, reduce, *, include_self=True):
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    start = self
    if not include_self:
        if reduce in _identities:
            identity = _identities[reduce]
        elif self.dtype.is_floating_point:
            identity = builtins.float("-inf" if reduce == "amax" else "inf")
        else:
            info = _dtype.iinfo(self.dtype)
            identity = info.min if reduce == "amax" else info.max
        start = _f._scatter(self, dim, index, identity)
    if reduce != "mean":
        return scatter(start, dim, index, src, reduce=reduce)
    total = _f.scatter_add(start, dim, index, src)
    counts = self.new_ones(self.shape) if include_self else _f._scatter(self.new_ones(self.shape), dim, index, 0)
    counts = _f.scatter_add(counts, dim, index, src.new_ones(src.shape)).clamp(min=1)
    return total / counts if self.dtype.is_floating_point else total // counts


def scatter_reduce_(self, dim, index, src, reduce, *, include_self=True):
    return self.copy_(self.scatter_reduce(dim, index, src, reduce, include_self=include_self))


def take(self, index):
    flat = self.flatten()
    n = flat.numel()
    if index.numel() and not index.is_meta:
        low, high = builtins.int(index.min()), builtins.int(index.max())
        if low < -n or high >= n:
            bad = low if low < -n else high
            raise IndexError(f"out of range: tried to access index {bad} on a tensor of {n} elements.")
    return flat[index]


def put(self, index, source, accumulate=False):
    return self.clone().put_(index, source, accumulate)


def put_(self, index, source, accumulate=False):
    if not self.is_contiguous():
        raise NotImplementedError("put_ on a tensor that is not contiguous is not supported yet; docs/ops.md lists what is")
    self.view(-1).index_put_((index.flatten(),), source.flatten(), accumulate)
    return self


def take_along_dim(self, indices, dim=None):
    if dim is None:
        return self.flatten().gather(0, indices.flatten())
    import torch

    shape = list(self.shape)
    wanted = list(indices.shape)
    shape[dim] = 1
    wanted[dim] = 1
    common = list(torch.broadcast_shapes(shape, wanted))
    own, other = list(common), list(common)
    own[dim] = self.shape[dim]
    other[dim] = indices.shape[dim]
    return self.expand(own).gather(dim, indices.expand(other))


def select_scatter(self, src, dim, index):
    out = self.clone()
    out.select(dim, index).copy_(src)
    return out


def slice_scatter(self, src, dim=0, start=None, end=None, step=1):
    out = self.clone()
    out[(slice(None),) * (dim % self.dim()) + (slice(start, end, step),)] = src
    return out


def diagonal_scatter(self, src, offset=0, dim1=0, dim2=1):
    out = self.clone()
    out.diagonal(offset, dim1, dim2).copy_(src)
    return out


def fill_diagonal_(self, fill_value, wrap=False):
    self.diagonal().fill_(fill_value)
    return self
