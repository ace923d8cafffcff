"""A convolution of integers and another tensor, added before they are rounded."""

import torch
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.quantized.modules import conv

__all__ = ["ConvAdd2d", "ConvAddReLU2d"]


class ConvAdd2d(conv.Conv2d):
    _FLOAT_MODULE = fused.ConvAdd2d
    _OPERATOR = "conv2d_add"

    def forward(self, input, extra_input):
        operator = getattr(torch.ops.quantized, self._OPERATOR)
        return operator(self._prepared(input), extra_input, self._packed_params, self.scale, self.zero_point)

    def _get_name(self):
        return "QuantizedConvAdd2d"

    @classmethod
    def from_reference(cls, ref_qconv, output_scale, output_zero_point):
        return super().from_reference(ref_qconv[0], output_scale, output_zero_point)


class ConvAddReLU2d(ConvAdd2d):
    _FLOAT_MODULE = fused.ConvAddReLU2d
    _OPERATOR = "conv2d_add_relu"

    def _get_name(self):
        return "QuantizedConvAddReLU2d"
