"""Reductions that take their dim in more than one way, order statistics, counts: methods of Tensor and torch functions."""

import builtins
import functools
import math

from torch import _dtype
from torch._C import TensorBase, _named_result
from torch._dtype import bool_, float64, int64
from torch._gen import functions as _f


def _reduce_dim(name):
    along = getattr(_f, f"_{name}_dim")
    of_all = getattr(_f, f"_{name}_all")
    of_two = getattr(_f, name + "imum")

    def reduce(input, dim=None, keepdim=False, *, other=None):
        if other is not None:
            return of_two(input, other)
        if dim is None:
            return of_all(input)
        if isinstance(dim, TensorBase):
            return of_two(input, dim)
        return along(input, dim, keepdim)

    reduce.__name__ = name
    return reduce


max = _reduce_dim("max")
min = _reduce_dim("min")


def aminmax(input, *, dim=None, keepdim=False):
    if input.numel() == 0 and dim is None:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    return _minmax(input.amin(() if dim is None else dim, keepdim), input.amax(() if dim is None else dim, keepdim))


_minmax = _named_result("aminmax", ("min", "max"))
_kth = _named_result("kthvalue", ("values", "indices"))
_median = _named_result("median", ("values", "indices"))
_nanmedian = _named_result("nanmedian", ("values", "indices"))
_mode = _named_result("mode", ("values", "indices"))


def prod(input, dim=None, keepdim=False, *, dtype=None):
    return _f._prod(input, dim, keepdim, dtype)


def _variance(input, args, correction, unbiased, keepdim, dim, of=_f._var_mean):
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
    return of(input, dim, builtins.float(correction), keepdim)


def var(input, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return _variance(input, args, correction, unbiased, keepdim, dim)[0]


def std(input, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return _variance(input, args, correction, unbiased, keepdim, dim, _f._std_mean)[0]


def var_mean(input, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return tuple(_variance(input, args, correction, unbiased, keepdim, dim))


def std_mean(input, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return tuple(_variance(input, args, correction, unbiased, keepdim, dim, _f._std_mean))


def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    if dtype is not None:
        input = input.to(dtype)
    if input.dtype.is_complex:
        input = input.abs()
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {input.type()[6:-6]}"
        )
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    if p in ("fro", None, 2):
        return _f._norm2(input, dim, keepdim)
    if p == 1:
        return _f._norm1(input, dim, keepdim)
    if p == "nuc":
        from torch import linalg

        return linalg.matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim)
    axes = () if dim is None else dim
    if p == builtins.float("inf"):
        return input.abs().amax(axes, keepdim)
    if p == -builtins.float("inf"):
        return input.abs().amin(axes, keepdim)
    if p == 0:
        # Counted in steps of the values themselves, so that the result hangs on the tape: its gradient is zero.
        return input.abs().clamp(max=1).ceil().nan_to_num(1.0).sum(dim, keepdim)
    return (input.abs() ** p).sum(dim, keepdim) ** (1.0 / p)


def dist(input, other, p=2):
    return (input - other).norm(p)


def nansum(input, dim=None, keepdim=False, *, dtype=None):
    return input.masked_fill(input.isnan(), 0).sum(dim, keepdim, dtype=dtype)


def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    if not input.dtype.is_floating_point and not input.dtype.is_complex:
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {input.type()[6:-6]}"
        )
    counted = (~input.isnan()).sum(dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / counted


def sort(input, dim=-1, descending=False, stable=False):
    return _f._sort(input, dim, descending, stable)


def argsort(input, dim=-1, descending=False, stable=False):
    return _f._sort(input, dim, descending, stable)[1]


def msort(input):
    return _f._sort(input, 0, False, False)[0]


def kthvalue(input, k, dim=-1, keepdim=False):
    size = input.size(dim) if input.dim() else 1
    if not 1 <= k <= size:
        raise RuntimeError("kthvalue(): selected number k out of range for dimension %d" % (dim % builtins.max(input.dim(), 1)))
    values, indices = _f._sort(input, dim, False, True)
    if input.dim() == 0:
        return _kth(values, indices)
    pick = lambda t: (t.narrow(dim, k - 1, 1) if keepdim else t.select(dim, k - 1)).contiguous()
    return _kth(pick(values), pick(indices))


def _middle(input, dim, keepdim, nan_wins):
    """The median along dim, the lower one of two, and its place. NaN comes last in the order."""
    values, indices = _f._sort(input, dim, False, True)
    n = input.size(dim) if input.dim() else 1
    nans = input.isnan().sum(dim, keepdim=True)
    place = (n - nans - 1).clamp(min=0) // 2
    if nan_wins:
        place = place.where(nans == 0, n - nans)
    pick = lambda t: t.gather(dim, place) if keepdim else t.gather(dim, place).squeeze(dim)
    return pick(values), pick(indices)


def _median_of(input, dim, keepdim, nan_wins, result):
    if input.dtype is bool_:
        raise NotImplementedError("\"median_out_impl\" not implemented for 'Bool'")
    if dim is None:
        if input.numel() == 0:
            # A sum of nothing keeps the tie to the input's gradient.
            if not input.dtype.is_floating_point:
                return input.new_full((), _dtype.iinfo(input.dtype).min)
            return input.sum() + builtins.float("nan")
        return _middle(input.flatten(), 0, False, nan_wins)[0]
    if input.dim() and input.size(dim) == 0:
        raise IndexError(f"median(): Expected reduction dim {dim % input.dim()} to have non-zero size.")
    return result(*_middle(input, dim, keepdim, nan_wins))


def median(input, dim=None, keepdim=False):
    return _median_of(input, dim, keepdim, True, _median)


def nanmedian(input, dim=None, keepdim=False):
    return _median_of(input, dim, keepdim, False, _nanmedian)


def mode(input, dim=-1, keepdim=False):
    """The most frequent value, the smallest of several, and where it last stands."""
    if input.dim() == 0:
        return _mode(input.clone(), input.new_zeros((), dtype=int64))
    if input.size(dim) == 0:
        raise IndexError(f"mode(): Expected reduction dim {dim % input.dim()} to have non-zero size.")
    values = _f._sort(input, dim, False, True)[0]
    counts = (values.unsqueeze(dim) == values.unsqueeze(dim).transpose(dim, dim - 1 if dim < 0 else dim + 1)).sum(dim)
    most = values.gather(dim, counts.argmax(dim, keepdim=True))
    last = input.shape[dim] - 1 - (input == most).flip(dim).to(int64).argmax(dim, keepdim=True)
    found = input.gather(dim, last)
    return _mode(found, last) if keepdim else _mode(found.squeeze(dim), last.squeeze(dim))


def _quantile(input, q, dim, keepdim, interpolation, skip_nan):
    import torch

    if interpolation not in ("linear", "lower", "higher", "nearest", "midpoint"):
        raise RuntimeError(
            f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if input.numel() == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if input.dtype not in (float64, _dtype.float32):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if isinstance(q, TensorBase):
        if q.dim() > 1:
            raise RuntimeError(f"quantile() q must be a scalar or 1D tensor, but got {q.dim()}D")
        if q.dtype is not input.dtype:
            raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
        if not q.is_meta and not bool(((q >= 0) & (q <= 1)).all()):
            raise RuntimeError("quantile() q values must be in the range [0, 1]")
    elif not 0 <= q <= 1:
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    source = input.flatten() if dim is None else input
    along = 0 if dim is None else dim % source.dim()
    ordered = source.sort(along)[0]
    nans = source.isnan().sum(along, keepdim=True)
    last = source.shape[along] - 1 - nans if skip_nan else torch.full_like(nans, source.shape[along] - 1)
    is_list = isinstance(q, TensorBase) and q.dim() > 0
    results = []
    for value in q.unbind() if is_list else [q]:
        position = last.to(input.dtype) * value
        if interpolation == "nearest":
            position = position.round()
        below = position.floor() if interpolation != "higher" else position.ceil()
        above = position.ceil() if interpolation != "lower" else below
        weight = position - below if interpolation != "midpoint" else (above != below).to(input.dtype) * 0.5
        low = ordered.gather(along, below.clamp(min=0).to(int64))
        high = ordered.gather(along, above.clamp(min=0).to(int64))
        found = low.lerp(high, weight.clamp(max=1))
        results.append(found if skip_nan else found.masked_fill(nans > 0, builtins.float("nan")))
    if keepdim:
        results = [r.reshape((1,) * input.dim()) if dim is None else r for r in results]
    else:
        results = [r.squeeze(along) for r in results]
    return torch.stack(results, -1).movedim(-1, 0) if is_list else results[0]


def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    return _quantile(input, q, dim, keepdim, interpolation, False)


def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    return _quantile(input, q, dim, keepdim, interpolation, True)


def bincount(input, weights=None, minlength=0):
    import torch

    if input.dtype.is_floating_point or input.dtype is bool_ or input.dtype.is_complex:
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{input.type()[6:-6]}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.dim() != 1 or input.numel() and input.min().item() < 0:
        if input.numel() or input.dim() != 1:
            raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    if weights is not None and weights.dtype is not _dtype.float32:
        weights = weights.to(float64)
    input = input.to(int64)
    n = builtins.max(minlength, builtins.int(input.max().item()) + 1 if input.numel() else 0)
    ones = torch.ones_like(input) if weights is None else weights
    return torch.zeros(n, dtype=ones.dtype, device=ones.device).scatter_add_(0, input, ones)


def histc(input, bins=100, min=0, max=0):
    import torch

    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{input.type()[6:-6]}'")
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = (builtins.float(min), builtins.float(max))
    if low == high and input.numel():
        low, high = input.min().item(), input.max().item()
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    if low == high:
        low, high = low - 1, high + 1
    flat = input.flatten()
    inside = (flat >= low) & (flat <= high)
    # In this order, and with a range in the input's precision: values beside an edge fall as PyTorch's do.
    ends = torch.tensor([low, high], dtype=input.dtype)
    width = (ends[1] - ends[0]).item()
    place = ((flat - low) * bins / width).floor().clamp(max=bins - 1)
    # What lies outside counts nothing, somewhere: so no size depends on the values.
    index = torch.where(inside, place, 0.0).to(int64)
    ones = inside.to(input.dtype)
    return torch.zeros(bins, dtype=input.dtype, device=input.device).scatter_add_(0, index, ones)


def renorm(input, p, dim, maxnorm):
    """Slices along dim whose p-norm is larger than maxnorm, scaled down to it."""
    others = tuple(d for d in range(input.dim()) if d != dim % input.dim())
    norms = input.norm(p, others, keepdim=True)
    return input * (maxnorm / (norms + 1e-7)).where(norms > maxnorm, 1.0)


def cov(input, *, correction=1, fweights=None, aweights=None):
    """Covariance of rows; fweights count how often an observation was seen, aweights say how much it matters."""
    if input.dim() > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    rows = input if input.dim() == 2 else input.reshape(1, -1)
    weights = fweights
    if aweights is not None:
        weights = aweights if fweights is None else fweights * aweights
    if weights is None:
        centred = rows - rows.mean(1, keepdim=True)
        product = centred @ centred.mH / builtins.max(rows.shape[1] - correction, 0)
    else:
        total = weights.sum()
        centred = rows - (rows * weights).sum(1, keepdim=True) / total
        lost = correction if aweights is None else correction * (weights * aweights).sum() / total
        product = (centred * weights) @ centred.mH / (total - lost)
    return product if input.dim() == 2 else product.squeeze()


def corrcoef(input):
    covariance = cov(input)
    if covariance.dim() == 0:
        return covariance / covariance
    deviation = covariance.diagonal().sqrt()
    scaled = covariance / deviation.unsqueeze(0) / deviation.unsqueeze(1)
    if scaled.dtype.is_complex:
        return _f.complex(scaled.real.clamp(-1, 1), scaled.imag.clamp(-1, 1))
    return scaled.clamp(-1, 1)


def diff(input, n=1, dim=-1, prepend=None, append=None):
    if input.dim() == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    parts = [t for t in (prepend, input, append) if t is not None]
    result = _f.cat(parts, dim) if len(parts) > 1 else input
    for _ in range(n):
        size = result.size(dim)
        if size == 0:
            break
        later, earlier = result.narrow(dim, 1, size - 1), result.narrow(dim, 0, size - 1)
        result = later ^ earlier if result.dtype is bool_ else later - earlier
    return result


def _with_numpy_words(function):
    """NumPy's names for dim and keepdim, as PyTorch takes them."""

    @functools.wraps(function)
    def call(*args, axis=None, keepdims=None, **options):
        if axis is not None:
            options["dim"] = axis
        if keepdims is not None:
            options["keepdim"] = keepdims
        return function(*args, **options)

    return call


for _function in (max, min, prod, var, std, var_mean, std_mean, norm, nansum, nanmean, median, sort, argsort, quantile):
    globals()[_function.__name__] = _with_numpy_words(_function)
