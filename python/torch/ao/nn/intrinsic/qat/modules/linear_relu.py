"""A matrix product with a rounded weight, without what is negative."""

from torch import nn
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.intrinsic.modules.fused import _FusedModule
from torch.ao.nn.qat.modules.linear import Linear
from torch.nn import functional as F

__all__ = ["LinearReLU"]


class LinearReLU(Linear, _FusedModule):
    _FLOAT_MODULE = fused.LinearReLU

    def __init__(self, in_features, out_features, bias=True, qconfig=None):
        super().__init__(in_features, out_features, bias, qconfig)

    def forward(self, input):
        return F.relu(super().forward(input))

    def to_float(self):
        return fused.LinearReLU(super().to_float(), nn.ReLU())
