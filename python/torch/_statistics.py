"""Reductions that take their dim in more than one way, order statistics, counts: methods of Tensor and torch functions."""

import builtins

from torch import _dtype
from torch._C import TensorBase, _named_result
from torch._dtype import bool_, float64, int64
from torch._gen import functions as _f


def _reduce_dim(name):
    along = getattr(_f, f"_{name}_dim")
    of_all = getattr(_f, f"_{name}_all")
    of_two = getattr(_f, name + "imum")

    def reduce(self, dim=None, keepdim=False, *, other=None):
        if other is not None:
            return of_two(self, other)
        if dim is None:
            return of_all(self)
        if isinstance(dim, TensorBase):
            return of_two(self, dim)
        return along(self, dim, keepdim)

    reduce.__name__ = name
    return reduce


max = _reduce_dim("max")
min = _reduce_dim("min")


def aminmax(self, *, dim=None, keepdim=False):
    return _minmax(self.amin(() if dim is None else dim, keepdim), self.amax(() if dim is None else dim, keepdim))


_minmax = _named_result("aminmax", ("min", "max"))
_kth = _named_result("kthvalue", ("values", "indices"))
_median = _named_result("median", ("values", "indices"))
_nanmedian = _named_result("nanmedian", ("values", "indices"))
_mode = _named_result("mode", ("values", "indices"))


def prod(self, dim=None, keepdim=False, *, dtype=None):
    return _f._prod(self, dim, keepdim, dtype)


def _variance(self, args, correction, unbiased, keepdim, dim, of=_f._var_mean):
    # var(dim, unbiased, keepdim) and var(unbiased) are both in use.
    if len(args) == 1 and isinstance(args[0], bool):
        unbiased = args[0]
    elif args:
        dim = args[0]
        if len(args) > 1:
            unbiased = args[1]
        if len(args) > 2:
            keepdim = args[2]
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return of(self, dim, builtins.float(correction), keepdim)


def var(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return _variance(self, args, correction, unbiased, keepdim, dim)[0]


def std(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return _variance(self, args, correction, unbiased, keepdim, dim, _f._std_mean)[0]


def var_mean(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return tuple(_variance(self, args, correction, unbiased, keepdim, dim))


def std_mean(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return tuple(_variance(self, args, correction, unbiased, keepdim, dim, _f._std_mean))


def norm(self, p="fro", dim=None, keepdim=False, dtype=None):
    if dtype is not None:
        self = self.to(dtype)
    if not self.dtype.is_floating_point:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {self.type()[6:-6]}"
        )
    if p in ("fro", None, 2):
        return _f._norm2(self, dim, keepdim)
    if p == 1:
        return _f._norm1(self, dim, keepdim)
    if p == "nuc":
        raise NotImplementedError("the nuclear norm is not supported yet; docs/ops.md lists what is")
    axes = () if dim is None else dim
    if p == builtins.float("inf"):
        return self.abs().amax(axes, keepdim)
    if p == -builtins.float("inf"):
        return self.abs().amin(axes, keepdim)
    if p == 0:
        return (self != 0).to(self.dtype).sum(dim, keepdim)
    return (self.abs() ** p).sum(dim, keepdim) ** (1.0 / p)


def dist(self, other, p=2):
    return (self - other).norm(p)


def nansum(self, dim=None, keepdim=False, *, dtype=None):
    return self.masked_fill(self.isnan(), 0).sum(dim, keepdim, dtype=dtype)


def nanmean(self, dim=None, keepdim=False, *, dtype=None):
    counted = (~self.isnan()).sum(dim, keepdim)
    return nansum(self, dim, keepdim, dtype=dtype) / counted


def sort(self, dim=-1, descending=False, stable=False):
    return _f._sort(self, dim, descending, stable)


def argsort(self, dim=-1, descending=False, stable=False):
    return _f._sort(self, dim, descending, stable)[1]


def msort(self):
    return _f._sort(self, 0, False, False)[0]


def kthvalue(self, k, dim=-1, keepdim=False):
    size = self.shape[dim] if self.dim() else 1
    if not 1 <= k <= size:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension %d" % (dim % builtins.max(self.dim(), 1)))
    values, indices = _f._sort(self, dim, False, True)
    if self.dim() == 0:
        return _kth(values, indices)
    pick = lambda t: t.narrow(dim, k - 1, 1) if keepdim else t.select(dim, k - 1)
    return _kth(pick(values), pick(indices))


def _middle(self, dim, keepdim, nan_wins):
    """The median along dim, the lower one of two, and its place. NaN comes last in the order."""
    values, indices = _f._sort(self, dim, False, True)
    n = self.shape[dim] if self.dim() else 1
    nans = self.isnan().sum(dim, keepdim=True)
    place = (n - nans - 1).clamp(min=0) // 2
    if nan_wins:
        place = place.where(nans == 0, n - nans)
    pick = lambda t: t.gather(dim, place) if keepdim else t.gather(dim, place).squeeze(dim)
    return pick(values), pick(indices)


def _median_of(self, dim, keepdim, nan_wins, result):
    if self.dtype is bool_:
        raise NotImplementedError("\"median_out_impl\" not implemented for 'Bool'")
    if dim is None:
        if self.numel() == 0:
            return self.new_full((), builtins.float("nan"))
        return _middle(self.flatten(), 0, False, nan_wins)[0]
    return result(*_middle(self, dim, keepdim, nan_wins))


def median(self, dim=None, keepdim=False):
    return _median_of(self, dim, keepdim, True, _median)


def nanmedian(self, dim=None, keepdim=False):
    return _median_of(self, dim, keepdim, False, _nanmedian)


def mode(self, dim=-1, keepdim=False):
    """The most frequent value, the smallest of several, and where it last stands."""
    values = _f._sort(self, dim, False, True)[0]
    counts = (values.unsqueeze(dim) == values.unsqueeze(dim).transpose(dim, dim - 1 if dim < 0 else dim + 1)).sum(dim)
    most = values.gather(dim, counts.argmax(dim, keepdim=True))
    last = self.shape[dim] - 1 - (self == most).flip(dim).to(int64).argmax(dim, keepdim=True)
    found = self.gather(dim, last)
    return _mode(found, last) if keepdim else _mode(found.squeeze(dim), last.squeeze(dim))


def _quantile(self, q, dim, keepdim, interpolation, skip_nan):
    import torch

    if interpolation not in ("linear", "lower", "higher", "nearest", "midpoint"):
        raise RuntimeError(
            f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    source = self.flatten() if dim is None else self
    along = 0 if dim is None else dim % source.dim()
    ordered = source.sort(along)[0]
    nans = source.isnan().sum(along, keepdim=True)
    last = source.shape[along] - 1 - nans if skip_nan else torch.full_like(nans, source.shape[along] - 1)
    is_list = isinstance(q, TensorBase) and q.dim() > 0
    results = []
    for value in q.tolist() if is_list else [builtins.float(q)]:
        position = last.to(self.dtype) * value
        if interpolation == "nearest":
            position = position.round()
        below = position.floor() if interpolation != "higher" else position.ceil()
        above = position.ceil() if interpolation != "lower" else below
        weight = position - below if interpolation != "midpoint" else (above != below).to(self.dtype) * 0.5
        low = ordered.gather(along, below.clamp(min=0).to(int64))
        high = ordered.gather(along, above.clamp(min=0).to(int64))
        found = low.lerp(high, weight.clamp(max=1))
        results.append(found if skip_nan else found.masked_fill(nans > 0, builtins.float("nan")))
    if keepdim:
        results = [r.reshape((1,) * self.dim()) if dim is None else r for r in results]
    else:
        results = [r.squeeze(along) for r in results]
    return torch.stack(results) if is_list else results[0]


def quantile(self, q, dim=None, keepdim=False, *, interpolation="linear"):
    return _quantile(self, q, dim, keepdim, interpolation, False)


def nanquantile(self, q, dim=None, keepdim=False, *, interpolation="linear"):
    return _quantile(self, q, dim, keepdim, interpolation, True)


def bincount(self, weights=None, minlength=0):
    import torch

    n = builtins.max(minlength, builtins.int(self.max().item()) + 1 if self.numel() else 0)
    ones = torch.ones_like(self) if weights is None else weights
    return torch.zeros(n, dtype=ones.dtype).scatter_add_(0, self, ones)


def histc(self, bins=100, min=0, max=0):
    import torch

    low, high = (builtins.float(min), builtins.float(max))
    if low == high:
        low, high = self.min().item(), self.max().item()
    flat = self.flatten()
    inside = (flat >= low) & (flat <= high)
    index = ((flat[inside] - low) * (bins / (high - low))).floor().clamp(max=bins - 1).to(int64)
    return torch.zeros(bins, dtype=self.dtype).scatter_add_(0, index, torch.ones(index.shape, dtype=self.dtype))


def renorm(self, p, dim, maxnorm):
    """Slices along dim whose p-norm is larger than maxnorm, scaled down to it."""
    others = tuple(d for d in range(self.dim()) if d != dim % self.dim())
    norms = self.norm(p, others, keepdim=True)
    return self * (maxnorm / (norms + 1e-7)).where(norms > maxnorm, 1.0)


def cov(self, *, correction=1):
    rows = self if self.dim() == 2 else self.reshape(1, -1)
    centred = rows - rows.mean(1, keepdim=True)
    product = centred @ centred.t() / (rows.shape[1] - correction)
    return product if self.dim() == 2 else product.squeeze()


def corrcoef(self):
    covariance = cov(self)
    if covariance.dim() == 0:
        return covariance / covariance
    deviation = covariance.diagonal().sqrt()
    return (covariance / deviation.unsqueeze(0) / deviation.unsqueeze(1)).clamp(-1, 1)


def diff(self, n=1, dim=-1, prepend=None, append=None):
    parts = [t for t in (prepend, self, append) if t is not None]
    result = _f.cat(parts, dim) if len(parts) > 1 else self
    for _ in range(n):
        size = result.shape[dim]
        later, earlier = result.narrow(dim, 1, size - 1), result.narrow(dim, 0, size - 1)
        result = later ^ earlier if result.dtype is bool_ else later - earlier
    return result
