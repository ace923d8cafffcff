"""torch.nn.functional for quantized tensors: each function says so where its input is not one."""

import torch
from torch.nn import functional as F
from torch.nn.modules.utils import _pair, _single, _triple

__all__ = [
    "adaptive_avg_pool2d", "adaptive_avg_pool3d", "avg_pool2d", "avg_pool3d", "celu", "clamp", "conv1d", "conv2d",
    "conv3d", "elu", "hardsigmoid", "hardswish", "hardtanh", "interpolate", "leaky_relu", "linear", "max_pool1d",
    "max_pool2d", "threshold", "upsample", "upsample_bilinear", "upsample_nearest",
]


def _check(input, name):
    if not input.is_quantized:
        raise ValueError(f"Input to 'quantized.{name}' must be quantized!")


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    _check(input, "avg_pool2d")
    return F.avg_pool2d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    _check(input, "avg_pool3d")
    return F.avg_pool3d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def adaptive_avg_pool2d(input, output_size):
    _check(input, "functional.adaptive_avg_pool2d")
    return F.adaptive_avg_pool2d(input, output_size)


def adaptive_avg_pool3d(input, output_size):
    _check(input, "functional.adaptive_avg_pool3d")
    return F.adaptive_avg_pool3d(input, output_size)


def _convolution(rank, fitted, shape):
    def conv(
        input, weight, bias, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros", scale=1.0, zero_point=0,
        dtype=torch.quint8,
    ):
        if padding_mode != "zeros":
            raise NotImplementedError("Only zero-padding is supported!")
        if input.dtype != torch.quint8:
            raise NotImplementedError("Only torch.quint8 is supported for activation tensor!")
        if weight.dtype != torch.qint8:
            raise NotImplementedError("Only torch.qint8 is supported for weight tensor!")
        if input.ndim != rank + 2:
            raise ValueError(f"Input shape must be {shape}!")
        operators = torch.ops.quantized
        prepack = getattr(operators, f"conv{rank}d_prepack")
        packed = prepack(weight, bias, fitted(stride), fitted(padding), fitted(dilation), groups)
        return getattr(operators, f"conv{rank}d")(input, packed, scale, zero_point)

    conv.__name__ = conv.__qualname__ = f"conv{rank}d"
    return conv


conv1d = _convolution(1, _single, "`(N, C, L)`")
conv2d = _convolution(2, _pair, "`(N, C, H, W)`")
conv3d = _convolution(3, _triple, "`(N, C, D, H, W)`")


def linear(input, weight, bias=None, scale=None, zero_point=None):
    scale = input.q_scale() if scale is None else scale
    zero_point = input.q_zero_point() if zero_point is None else zero_point
    return torch.ops.quantized.linear(input, torch.ops.quantized.linear_prepack(weight, bias), scale, zero_point)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        raise NotImplementedError("return_indices is not yet implemented!")
    return F.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        raise NotImplementedError("return_indices is not yet implemented!")
    return F.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)


def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    _check(input, "interpolate")
    return F.interpolate(input, size, scale_factor, mode, align_corners)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_bilinear(input, size=None, scale_factor=None):
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def upsample_nearest(input, size=None, scale_factor=None):
    return interpolate(input, size, scale_factor, mode="nearest")


def celu(input, scale, zero_point, alpha=1.0):
    _check(input, "celu")
    return torch.ops.quantized.celu(input, scale, zero_point, alpha)


def elu(input, scale, zero_point, alpha=1.0):
    _check(input, "elu")
    return torch.ops.quantized.elu(input, scale, zero_point, alpha)


def leaky_relu(input, negative_slope=0.01, inplace=False, scale=None, zero_point=None):
    if scale is not None and zero_point is not None:
        if inplace:
            raise AssertionError("Cannot rescale with `inplace`")
        return torch.ops.quantized.leaky_relu(input, negative_slope, False, scale, zero_point)
    return F.leaky_relu(input, negative_slope, inplace=inplace)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    _check(input, "hardtanh")
    return F.hardtanh(input, min_val, max_val, inplace)


def clamp(input, min_, max_):
    _check(input, "clamp")
    return torch.clamp(input, min_, max_)


def hardswish(input, scale, zero_point):
    _check(input, "hardswish")
    return torch.ops.quantized.hardswish(input, scale, zero_point)


def hardsigmoid(input, inplace=False):
    _check(input, "hardsigmoid")
    return F.hardsigmoid(input)


def threshold(input, threshold, value):
    _check(input, "threshold")
    if threshold is None:
        raise ValueError("Input to 'threshold' must be specified!")
    if value is None:
        raise ValueError("Input to 'value' must be specified!")
    return F.threshold(input, threshold, value)
