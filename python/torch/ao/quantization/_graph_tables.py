"""Graph mode: which modules, functions and methods compute with integers, and how their results get a scale."""

import operator

import torch
from torch import nn
from torch.ao.nn import intrinsic as nni
from torch.ao.nn import qat as nnqat
from torch.ao.nn import quantized as nnq
from torch.ao.nn.intrinsic import qat as nniqat
from torch.ao.quantization.quantization_mappings import (
    DEFAULT_DYNAMIC_QUANT_MODULE_MAPPINGS, DEFAULT_STATIC_QUANT_MODULE_MAPPINGS,
)
from torch.ao.quantization.stubs import DeQuantStub, QuantStub
from torch.nn import functional as F

# Modules that are swapped, each with a scale of its own. Softmax has its scale from the mapping: its range is known.
SWAPPED = {
    kind: made for kind, made in DEFAULT_STATIC_QUANT_MODULE_MAPPINGS.items()
    if kind not in (nn.ReLU6, nn.Embedding, nn.EmbeddingBag, nn.GroupNorm, QuantStub, DeQuantStub, nnq.FloatFunctional)
}
SWAPPED[nn.Softmax] = nnq.Softmax
TABLES = {
    nn.Embedding: nnq.Embedding, nn.EmbeddingBag: nnq.EmbeddingBag, nnqat.Embedding: nnq.Embedding,
    nnqat.EmbeddingBag: nnq.EmbeddingBag,
}
DYNAMIC = {kind: made for kind, made in DEFAULT_DYNAMIC_QUANT_MODULE_MAPPINGS.items() if kind not in (nn.Embedding, nn.EmbeddingBag)}

# The range of these is known whatever goes in.
OF_KNOWN_RANGE = {
    nn.Sigmoid, nn.Tanh, nn.Hardsigmoid, torch.sigmoid, torch.tanh, F.sigmoid, F.tanh, F.hardsigmoid, "sigmoid",
    "sigmoid_", "tanh", "tanh_", "hardsigmoid", "hardsigmoid_",
}

# Their results are values that came in, or lie between such: they share the scale.
SHARING = {
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.Hardtanh, nn.Identity, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.PixelShuffle, nn.PixelUnshuffle, nn.ReLU,
    nn.ReLU6, nn.Flatten, F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d, F.hardtanh,
    F.interpolate, F.max_pool1d, F.max_pool2d, F.max_pool3d, F.pixel_shuffle, F.relu, F.relu6, F.avg_pool1d,
    F.avg_pool2d, F.avg_pool3d, torch.relu, torch.clamp, torch.flatten, torch.mean, torch.permute, torch.reshape,
    torch.squeeze, torch.transpose, torch.unsqueeze, torch.t, torch.cat, "clamp", "contiguous", "detach", "flatten",
    "mean", "permute", "repeat", "reshape", "relu", "relu_", "squeeze", "squeeze_", "t", "transpose", "unsqueeze",
    "unsqueeze_", "view",
}

# With a number instead of a tensor these keep the scale, too.
BINARY = {
    torch.add: "add", operator.add: "add", operator.iadd: "add", "add": "add", torch.mul: "mul", operator.mul: "mul",
    operator.imul: "mul", "mul": "mul",
}
PRODUCTS = {torch.matmul: "matmul", operator.matmul: "matmul", "matmul": "matmul"}

# Functions with an operator that is given the scale: where among its arguments.
WITH_SCALE = {
    F.hardswish: "hardswish", F.elu: "elu", F.leaky_relu: "leaky_relu", F.layer_norm: "layer_norm",
    F.instance_norm: "instance_norm",
}

DROPPED = {F.dropout}
RELUS = {nn.ReLU, F.relu, torch.relu, "relu", "relu_"}

# What PyTorch would quantize, with weights that are computed: those of parameters have become layers (_graph_functions.py).
REFUSED = {
    F.linear: "F.linear", F.conv1d: "F.conv1d", F.conv2d: "F.conv2d", F.conv3d: "F.conv3d",
    torch.conv1d: "torch.conv1d", torch.conv2d: "torch.conv2d", torch.conv3d: "torch.conv3d",
    F.conv_transpose2d: "F.conv_transpose2d", F.group_norm: "F.group_norm",
}
REFUSED_MODULES = (nn.LSTM, nn.GRU, nn.MultiheadAttention)

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def can_follow(kinds, module):
    """Whether a module may be the next one of a fused sequence that so far has classes `kinds`; None stands for a
    relu's function."""
    kind = type(module) if module is not None else nn.ReLU
    if len(kinds) == 1:
        if kinds[0] in _CONVOLUTIONS or kinds[0] is nn.Linear:
            return kind is nn.ReLU or kind in _NORMS
        if kinds[0] in (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d):
            return kind in _NORMS
        return kinds[0] in (nn.BatchNorm2d, nn.BatchNorm3d) and kind is nn.ReLU
    return len(kinds) == 2 and kinds[0] in _CONVOLUTIONS and kinds[1] in _NORMS and kind is nn.ReLU


def is_fused(module):
    return isinstance(module, nni._FusedModule)


def is_sequence(module):
    """A fused module whose parts are still there."""
    return is_fused(module) and isinstance(module, nn.Sequential) and len(module) > 0 and hasattr(module, "0")


TRAINED = (
    nnqat.Linear, nnqat.Conv1d, nnqat.Conv2d, nnqat.Conv3d, nniqat.ConvBn1d, nniqat.ConvBn2d, nniqat.ConvBn3d,
    nniqat.LinearBn1d,
)
