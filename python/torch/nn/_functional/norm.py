"""Checks and compositions around the generated normalizations: batch, instance, local response, and p-norm."""

import torch

from . import raw
from .base import _in_format_of


def _verify_batch_size(size):
    values_per_channel = size[0]
    for length in size[2:]:
        values_per_channel *= length
    if values_per_channel == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def _verify_spatial_size(size):
    n_spatial = 1
    for length in size[2:]:
        n_spatial *= length
    if n_spatial == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05
):
    if training:
        _verify_batch_size(input.size())
    return raw.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input, running_mean=None, running_var=None, weight=None, bias=None,
    use_input_stats=True, momentum=0.1, eps=1e-05,
):
    """Batch norm of every sample on its own: samples are folded into channels, running statistics are averaged back."""
    if use_input_stats:
        _verify_spatial_size(input.size())
    n, c = input.shape[:2]
    folded = input.contiguous().view(1, n * c, *input.shape[2:])

    def repeated(tensor):
        return None if tensor is None else tensor.repeat(n)

    mean, var = repeated(running_mean), repeated(running_var)
    result = raw.batch_norm(
        folded, mean, var, repeated(weight), repeated(bias), use_input_stats, momentum, eps
    )
    if use_input_stats and running_mean is not None:
        with torch.no_grad():
            running_mean.copy_(mean.view(n, c).mean(0))
            running_var.copy_(var.view(n, c).mean(0))
    return result.view(input.shape)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05):
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    _verify_batch_size([input.size(0) * input.size(1) // num_groups, num_groups, *input.size()[2:]])
    return _in_format_of(input, raw.group_norm(input, num_groups, weight, bias, eps))


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    if input.dim() < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.dim()} dimensions)")
    if input.numel() == 0:
        return input
    n, c = input.shape[:2]
    squares = input.mul(input).reshape(n, 1, c, -1)
    squares = raw.pad(squares, (0, 0, size // 2, (size - 1) // 2), "constant", 0.0)
    mean = raw.avg_pool2d(squares, (size, 1), 1).reshape(input.shape)
    return input / mean.mul(alpha).add(k).pow(beta)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    length = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return torch.div(input, length) if out is None else torch.div(input, length, out=out)
