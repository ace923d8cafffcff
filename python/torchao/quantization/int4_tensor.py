"""Int4Tensor: a weight of four bits in groups whose zero points are numbers of their own, not codes.

value = (code - 8) * scale + zero, the smallest and the largest number of each group exact ("tinygemm"). The product adds what
the zeros give to the sums of each group of inputs: they are exact, and no step is lost to zero points that must be codes.
"""

import torch
from torch.nn import functional as F

from torch._gen import functions as _ops
from torchao.quantization.int8_tensor import _check, _like
from torchao.quantization.quant_primitives import MappingType, ZeroPointDomain, choose_qparams_affine_with_min_max, quantize_affine
from torchao.utils import TorchAOBaseTensor

_EPS = 1e-6


class Int4Tensor(TorchAOBaseTensor):
    """codes: two in a byte; scale and zero_point [n, groups] in the weight's dtype."""

    tensor_data_names = ("codes", "scale", "zero_point")

    @classmethod
    def from_hp(cls, hp_tensor, block_size):
        _check(hp_tensor, "Int4Tensor")
        block = tuple(block_size)
        rows, columns = hp_tensor.shape
        if columns % block[1] or block[1] % 8:
            raise ValueError(f"groups of {block[1]} got a weight of shape {(rows, columns)}: expected groups that fill its rows")
        grouped = hp_tensor.detach().view(rows, -1, block[1])
        scale, zero = choose_qparams_affine_with_min_max(
            grouped.amin(2), grouped.amax(2), MappingType.ASYMMETRIC, block, torch.uint8, 0, 15, _EPS,
            zero_point_dtype=hp_tensor.dtype, preserve_zero=False, zero_point_domain=ZeroPointDomain.FLOAT,
        )
        codes = quantize_affine(
            hp_tensor.detach(), block, scale, zero, torch.uint8, 0, 15, zero_point_domain=ZeroPointDomain.FLOAT
        )
        held = {"codes": _ops._pack_int4(codes), "scale": scale, "zero_point": zero}
        return cls.made((rows, columns), hp_tensor.dtype, held, {"block_size": block})

    @property
    def qdata(self):
        """The codes from -8 to 7, one in a byte."""
        return _ops._unpack_int4(self.codes).to(torch.int8) - 8

    def dequantize(self, output_dtype=None):
        held, size = self._held, self.block_size[1]
        steps = _ops._dequantize_low_bit(held["codes"], held["scale"], None, None, "int4", size, output_dtype or self.dtype)
        return steps + held["zero_point"].to(steps.dtype).repeat_interleave(size, dim=1)

    def linear(self, x, bias):
        held, size = self._held, self._attributes["block_size"][1]
        product = _ops._linear_low_bit(x, held["codes"], held["scale"], None, None, _like(bias, x), "int4", size)
        sums = x.reshape(*x.shape[:-1], -1, size).sum(-1)
        return product + F.linear(sums, _like(held["zero_point"], x))
