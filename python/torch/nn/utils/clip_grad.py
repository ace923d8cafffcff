"""Clipping gradients by their total norm or by value."""

import functools
import warnings

import _direct
import torch

from ..._gen import functions as _f

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _no_grad(function):
    """Run without recording, and keep the name and signature."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        with torch.no_grad():
            return function(*args, **kwargs)

    return wrapper


def _as_list(tensors):
    return [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)


def _norm_of(tensors, norm_type):
    if norm_type == 2.0 and _direct.are_alike(tensors) is True:
        return _f._total_norm(tensors)
    device = tensors[0].device
    norms = [torch.linalg.vector_norm(tensor, norm_type).to(device) for tensor in tensors]
    return torch.linalg.vector_norm(torch.stack(norms), norm_type)


def _total_norm(tensors, norm_type, error_if_nonfinite):
    norm_type = float(norm_type)
    if not tensors:
        return torch.tensor(0.0)
    total = _norm_of(tensors, norm_type)
    if error_if_nonfinite and bool(torch.logical_or(total.isnan(), total.isinf())):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


@_no_grad
def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors as if they were one vector: the norm of their norms."""
    return _total_norm(_as_list(tensors), norm_type, error_if_nonfinite)


def _scale_to_norm(grads, max_norm, total_norm):
    # Multiplying by one costs less than asking whether to: the norm stays where it is.
    scale = torch.clamp(float(max_norm) / (total_norm + 1e-6), max=1.0)
    if _direct.are_alike([scale, *grads]) is True:
        _f._scale_all_(grads, scale)
        return
    for grad in grads:
        grad.mul_(scale.to(grad.device))


def _gradients(parameters):
    return [grad for param in parameters if (grad := param.grad) is not None]


@_no_grad
def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    _scale_to_norm(_gradients(_as_list(parameters)), max_norm, total_norm)


@_no_grad
def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    parameters = _as_list(parameters)
    if not parameters:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
        )
    grads = _gradients(parameters)
    total_norm = _total_norm(grads, norm_type, error_if_nonfinite)
    _scale_to_norm(grads, max_norm, total_norm)
    return total_norm


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    warnings.warn(
        "torch.nn.utils.clip_grad_norm is now deprecated in favor of torch.nn.utils.clip_grad_norm_.",
        FutureWarning, stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@_no_grad
def clip_grad_value_(parameters, clip_value, foreach=None):
    clip_value = float(clip_value)
    for grad in _gradients(_as_list(parameters)):
        grad.clamp_(min=-clip_value, max=clip_value)
