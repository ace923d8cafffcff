"""Batch norm with its running statistics on integers."""

import torch
from torch import nn
from torch.ao.nn.intrinsic.modules import fused

__all__ = ["BatchNorm2d", "BatchNorm3d"]


class _BatchNorm(nn.modules.batchnorm._BatchNorm):
    _RANK = 0
    _OPERATOR = ""
    _NNI_BN_RELU_MODULE = None

    def __init__(self, num_features, eps=1e-5, momentum=0.1, device=None, dtype=None):
        super().__init__(num_features, eps, momentum, True, True, device=device, dtype=dtype)
        self.register_buffer("scale", torch.tensor(1.0, device=device, dtype=dtype))
        self.register_buffer("zero_point", torch.tensor(0, device=device, dtype=dtype))

    def _check_input_dim(self, input):
        if input.dim() != self._RANK + 2:
            raise ValueError("Input shape must be `(N, C, H, W)`!" if self._RANK == 2 else "Input shape must be `(N, C, D, H, W)`!")

    def forward(self, input):
        self._check_input_dim(input)
        operator = getattr(torch.ops.quantized, self._OPERATOR)
        return operator(
            input, self.weight, self.bias, self.running_mean, self.running_var, self.eps, self.scale, self.zero_point
        )

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        scale, zero_point = mod.activation_post_process.calculate_qparams()
        if type(mod) is cls._NNI_BN_RELU_MODULE:
            mod = mod[0]
        return cls._from_norm(cls(mod.num_features, mod.eps), mod, scale, zero_point)

    @classmethod
    def from_reference(cls, bn, output_scale, output_zero_point):
        made = cls(bn.num_features, bn.eps, bn.momentum, device=bn.weight.device, dtype=bn.weight.dtype)
        return cls._from_norm(made, bn, output_scale, output_zero_point)

    @staticmethod
    def _from_norm(made, bn, scale, zero_point):
        made.weight = bn.weight
        made.bias = bn.bias
        made.running_mean = bn.running_mean
        made.running_var = bn.running_var
        made.scale = scale
        made.zero_point = zero_point
        return made


class BatchNorm2d(_BatchNorm):
    _RANK = 2
    _OPERATOR = "batch_norm2d"
    _NNI_BN_RELU_MODULE = fused.BNReLU2d

    def _get_name(self):
        return "QuantizedBatchNorm2d"


class BatchNorm3d(_BatchNorm):
    _RANK = 3
    _OPERATOR = "batch_norm3d"
    _NNI_BN_RELU_MODULE = fused.BNReLU3d

    def _get_name(self):
        return "QuantizedBatchNorm3d"
