"""Convolutions of integers, without what is negative."""

from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.quantized.modules import conv

__all__ = ["ConvReLU1d", "ConvReLU2d", "ConvReLU3d"]


class ConvReLU1d(conv.Conv1d):
    _FLOAT_MODULE = fused.ConvReLU1d
    _OPERATOR = "conv1d_relu"

    def _get_name(self):
        return "QuantizedConvReLU1d"

    @classmethod
    def from_reference(cls, ref_qconv, output_scale, output_zero_point):
        return super().from_reference(ref_qconv[0], output_scale, output_zero_point)


class ConvReLU2d(conv.Conv2d):
    _FLOAT_MODULE = fused.ConvReLU2d
    _OPERATOR = "conv2d_relu"

    def _get_name(self):
        return "QuantizedConvReLU2d"

    @classmethod
    def from_reference(cls, ref_qconv, output_scale, output_zero_point):
        return super().from_reference(ref_qconv[0], output_scale, output_zero_point)


class ConvReLU3d(conv.Conv3d):
    _FLOAT_MODULE = fused.ConvReLU3d
    _OPERATOR = "conv3d_relu"

    def _get_name(self):
        return "QuantizedConvReLU3d"

    @classmethod
    def from_reference(cls, ref_qconv, output_scale, output_zero_point):
        return super().from_reference(ref_qconv[0], output_scale, output_zero_point)
