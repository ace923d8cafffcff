"""The older way: quantizers that know one form each, with prepare(model) before training and convert(model) behind it."""

import torch
from torch import nn

from torchao.quantization.int4_tensor import Int4Tensor
from torchao.quantization.intx_tensor import IntxUnpackedToInt8Tensor
from torchao.quantization.linear_quant_modules import Int8DynActInt4WeightLinear, check_groups
from torchao.quantization.qat.fake_quantize_config import Int4WeightFakeQuantizeConfig, IntxFakeQuantizeConfig
from torchao.quantization.qat.layers import FakeQuantizedEmbedding, FakeQuantizedLinear
from torchao.quantization.quant_api import _put, _replace
from torchao.quantization.unified import TwoStepQuantizer


class Int8DynActInt4WeightQATLinear(FakeQuantizedLinear):
    """Inputs rounded to int8 row by row, weights to 4 bits in groups."""


class Int4WeightOnlyQATLinear(FakeQuantizedLinear):
    """Weights rounded to 4 bits in groups."""


class _QATQuantizer(TwoStepQuantizer):
    def get_activation_fake_quantize_config(self):
        return None

    def get_weight_fake_quantize_config(self):
        return None

    def prepare(self, model, *args, **kwargs):
        return _replace(model, self._prepared, self._is_wanted, "", None)

    def convert(self, model, *args, **kwargs):
        return _replace(model, self._converted, lambda module, path: isinstance(module, self.kind), "", None)

    def _is_wanted(self, module, path):
        return type(module) is nn.Linear and check_groups(module, self.groupsize, self.padding_allowed)

    def _prepared(self, module):
        return self.kind.from_linear(module, self.get_activation_fake_quantize_config(), self.get_weight_fake_quantize_config())


class Int8DynActInt4WeightQATQuantizer(_QATQuantizer):
    """Becomes Int8DynActInt4WeightLinear."""

    kind = Int8DynActInt4WeightQATLinear

    def __init__(self, groupsize=256, padding_allowed=False, precision=torch.float32, scales_precision=torch.float32):
        self.groupsize, self.padding_allowed = groupsize, padding_allowed
        self.precision, self.scales_precision = precision, scales_precision

    def get_activation_fake_quantize_config(self):
        return IntxFakeQuantizeConfig(torch.int8, "per_token", is_symmetric=False, scale_precision=torch.float32)

    def get_weight_fake_quantize_config(self):
        return IntxFakeQuantizeConfig(torch.int4, group_size=self.groupsize, scale_precision=self.scales_precision)

    def _converted(self, module):
        return Int8DynActInt4WeightLinear.from_linear(module, self.groupsize)


class Int4WeightOnlyQATQuantizer(_QATQuantizer):
    """Becomes nn.Linear over an Int4Tensor."""

    kind = Int4WeightOnlyQATLinear
    padding_allowed = False

    def __init__(self, groupsize=256, inner_k_tiles=8, precision=torch.bfloat16, scales_precision=torch.bfloat16):
        if groupsize not in (32, 64, 128, 256):
            raise ValueError(f"Int4WeightOnlyQATQuantizer got groupsize={groupsize}: expected 32, 64, 128 or 256")
        self.groupsize = groupsize

    def get_weight_fake_quantize_config(self):
        return Int4WeightFakeQuantizeConfig(self.groupsize)

    def _converted(self, module):
        return _put(module.to_linear(), Int4Tensor.from_hp(module.weight, (1, self.groupsize)))


class Int4WeightOnlyEmbeddingQATQuantizer(_QATQuantizer):
    """nn.Embedding: rows of 4 bits in groups."""

    kind = FakeQuantizedEmbedding

    def __init__(self, group_size=256, scale_precision=torch.float32, zero_point_precision=torch.int32):
        self.group_size, self.scale_precision = group_size, scale_precision

    def get_weight_fake_quantize_config(self):
        return IntxFakeQuantizeConfig(torch.int4, group_size=self.group_size, scale_precision=self.scale_precision)

    def _is_wanted(self, module, path):
        return type(module) is nn.Embedding

    def _prepared(self, module):
        return FakeQuantizedEmbedding.from_embedding(module, self.get_weight_fake_quantize_config())

    def _converted(self, module):
        return _put(module.to_embedding(), IntxUnpackedToInt8Tensor.from_hp(module.weight, (1, self.group_size), torch.int4))


class ComposableQATQuantizer(TwoStepQuantizer):
    """Several, one after the other."""

    def __init__(self, quantizers):
        self.quantizers = list(quantizers)

    def prepare(self, model, *args, **kwargs):
        for quantizer in self.quantizers:
            model = quantizer.prepare(model)
        return model

    def convert(self, model, *args, **kwargs):
        for quantizer in self.quantizers:
            model = quantizer.convert(model)
        return model


def enable_8da4w_fake_quant(mod):
    """For model.apply."""
    if isinstance(mod, Int8DynActInt4WeightQATLinear):
        mod.enable_fake_quant()


def disable_8da4w_fake_quant(mod):
    """For model.apply."""
    if isinstance(mod, Int8DynActInt4WeightQATLinear):
        mod.disable_fake_quant()
