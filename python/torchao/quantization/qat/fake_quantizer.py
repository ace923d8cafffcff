"""Modules that round numbers to codes and back; gradients go straight through where nothing was cut off."""

import torch
from torch import nn

from torchao.quantization.float8_tensor import scale_of
from torchao.quantization.granularity import get_block_size
from torchao.quantization.qat.fake_quantize_config import (
    Float8FakeQuantizeConfig, Int4WeightFakeQuantizeConfig, IntxFakeQuantizeConfig,
)
from torchao.quantization.quant_primitives import (
    MappingType, TorchAODType, ZeroPointDomain, bounds_of, choose_qparams_affine, choose_qparams_affine_with_min_max,
    fake_quantize_affine,
)


class FakeQuantizerBase(nn.Module):
    """Holds its configuration; `enabled` switches it off."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.enabled = True

    def __repr__(self):
        return f"FakeQuantizer({self.config})"

    @staticmethod
    def from_config(config):
        for kind, cls in _KINDS.items():
            if isinstance(config, kind):
                return cls(config)
        raise ValueError(f"Unknown config type: {config}")

    def forward(self, x):
        return self.rounded(x.float()).to(x.dtype) if self.enabled else x


class IntxFakeQuantizer(FakeQuantizerBase):
    """Integers. Scales are those of each call, or of the first one where the configuration is not dynamic."""

    def __init__(self, config):
        super().__init__(config)
        self.scale = self.zero_point = None

    def rounded(self, x):
        config = self.config
        dtype = getattr(torch, config.dtype.name.lower()) if isinstance(config.dtype, TorchAODType) else config.dtype
        low, high = bounds_of(dtype)
        block = get_block_size(x.shape, config.granularity)
        if config.is_dynamic or self.scale is None:
            with torch.no_grad():
                self.scale, self.zero_point = choose_qparams_affine(
                    x, config.mapping_type, block, dtype, low, high, config.eps, config.scale_precision, config.zero_point_precision
                )
        return fake_quantize_affine(x, block, self.scale, self.zero_point, dtype, low, high, config.zero_point_domain)


class FakeQuantizer(IntxFakeQuantizer):
    """What it was called before."""


class Int4WeightFakeQuantizer(FakeQuantizerBase):
    """Four bits between the smallest and the largest number of each group."""

    def rounded(self, x):
        block = (1, self.config.group_size)
        with torch.no_grad():
            grouped = x.view(x.shape[0], -1, self.config.group_size)
            scale, zero = choose_qparams_affine_with_min_max(
                grouped.amin(2), grouped.amax(2), MappingType.ASYMMETRIC, block, torch.uint8, 0, 15, 1e-6,
                zero_point_dtype=torch.float32, preserve_zero=False, zero_point_domain=ZeroPointDomain.FLOAT,
            )
        return fake_quantize_affine(x, block, scale, zero, torch.uint8, 0, 15, ZeroPointDomain.FLOAT)


class Float8FakeQuantizer(FakeQuantizerBase):
    """Floats of eight bits."""

    def rounded(self, x):
        config = self.config
        with torch.no_grad():
            scale = scale_of(x, config.dtype, config.granularity, config.hp_value_lb, config.hp_value_ub)
        most = torch.finfo(config.dtype).max
        steps = (x / scale).clamp(-most, most)
        # What rounding changes has no gradient of its own.
        return (steps + (steps.detach().to(config.dtype).float() - steps.detach())) * scale


_KINDS = {
    IntxFakeQuantizeConfig: IntxFakeQuantizer,
    Int4WeightFakeQuantizeConfig: Int4WeightFakeQuantizer,
    Float8FakeQuantizeConfig: Float8FakeQuantizer,
}
