"""What PyTorch also offers as torch.<name>: functions of this folder, some with the other argument order they have there.

The torch package takes all of it with one star import.
"""

import torch

from ..utils._norms import norm_except_dim
from . import activation, loss, norm, pooling, raw, shuffle
from . import dropout as _dropout
from . import embedding as _embedding
from .grid import grid_sample

adaptive_avg_pool1d = pooling.adaptive_avg_pool1d
adaptive_max_pool1d = pooling.adaptive_max_pool1d_with_indices
avg_pool1d = raw.avg_pool1d
bilinear = raw.bilinear
binary_cross_entropy_with_logits = loss.binary_cross_entropy_with_logits
channel_shuffle = native_channel_shuffle = shuffle.channel_shuffle
conv1d = raw.conv1d
conv2d = raw.conv2d
conv3d = raw.conv3d
conv_transpose1d = raw.conv_transpose1d
conv_transpose2d = raw.conv_transpose2d
conv_transpose3d = raw.conv_transpose3d
cosine_similarity = shuffle.cosine_similarity
max_pool1d = raw.max_pool1d
max_pool2d = raw.max_pool2d
max_pool3d = raw.max_pool3d
max_pool1d_with_indices = pooling.max_pool1d_with_indices
pairwise_distance = shuffle.pairwise_distance
pdist = shuffle.pdist
pixel_shuffle = shuffle.pixel_shuffle
pixel_unshuffle = shuffle.pixel_unshuffle
prelu = raw.prelu
rrelu = activation.rrelu
rrelu_ = activation.rrelu_


def dropout(input, p, train):
    return _dropout.dropout(input, p, train)


def dropout_(input, p, train):
    return _dropout.dropout(input, p, train, True)


def feature_dropout(input, p, train):
    return _dropout._feature_dropout(input, p, train, False)


def feature_dropout_(input, p, train):
    return _dropout._feature_dropout(input, p, train, True)


def alpha_dropout(input, p, train):
    return _dropout.alpha_dropout(input, p, train)


def feature_alpha_dropout(input, p, train):
    return _dropout.feature_alpha_dropout(input, p, train)


def embedding(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    padding_idx = None if padding_idx < 0 else padding_idx
    return _embedding.embedding(indices, weight, padding_idx, None, 2.0, scale_grad_by_freq, sparse)


def batch_norm(
    input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=True
):
    return raw.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled=True
):
    return norm.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True):
    return raw.group_norm(input, num_groups, weight, bias, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True):
    return raw.layer_norm(input, normalized_shape, weight, bias, eps)


def constant_pad_nd(input, pad, value=0):
    return raw.pad(input, tuple(pad), "constant", value)


def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
    return grid_sample(input, grid, mode, ("zeros", "border", "reflection")[padding_mode], align_corners)


def conv_tbc(input, weight, bias, pad=0):
    return torch.nn.functional.conv_tbc(input, weight, bias, pad)


__all__ = [
    name for name, value in globals().items()
    if callable(value) and not name.startswith("_") and name != "grid_sample"
]
