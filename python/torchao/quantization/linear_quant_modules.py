"""Int8DynActInt4WeightQuantizer: the older way to 4-bit weights with inputs rounded to int8, a layer of its own for each linear one."""

import torch
from torch import nn

from torchao.quantization.intx_tensor import IntxUnpackedToInt8Tensor
from torchao.quantization.quant_primitives import MappingType
from torchao.quantization.unified import Quantizer


class Int8DynActInt4WeightLinear(nn.Linear):
    """nn.Linear over a 4-bit weight in groups; each row of its inputs is rounded to int8 and back."""

    @classmethod
    def from_linear(cls, linear, group_size):
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        made.in_features, made.out_features, made.groupsize = linear.in_features, linear.out_features, group_size
        weight = IntxUnpackedToInt8Tensor.from_hp(
            linear.weight, (1, group_size), torch.int4, mapping_type=MappingType.SYMMETRIC,
            activation_quantization="int8_asym_per_token",
        )
        made.weight = nn.Parameter(weight, requires_grad=False)
        made.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach(), requires_grad=False)
        made.train(linear.training)
        return made


def check_groups(linear, group_size, padding_allowed):
    """Do groups fill its rows? A layer where they do not stays as it is, unless padding was asked for."""
    if linear.in_features % group_size == 0:
        return True
    if padding_allowed:
        raise NotImplementedError(f"padding a layer of {linear.in_features} inputs to groups of {group_size} is not supported")
    return False


class Int8DynActInt4WeightQuantizer(Quantizer):
    """quantize(model) changes every linear layer whose rows are filled by groups."""

    def __init__(
        self, groupsize=256, padding_allowed=False, precision=torch.float32, scales_precision=torch.float32, device=None,
        mapping_type=MappingType.SYMMETRIC,
    ):
        if mapping_type != MappingType.SYMMETRIC:
            raise NotImplementedError(f"Int8DynActInt4WeightQuantizer(mapping_type={mapping_type}) is not supported: weights are symmetric")
        self.groupsize, self.padding_allowed = groupsize, padding_allowed

    def quantize(self, model, *args, **kwargs):
        from torchao.quantization.quant_api import _replace

        wanted = lambda module, path: type(module) is nn.Linear and check_groups(module, self.groupsize, self.padding_allowed)
        return _replace(model, lambda module: Int8DynActInt4WeightLinear.from_linear(module, self.groupsize), wanted, "", None)
