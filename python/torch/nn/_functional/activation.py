"""Activations with their `inplace` forms, the softmax family, and gumbel_softmax; the formulas are generated ops."""

import warnings

import torch

from . import raw


def relu(input, inplace=False):
    return torch.relu_(input) if inplace else torch.relu(input)


def relu_(input):
    return torch.relu_(input)


def relu6(input, inplace=False):
    return raw.hardtanh_(input, 0.0, 6.0) if inplace else raw.relu6(input)


def elu(input, alpha=1.0, inplace=False):
    return raw.elu_(input, alpha) if inplace else raw.elu(input, alpha)


def elu_(input, alpha=1.0):
    return raw.elu_(input, alpha)


def selu(input, inplace=False):
    return raw.selu_(input) if inplace else raw.selu(input)


def selu_(input):
    return raw.selu_(input)


def celu(input, alpha=1.0, inplace=False):
    return raw.celu_(input, alpha) if inplace else raw.celu(input, alpha)


def celu_(input, alpha=1.0):
    return raw.celu_(input, alpha)


def silu(input, inplace=False):
    return raw.silu_(input) if inplace else raw.silu(input)


def mish(input, inplace=False):
    return raw.mish_(input) if inplace else raw.mish(input)


def hardswish(input, inplace=False):
    return raw.hardswish_(input) if inplace else raw.hardswish(input)


def hardsigmoid(input, inplace=False):
    return raw.hardsigmoid_(input) if inplace else raw.hardsigmoid(input)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return raw.hardtanh_(input, min_val, max_val) if inplace else raw.hardtanh(input, min_val, max_val)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    return hardtanh(input, min_val, max_val, True)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    return raw.leaky_relu_(input, negative_slope) if inplace else raw.leaky_relu(input, negative_slope)


def leaky_relu_(input, negative_slope=0.01):
    return raw.leaky_relu_(input, negative_slope)


def threshold(input, threshold, value, inplace=False):
    return raw.threshold_(input, threshold, value) if inplace else raw.threshold(input, threshold, value)


def threshold_(input, threshold, value):
    return raw.threshold_(input, threshold, value)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """In training each negative element gets its own slope, drawn from [lower, upper); otherwise their mean."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    is_negative = input <= 0
    # Slopes are drawn for the negative elements alone, one after the other, as PyTorch's CPU loop does.
    slopes = torch.ones_like(input)
    n_negative = int(is_negative.sum())
    drawn = torch.empty(n_negative, dtype=torch.float64, device=input.device).uniform_(lower, upper)
    slopes[is_negative] = drawn.to(input.dtype)
    result = input * slopes
    return input.copy_(result) if inplace else result


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    return rrelu(input, lower, upper, training, True)


def glu(input, dim=-1):
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    return raw.glu(input, dim)


def tanhshrink(input):
    return input - input.tanh()


def softsign(input):
    return input / (input.abs() + 1)


def tanh(input):
    return input.tanh()


def sigmoid(input):
    return input.sigmoid()


def _get_softmax_dim(name, ndim, stacklevel):
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    if dim is None:
        dim = _get_softmax_dim("softmax", input.dim(), _stacklevel)
    return torch.softmax(input, dim, dtype=dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    if dim is None:
        dim = _get_softmax_dim("log_softmax", input.dim(), _stacklevel)
    return torch.log_softmax(input, dim, dtype=dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    if dim is None:
        dim = _get_softmax_dim("softmin", input.dim(), _stacklevel)
    return torch.softmax(-input, dim, dtype=dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample from the Gumbel-softmax distribution; `hard` rounds it to one-hot and keeps the soft gradient."""
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -torch.empty_like(logits).exponential_().log()
    soft = torch.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = torch.zeros_like(logits).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
