"""Int8StaticTensor: an int8 weight whose inputs are rounded by one scale that calibration found."""

import torch

from torch._gen import functions as _ops
from torchao.quantization.int8_tensor import Int8Tensor, _like


class Int8StaticTensor(Int8Tensor):
    """As Int8Tensor; act_quant_scale is what one step of the inputs is worth."""

    tensor_data_names = ("qdata", "scale", "act_quant_scale")

    @classmethod
    def from_hp(cls, hp_tensor, granularity, act_quant_scale):
        plain = Int8Tensor.from_hp(hp_tensor, granularity)
        held = {**plain._held, "act_quant_scale": act_quant_scale.detach().float().reshape(())}
        return cls.made(plain.shape, plain.dtype, held, plain._attributes)

    def linear(self, x, bias):
        held = self._held
        scale = held["act_quant_scale"]
        zero = torch.zeros((), dtype=torch.int32, device=scale.device)
        return _ops._linear_int8(
            x, scale, zero, held["qdata"], held["scale"].view(-1), None, _like(bias, x), None, None, x.dtype, False, -128, 127
        )
