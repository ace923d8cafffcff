"""Further functions of torch and methods of Tensor: other names, forms and compositions of what there is. Nothing here has a kernel."""

import math

from torch._C import TensorBase, _named_result

# Losses and layers under their C++ names: reductions are numbers there.

_REDUCTIONS = ("none", "mean", "sum")


def _with_reduction(name, at):
    """torch.<name>, whose argument number `at` is the reduction as 0, 1 or 2."""

    def loss(*args, reduction=1, **kwargs):
        from torch.nn import functional as F

        args = list(args)
        if len(args) > at:
            reduction = args.pop(at)
        word = reduction if isinstance(reduction, str) else _REDUCTIONS[reduction]
        return getattr(F, name)(*args, reduction=word, **kwargs)

    loss.__name__ = name
    return loss


hinge_embedding_loss = _with_reduction("hinge_embedding_loss", 3)


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1):
    from torch.nn import functional as F

    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1):
    from torch.nn import functional as F

    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction=1):
    from torch.nn import functional as F

    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_REDUCTIONS[reduction])


def kl_div(input, target, reduction=1, *, log_target=False):
    from torch.nn import functional as F

    return F.kl_div(input, target, reduction=_REDUCTIONS[reduction], log_target=log_target)


def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    from torch.nn import functional as F

    return F.poisson_nll_loss(input, target, log_input=log_input, full=full, eps=eps, reduction=_REDUCTIONS[reduction])


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=1, zero_infinity=False):
    from torch.nn import functional as F

    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _REDUCTIONS[reduction], zero_infinity)


def affine_grid_generator(theta, size, align_corners):
    from torch.nn import functional as F

    return F.affine_grid(theta, list(size), align_corners)


def _grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    import torch

    return torch.grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


grid_sampler_2d = grid_sampler_3d = _grid_sampler


def native_dropout(input, p, train):
    """The result of dropout, and where it kept."""
    import torch

    if train is False or p == 0:
        return input.clone(), torch.ones_like(input, dtype=torch.bool)
    mask = torch.empty_like(input).bernoulli_(1 - p)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    return input * mask * scale, mask.to(torch.bool)


def native_group_norm(input, weight, bias, N, C, HxW, group, eps):
    import torch

    result = torch.nn.functional.group_norm(input, group, weight, bias, eps)
    var, mean = torch.var_mean(input.reshape(N, group, -1), dim=-1, correction=0)
    return result, mean, (var + eps).rsqrt()


def native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps):
    import torch

    result = torch.nn.functional.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        return result, input.new_empty(0), input.new_empty(0)
    dims = [d for d in range(input.dim()) if d != 1]
    var, mean = torch.var_mean(input, dim=dims, correction=0)
    return result, mean, (var + eps).rsqrt()


def _softmax_backward_data(grad_output, output, dim, input_dtype):
    scaled = grad_output * output
    return (scaled - output * scaled.sum(dim, keepdim=True)).to(input_dtype)


def _log_softmax_backward_data(grad_output, output, dim, input_dtype):
    return (grad_output - output.exp() * grad_output.sum(dim, keepdim=True)).to(input_dtype)


def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    from torch.nn import functional as F
    from torch.nn.modules.rnn import _lstm_gates

    return _lstm_gates(F.linear(input, w_ih, b_ih) + F.linear(hx[0], w_hh, b_hh), hx[1])


def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    from torch.nn import functional as F
    from torch.nn.modules.rnn import _gru_gates

    return _gru_gates(F.linear(input, w_ih, b_ih), F.linear(hx, w_hh, b_hh), hx)


def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    from torch.nn import functional as F

    return (F.linear(input, w_ih, b_ih) + F.linear(hx, w_hh, b_hh)).tanh()


def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    from torch.nn import functional as F

    return (F.linear(input, w_ih, b_ih) + F.linear(hx, w_hh, b_hh)).relu()


# Numbers

_frexp_result = _named_result("frexp", ("mantissa", "exponent"))


def frexp(input):
    """mantissa * 2 ** exponent with 0.5 <= |mantissa| < 1."""
    import torch

    if not input.is_floating_point():
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    size = input.detach().abs()
    finite = torch.where((size == 0) | ~input.isfinite(), torch.ones_like(size), size)
    exponent = finite.log2().floor() + 1
    # The logarithm may round to the next power.
    scaled = finite * torch.exp2(-exponent)
    exponent = exponent + (scaled >= 1).to(exponent.dtype) - (scaled < 0.5).to(exponent.dtype)
    regular = (size != 0) & input.isfinite()
    exponent = torch.where(regular, exponent, torch.zeros_like(exponent))
    return _frexp_result(input * torch.exp2(-exponent), exponent.to(torch.int32))


def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Central differences along dims, one-sided at the ends."""
    dims = list(range(input.dim())) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    spacings = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * len(dims)
    if len(spacings) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or a list of length equal to 'self.dim() = "
            f"{input.dim()}', but got a list of length {len(spacings)}"
        )
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    return tuple(_gradient_along(input, d, h, edge_order) for d, h in zip(dims, spacings))


def _gradient_along(input, dim, spacing, edge_order):
    import torch

    n = input.size(dim)
    if n < edge_order + 1:
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    x = input.movedim(dim, -1)
    if isinstance(spacing, TensorBase) and spacing.dim() == 1:
        h = spacing[1:] - spacing[:-1]
    else:
        h = torch.full((n - 1,), float(spacing), dtype=x.dtype if x.is_floating_point() else torch.get_default_dtype())
    slopes = (x[..., 1:] - x[..., :-1]) / h
    if n > 2:
        left, right = h[:-1], h[1:]
        middle = (slopes[..., :-1] * right + slopes[..., 1:] * left) / (left + right)
    else:
        middle = slopes[..., :0]
    if edge_order == 1:
        first, last = slopes[..., :1], slopes[..., -1:]
    else:
        first = slopes[..., :1] + h[0] * (slopes[..., :1] - slopes[..., 1:2]) / (h[0] + h[1])
        last = slopes[..., -1:] + h[-1] * (slopes[..., -1:] - slopes[..., -2:-1]) / (h[-1] + h[-2])
    return torch.cat([first, middle, last], -1).movedim(-1, dim)


_histogram_result = _named_result("histogram", ("hist", "bin_edges"))


def histogram(input, bins, *, range=None, weight=None, density=False):
    import torch

    flat = input.reshape(-1)
    if isinstance(bins, TensorBase):
        edges = bins
    else:
        low, high = (flat.min().item(), flat.max().item()) if range is None and flat.numel() else range or (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = torch.linspace(low, high, bins + 1, dtype=input.dtype)
    n = edges.numel() - 1
    place = torch.searchsorted(edges, flat, right=True) - 1
    place = torch.where(flat == edges[-1], torch.full_like(place, n - 1), place)
    inside = (place >= 0) & (place < n)
    weights = torch.ones_like(flat) if weight is None else weight.reshape(-1)
    hist = torch.zeros(n, dtype=input.dtype).index_add(0, place[inside], weights[inside])
    if density:
        hist = hist / (hist.sum() * (edges[1:] - edges[:-1]))
    return _histogram_result(hist, edges)


def index_reduce(input, dim, index, source, reduce, *, include_self=True):
    """Rows of `input` combined with those rows of `source` whose index they are."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    shape = [1] * source.dim()
    shape[dim] = -1
    return input.scatter_reduce(dim, index.view(shape).expand(source.shape), source, reduce, include_self=include_self)


def segment_reduce(data, reduce, *, lengths=None, indices=None, offsets=None, axis=0, unsafe=False, initial=None):
    """Each run of rows, of the given lengths, reduced to one row."""
    import torch

    if lengths is None:
        if offsets is None:
            raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
        lengths = offsets[1:] - offsets[:-1]
    neutral = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf}[reduce] if initial is None else initial
    rows = []
    for part in data.split(lengths.tolist(), axis):
        if part.size(axis) == 0:
            empty = math.nan if reduce == "mean" and initial is None else neutral
            rows.append(torch.full_like(data.narrow(axis, 0, 1).squeeze(axis), empty))
            continue
        value = {"sum": part.sum, "mean": part.mean, "prod": part.prod, "max": part.amax, "min": part.amin}[reduce](axis)
        if initial is not None and reduce != "mean":
            combine = {"sum": torch.add, "prod": torch.mul, "max": torch.clamp_min, "min": torch.clamp_max}[reduce]
            value = combine(value, initial)
        rows.append(value)
    return torch.stack(rows, axis)


def nonzero_static(input, *, size, fill_value=-1):
    found = input.nonzero()[:size]
    missing = size - found.size(0)
    if missing <= 0:
        return found
    import torch

    return torch.cat([found, torch.full((missing, input.dim()), fill_value, dtype=found.dtype)])


def unsafe_split_with_sizes(input, split_sizes, dim=0):
    return input.split(split_sizes, dim)


def as_strided_scatter(input, src, size, stride, storage_offset=None):
    result = input.clone()
    result.as_strided(size, stride, storage_offset).copy_(src)
    return result


def fill(input, value):
    return input.clone().fill_(value)


def put(input, index, source, accumulate=False):
    return input.put(index, source, accumulate)


# Symbolic numbers are plain numbers here.


def sym_float(a):
    return float(a)


def sym_int(a):
    return math.floor(a) if a >= 0 else math.ceil(a)


def sym_max(a, b):
    return max(a, b)


def sym_min(a, b):
    return min(a, b)


def sym_not(a):
    return not a


def sym_sum(args):
    return sum(args)


def sym_sqrt(a):
    return math.sqrt(a)


def sym_ite(b, t, f):
    return t if b else f


class SymInt:
    """For isinstance: sizes are ints."""


class SymFloat:
    """For isinstance: numbers are floats."""


class SymBool:
    """For isinstance: conditions are bools."""


# Questions and settings


def is_same_size(input, other):
    return input.shape == other.shape


def is_signed(input):
    return input.is_signed()


def is_conj(input):
    return input.is_conj()


def is_neg(input):
    return input.is_neg()


def is_inference(input):
    return input.is_inference()


def is_distributed(input):
    return False


def get_device(input):
    return input.get_device()


def get_device_module(device=None):
    import torch

    kind = "cpu" if device is None and not torch.cuda.is_available() else torch.device(device or "cuda").type
    module = getattr(torch, kind, None)
    if module is None:
        raise RuntimeError(f"Device '{kind}' does not have a corresponding module registered as 'torch.{kind}'.")
    return module


_warns_always = False
_debug_mode = 0


def is_warn_always_enabled():
    return _warns_always


def set_warn_always(b):
    global _warns_always
    _warns_always = bool(b)


def get_deterministic_debug_mode():
    return _debug_mode


def set_deterministic_debug_mode(debug_mode):
    global _debug_mode
    if isinstance(debug_mode, str):
        if debug_mode not in ("default", "warn", "error"):
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = ("default", "warn", "error").index(debug_mode)
    _debug_mode = debug_mode


def is_deterministic_algorithms_warn_only_enabled():
    return False


def compiled_with_cxx11_abi():
    return True


def is_vulkan_available():
    return False


def fork(func, *args, **kwargs):
    from torch import jit

    return jit.fork(func, *args, **kwargs)


def wait(future):
    return future.wait()


def cond(pred, true_fn, false_fn, operands=()):
    from torch import _higher_order_ops

    return _higher_order_ops.cond(pred, true_fn, false_fn, operands)


def while_loop(cond_fn, body_fn, carried_inputs):
    from torch import _higher_order_ops

    return _higher_order_ops.while_loop(cond_fn, body_fn, carried_inputs)
