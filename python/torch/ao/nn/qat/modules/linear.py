"""nn.Linear with a rounded weight."""

import torch
from torch import nn
from torch.ao.nn.intrinsic.modules.fused import LinearReLU
from torch.ao.nn.qat.modules._shared import check_float, weight_fake_quant
from torch.nn import functional as F
from torch.nn.utils.parametrize import (
    is_parametrized, transfer_parametrizations_and_params, type_before_parametrizations,
)

__all__ = ["Linear"]


class Linear(nn.Linear):
    _FLOAT_MODULE = nn.Linear

    def __init__(self, in_features, out_features, bias=True, qconfig=None, device=None, dtype=None):
        super().__init__(in_features, out_features, bias, device=device, dtype=dtype)
        self.weight_fake_quant = weight_fake_quant(qconfig, device, dtype)
        self.qconfig = qconfig

    def forward(self, input):
        return F.linear(input, self.weight_fake_quant(self.weight), self.bias)

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        check_float(cls, mod, type_before_parametrizations(mod))
        qconfig = mod.qconfig
        if type_before_parametrizations(mod) == LinearReLU:
            mod = mod[0]
        made = cls(mod.in_features, mod.out_features, bias=mod.bias is not None, qconfig=qconfig)
        for name in ("weight", "bias"):
            if is_parametrized(mod, name):
                transfer_parametrizations_and_params(mod, made, name)
            else:
                setattr(made, name, getattr(mod, name))
        return made

    def to_float(self):
        linear = nn.Linear(self.in_features, self.out_features, self.bias is not None)
        linear.weight = nn.Parameter(self.weight.detach())
        if self.bias is not None:
            linear.bias = nn.Parameter(self.bias.detach())
        linear.train(self.training)
        return linear
