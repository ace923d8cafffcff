"""IntxUnpackedToInt8Tensor: a weight of one to eight bits in groups of a row, with zero points where the mapping has them.

Codes of up to four bits lie two in a byte, others one in a byte. Activations stay in float, or each row of them is rounded to
int8 with a zero point and back before the product.
"""

import torch
from torch.nn import functional as F

from torch._gen import functions as _ops
from torchao.quantization.int8_tensor import _check, _like
from torchao.quantization.quant_primitives import (
    MappingType, bounds_of, choose_qparams_affine, dequantize_affine, fake_quantize_affine, quantize_affine,
)
from torchao.utils import TorchAOBaseTensor

_ACTIVATIONS = ("", "int8_asym_per_token")


class IntxUnpackedToInt8Tensor(TorchAOBaseTensor):
    """value = (qdata - zero_point) * scale, a scale for each block of the last dimension."""

    tensor_data_names = ("codes", "scale", "zero_point")

    @classmethod
    def from_hp(
        cls, hp_tensor, block_size, target_dtype, *, mapping_type=MappingType.SYMMETRIC, activation_quantization=None,
        apply_int8_act_asym_per_token_quant=False, custom_scale=None, custom_zero_point=None, scale_dtype=None,
    ):
        _check(hp_tensor, "IntxUnpackedToInt8Tensor")
        low, high = bounds_of(target_dtype)
        weight, block = hp_tensor.detach(), tuple(block_size)
        activations = activation_quantization or ("int8_asym_per_token" if apply_int8_act_asym_per_token_quant else "")
        if activations not in _ACTIVATIONS:
            raise ValueError(f"activation_quantization is {activations!r}: expected one of {_ACTIVATIONS[1:]} or None")
        if block[0] != 1 or weight.shape[1] % block[1]:
            raise ValueError(f"blocks of {block} got a weight of shape {tuple(weight.shape)}: expected groups that fill its rows")
        if block[1] % 8 and block[1] != weight.shape[1]:
            raise NotImplementedError(f"groups of {block[1]} are not supported: a multiple of 8, or whole rows")
        if custom_scale is None:
            scale, zero = choose_qparams_affine(
                weight, mapping_type, block, torch.int8, low, high, zero_point_dtype=torch.int8, keepdim=True
            )
        else:
            scale = custom_scale
            zero = torch.zeros_like(scale, dtype=torch.int8) if custom_zero_point is None else custom_zero_point.to(torch.int8)
        scale = scale.to(scale_dtype or weight.dtype)
        codes = quantize_affine(weight, block, scale, zero, torch.int8, low, high)
        is_packed = high <= 7 and weight.shape[1] % 2 == 0
        held = {"codes": _ops._pack_int4((codes + 8).to(torch.uint8)) if is_packed else codes, "scale": scale.contiguous()}
        if mapping_type == MappingType.ASYMMETRIC or bool(zero.any()):
            held["zeros"] = (zero + 8).to(torch.uint8) if is_packed else zero
        attributes = {
            "target_dtype": str(target_dtype), "block_size": block, "activation_quantization": activations, "is_packed": is_packed,
        }
        return cls.made(weight.shape, hp_tensor.dtype, held, attributes)

    @property
    def qdata(self):
        """The codes, one in a byte."""
        return (_ops._unpack_int4(self.codes).to(torch.int8) - 8) if self.is_packed else self.codes

    @property
    def zero_point(self):
        zeros = self._held.get("zeros")
        if zeros is None:
            return torch.zeros_like(self.scale, dtype=torch.int8)
        return zeros.to(torch.int8) - 8 if self.is_packed else zeros

    def _form(self):
        attributes = self._attributes
        size = attributes["block_size"][1]
        return "int4" if attributes["is_packed"] else "int8", 0 if size == self.shape[1] else size

    def dequantize(self, output_dtype=None):
        held = self._held
        form, group = self._form()
        return _ops._dequantize_low_bit(
            held["codes"], held["scale"], held.get("zeros"), None, form, group, output_dtype or self.dtype
        )

    def linear(self, x, bias):
        held = self._held
        if self._attributes["activation_quantization"]:
            x = rounded_by_token(x)
        form, group = self._form()
        return _ops._linear_low_bit(
            x, held["codes"], held["scale"], held.get("zeros"), None, _like(bias, x), form, group
        )

    def lookup(self, indices, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
        """Only the rows that are asked for are spelled out."""
        if max_norm is not None:
            raise NotImplementedError("a table of few bits got max_norm, which changes rows in place: expected None")
        held = self._held
        form, group = self._form()
        places = indices.reshape(-1)
        zeros = held.get("zeros")
        rows = _ops._dequantize_low_bit(
            held["codes"].index_select(0, places), held["scale"].index_select(0, places),
            None if zeros is None else zeros.index_select(0, places), None, form, group, self.dtype,
        )
        return rows.view(*indices.shape, self.shape[1])


def rounded_by_token(x):
    """x after rounding each row to int8 with a zero point, and back."""
    block = (1,) * (x.dim() - 1) + x.shape[-1:]
    scale, zero = choose_qparams_affine(x, MappingType.ASYMMETRIC, block, torch.int8, zero_point_dtype=torch.int8)
    return fake_quantize_affine(x, block, scale, zero, torch.int8)
