"""Normalizations, softmax and its relatives."""

import torch
import torch.nn.functional as F

from layerwise.onnx.registry import operator
from layerwise.onnx.values import DTYPES


def _as_rows(x, axis):
    """Before version 13 everything behind an axis was one long row."""
    axis = axis % x.dim() if x.dim() else 0
    rows = 1
    for n in x.shape[:axis]:
        rows *= n
    return x.reshape(rows, -1)


@operator("Softmax")
def softmax(node, x):
    if node.version < 13:
        return torch.softmax(_as_rows(x, node.get("axis", 1)), dim=1).reshape(x.shape)
    return torch.softmax(x, dim=node.get("axis", -1))


@operator("LogSoftmax")
def log_softmax(node, x):
    if node.version < 13:
        return torch.log_softmax(_as_rows(x, node.get("axis", 1)), dim=1).reshape(x.shape)
    return torch.log_softmax(x, dim=node.get("axis", -1))


@operator("Hardmax")
def hardmax(node, x):
    work = _as_rows(x, node.get("axis", 1)) if node.version < 13 else x
    dim = 1 if node.version < 13 else node.get("axis", -1)
    best = torch.argmax(work, dim=dim, keepdim=True)
    return torch.zeros_like(work).scatter(dim, best, 1).reshape(x.shape)


@operator("BatchNormalization")
def batch_norm(node, x, scale, bias, mean, variance):
    epsilon = node.get("epsilon", 1e-5)
    is_training = bool(node.get("training_mode", 0))
    if not is_training:
        return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)
    momentum = node.get("momentum", 0.9)
    dims = [d for d in range(x.dim()) if d != 1]
    own_mean = torch.mean(x, dim=dims)
    own_variance = torch.mean((x - _per_channel(own_mean, x)) ** 2, dim=dims)
    found = (x - _per_channel(own_mean, x)) / torch.sqrt(_per_channel(own_variance, x) + epsilon)
    found = found * _per_channel(scale, x) + _per_channel(bias, x)
    new_mean = mean * momentum + own_mean * (1 - momentum)
    return found, new_mean, variance * momentum + own_variance * (1 - momentum)


def _per_channel(values, x):
    return values.reshape(1, -1, *[1] * (x.dim() - 2))


@operator("InstanceNormalization")
def instance_norm(node, x, scale, bias):
    return F.instance_norm(x, weight=scale, bias=bias, eps=node.get("epsilon", 1e-5))


@operator("GroupNormalization")
def group_norm(node, x, scale, bias):
    groups = node.get("num_groups")
    if node.version < 21:
        # One factor for each group.
        scale = scale.repeat_interleave(x.shape[1] // groups)
        bias = bias.repeat_interleave(x.shape[1] // groups)
    return F.group_norm(x, groups, scale, bias, node.get("epsilon", 1e-5))


@operator("LayerNormalization")
def layer_norm(node, x, scale=None, bias=None):
    axis = node.get("axis", -1) % x.dim()
    epsilon = node.get("epsilon", 1e-5)
    sizes = x.shape[axis:]
    if len(node.outputs) == 1:
        spread = scale.expand(sizes) if scale.shape != sizes else scale
        return F.layer_norm(x, sizes, spread, bias if bias is None else bias.expand(sizes), epsilon)
    stash = DTYPES[node.get("stash_type", 1)]
    wide = x.to(stash)
    dims = list(range(axis, x.dim()))
    mean = torch.mean(wide, dim=dims, keepdim=True)
    away = wide - mean
    inverse = 1 / torch.sqrt(torch.mean(away * away, dim=dims, keepdim=True) + epsilon)
    found = (away * inverse).to(x.dtype) * scale
    return found if bias is None else found + bias, mean, inverse


@operator("RMSNormalization")
def rms_norm(node, x, scale):
    axis = node.get("axis", -1) % x.dim()
    sizes = x.shape[axis:]
    epsilon = node.get("epsilon", 1e-5)
    if scale.shape == sizes:
        return F.rms_norm(x, sizes, scale, epsilon)
    return F.rms_norm(x, sizes, None, epsilon) * scale


@operator("MeanVarianceNormalization")
def mean_variance(node, x):
    axes = node.get("axes") or [0, 2, 3]
    mean = torch.mean(x, dim=axes, keepdim=True)
    square = torch.mean(x * x, dim=axes, keepdim=True)
    return (x - mean) / (torch.sqrt(square - mean * mean) + 1e-9)


@operator("LpNormalization")
def lp_norm(node, x):
    axis, p = node.get("axis", -1), node.get("p", 2)
    length = torch.sum(torch.abs(x), dim=axis, keepdim=True) if p == 1 else torch.sqrt(
        torch.sum(x * x, dim=axis, keepdim=True)
    )
    return torch.where(length == 0, torch.zeros_like(x), x / torch.where(length == 0, torch.ones_like(length), length))


@operator("LRN")
def lrn(node, x):
    size = node.get("size")
    alpha, beta, bias = node.get("alpha", 1e-4), node.get("beta", 0.75), node.get("bias", 1.0)
    squares = F.pad(x * x, [0, 0] * (x.dim() - 2) + [(size - 1) // 2, size - 1 - (size - 1) // 2])
    total = squares.narrow(1, 0, x.shape[1])
    for shift in range(1, size):
        total = total + squares.narrow(1, shift, x.shape[1])
    return x / (bias + alpha / size * total) ** beta
