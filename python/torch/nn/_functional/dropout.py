"""The dropout family: per element, per channel, and the self-normalizing alpha kinds, on PyTorch's random stream."""

import math
import warnings

import torch

from . import raw

# Klambauer et al. 2017 (SELU): the negative saturation value, scale * alpha.
_ALPHA = 1.7580993408473766


def _check_probability(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    if p < 0.0 or p > 1.0:
        _check_probability(p)
    if inplace:
        return input.copy_(raw.dropout(input, p, True)) if training else input
    return raw.dropout(input, p, training)


def _channel_shape(input):
    if input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return list(input.shape[:2]) + [1] * (input.dim() - 2)


def _kept(input, shape, p):
    """Ones where a value is kept, zeros where it is dropped."""
    return torch.empty(shape, dtype=input.dtype, device=input.device).bernoulli_(1 - p)


def _feature_dropout(input, p, training, inplace):
    if p == 0 or not training or input.numel() == 0:
        return input
    shape = _channel_shape(input)
    if p == 1:
        scale = torch.zeros(shape, dtype=input.dtype, device=input.device)
    else:
        scale = _kept(input, shape, p).div_(1 - p)
    return input.mul_(scale) if inplace else input * scale


def dropout1d(input, p=0.5, training=True, inplace=False):
    _check_probability(p)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. "
            "Note that dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, a channel "
            "dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    if input.dim() == 3:
        return _feature_dropout(input, p, training, inplace)
    dropped = _feature_dropout(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace)
    return dropped.squeeze_(0) if inplace else dropped.squeeze(0)


def dropout2d(input, p=0.5, training=True, inplace=False):
    _check_probability(p)
    if input.dim() not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.dim()}-D input to dropout2d, which is deprecated and will result in an "
            "error in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            "Note that dropout2d exists to provide channel-wise dropout on inputs with 2 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 3D or 4D inputs).",
            stacklevel=2,
        )
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is "
            "desired - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change "
            "in a future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To "
            "maintain the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _feature_dropout(input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    _check_probability(p)
    if input.dim() not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.dim()}-D input to dropout3d, which is deprecated and will result in an "
            "error in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            "Note that dropout3d exists to provide channel-wise dropout on inputs with 3 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 4D or 5D inputs).",
            stacklevel=2,
        )
    if input.dim() == 5:
        return _feature_dropout(input, p, training, inplace)
    dropped = _feature_dropout(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace)
    return dropped.squeeze_(0) if inplace else dropped.squeeze(0)


def _alpha_dropout(input, shape, p, training, inplace):
    """Dropped values become the saturation value; a and b then restore zero mean and unit variance."""
    if p == 0 or not training or input.numel() == 0:
        return input
    if p == 1:
        zeros = torch.zeros(shape, dtype=input.dtype, device=input.device)
        return input.mul_(zeros) if inplace else input * zeros
    kept = _kept(input, shape, p)
    a = 1.0 / math.sqrt((_ALPHA * _ALPHA * p + 1) * (1 - p))
    b = kept.add(-1).mul_(_ALPHA * a).add_(_ALPHA * a * p)
    scale = kept.mul_(a)
    return input.mul_(scale).add_(b) if inplace else input * scale + b


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    _check_probability(p)
    return _alpha_dropout(input, input.shape, p, training, inplace)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    _check_probability(p)
    if p == 0 or not training:
        return input
    return _alpha_dropout(input, _channel_shape(input), p, training, inplace)
