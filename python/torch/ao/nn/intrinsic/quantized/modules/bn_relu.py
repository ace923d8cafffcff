"""Batch norm on integers, without what is negative."""

from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.quantized.modules import batchnorm

__all__ = ["BNReLU2d", "BNReLU3d"]


class BNReLU2d(batchnorm.BatchNorm2d):
    _FLOAT_MODULE = fused.BNReLU2d
    _OPERATOR = "batch_norm2d_relu"

    def _get_name(self):
        return "QuantizedBNReLU2d"

    @classmethod
    def from_reference(cls, bn_relu, output_scale, output_zero_point):
        return super().from_reference(bn_relu[0], output_scale, output_zero_point)


class BNReLU3d(batchnorm.BatchNorm3d):
    _FLOAT_MODULE = fused.BNReLU3d
    _OPERATOR = "batch_norm3d_relu"

    def _get_name(self):
        return "QuantizedBNReLU3d"

    @classmethod
    def from_reference(cls, bn_relu, output_scale, output_zero_point):
        return super().from_reference(bn_relu[0], output_scale, output_zero_point)
