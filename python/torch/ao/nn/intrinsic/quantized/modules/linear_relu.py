"""Matrix products of integers with the activation that follows."""

import torch
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.quantized.modules.linear import Linear
from torch.ao.nn.quantized.modules.utils import _quantize_weight, take_activation_qparams

__all__ = ["LinearLeakyReLU", "LinearReLU", "LinearTanh"]


class LinearReLU(Linear):
    _FLOAT_MODULE = fused.LinearReLU

    def __init__(self, in_features, out_features, bias=True, dtype=torch.qint8):
        super().__init__(in_features, out_features, bias, dtype)

    def forward(self, x):
        return torch.ops.quantized.linear_relu(x, self._packed_params._packed_params, self.scale, self.zero_point)

    def _get_name(self):
        return "QuantizedLinearReLU"

    @classmethod
    def from_reference(cls, ref_linear_relu, output_scale, output_zero_point):
        return super().from_reference(ref_linear_relu[0], output_scale, output_zero_point)


def _from_pair(cls, mod, *options):
    """From a fused pair of a matrix product and an activation."""
    if type(mod) is not cls._FLOAT_MODULE:
        raise AssertionError(f"Input float module should be {cls._FLOAT_MODULE.__name__}")
    if not hasattr(mod, "qconfig"):
        raise AssertionError("Input float module must have qconfig defined")
    linear = mod[0]
    observer = mod.qconfig.weight()
    observer(linear.weight)
    if observer.dtype != torch.qint8:
        raise AssertionError(f"Weight observer must have dtype torch.qint8, got {observer.dtype}")
    made = cls(linear.in_features, linear.out_features, *options, dtype=observer.dtype)
    made.set_weight_bias(_quantize_weight(linear.weight.float(), observer), linear.bias)
    return take_activation_qparams(made, mod.activation_post_process)


class LinearLeakyReLU(Linear):
    _FLOAT_MODULE = fused.LinearLeakyReLU

    def __init__(self, in_features, out_features, negative_slope, bias=True, dtype=torch.qint8):
        super().__init__(in_features, out_features, bias, dtype)
        self.negative_slope = negative_slope

    def forward(self, x):
        packed = self._packed_params._packed_params
        return torch.ops.quantized.linear_leaky_relu(x, packed, self.scale, self.zero_point, self.negative_slope)

    def _get_name(self):
        return "QuantizedLinearLeakyReLU"

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        return _from_pair(cls, mod, mod[1].negative_slope)


class LinearTanh(Linear):
    _FLOAT_MODULE = fused.LinearTanh

    def __init__(self, in_features, out_features, bias=True, dtype=torch.qint8):
        super().__init__(in_features, out_features, bias, dtype)

    def forward(self, x):
        return torch.ops.quantized.linear_tanh(x, self._packed_params._packed_params, self.scale, self.zero_point)

    def _get_name(self):
        return "QuantizedLinearTanh"

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        return _from_pair(cls, mod)
