"""Int8Tensor: a weight in int8 with a scale for each row or for all; activations stay in float or are rounded in every call."""

import dataclasses

import torch

from torch._gen import functions as _ops
from torchao.quantization.granularity import Granularity, PerRow, PerTensor, get_block_size
from torchao.quantization.quant_primitives import MappingType, choose_qparams_affine, quantize_affine
from torchao.utils import TorchAOBaseTensor


@dataclasses.dataclass
class QuantizeTensorToInt8Kwargs:
    """How activations are rounded: by row or as a whole."""

    granularity: Granularity = PerRow()
    mapping_type: MappingType = MappingType.SYMMETRIC
    # 255 steps of -128 to 127, or the 254 of -127 to 127 that version 1 of the configuration takes.
    steps: int = 255


class Int8Tensor(TorchAOBaseTensor):
    """qdata int8 [n, k], scale [n, groups]: value = qdata * scale. `activations` is "" or says how inputs are rounded."""

    tensor_data_names = ("qdata", "scale")

    @classmethod
    def from_hp(
        cls, hp_tensor, granularity=PerRow(), act_quant_kwargs=None, mapping_type=MappingType.SYMMETRIC, scale=None, group_size=None,
    ):
        _check(hp_tensor, "Int8Tensor")
        if mapping_type != MappingType.SYMMETRIC:
            raise NotImplementedError(f"Int8Tensor got mapping_type {mapping_type.name}: its weights are symmetric")
        rows, columns = hp_tensor.shape
        block = (1, group_size) if group_size else get_block_size(hp_tensor.shape, granularity)
        weight = hp_tensor.detach()
        if scale is None:
            scale, _ = choose_qparams_affine(weight, mapping_type, block, torch.int8, scale_dtype=weight.dtype, keepdim=True)
        codes = quantize_affine(weight, block, scale, None, torch.int8)
        # One scale for all is each row's.
        by_row = scale.expand(rows, scale.shape[1]) if scale.shape[0] != rows else scale
        attributes = {"block_size": list(block), "activations": _named(act_quant_kwargs)}
        return cls.made((rows, columns), hp_tensor.dtype, {"qdata": codes, "scale": by_row.contiguous()}, attributes)

    @property
    def act_quant_kwargs(self):
        if not self.activations:
            return None
        kind, steps = self.activations.split()
        return QuantizeTensorToInt8Kwargs(PerRow() if kind == "row" else PerTensor(), steps=int(steps))

    @property
    def _group(self):
        size = self.block_size[1]
        return 0 if size == self.shape[1] else size

    def dequantize(self, output_dtype=None):
        held = self._held
        return _ops._dequantize_low_bit(
            held["qdata"], held["scale"], None, None, "int8", self._group, output_dtype or self.dtype
        )

    def linear(self, x, bias):
        held, attributes = self._held, self._attributes
        bias = _like(bias, x)
        activations = attributes["activations"]
        if not activations:
            return _ops._linear_low_bit(x, held["qdata"], held["scale"], None, None, bias, "int8", self._group)
        kind, steps = activations.split()
        return _ops._linear_int8_dynamic(
            x, held["qdata"], held["scale"].view(-1), bias, None, kind, int(steps), False, True
        )


def _named(kwargs):
    """What is written of the activations' rounding: plain text."""
    if kwargs is None:
        return ""
    if kwargs.mapping_type != MappingType.SYMMETRIC:
        raise NotImplementedError("activations with zero points are not supported here: act_mapping_type is SYMMETRIC")
    if not isinstance(kwargs.granularity, (PerRow, PerTensor)):
        raise ValueError(f"activations got granularity {kwargs.granularity}: expected PerRow() or PerTensor()")
    return f"{'row' if isinstance(kwargs.granularity, PerRow) else 'tensor'} {kwargs.steps}"


def _check(weight, name):
    if weight.dim() != 2:
        raise ValueError(f"{name} got a weight of shape {tuple(weight.shape)}: expected two dimensions, as nn.Linear has")


def _like(bias, x):
    return bias if bias is None or bias.dtype is x.dtype else bias.to(x.dtype)
