"""How weights and activations are rounded in training, and what a configuration for afterwards asks of it."""

import dataclasses

import torch

from torchao.quantization import configs
from torchao.quantization.float8_tensor import check_dtype
from torchao.quantization.granularity import Granularity, PerAxis, PerGroup, PerRow, PerTensor, PerToken
from torchao.quantization.quant_primitives import MappingType, ZeroPointDomain, bounds_of

_WORDS = ("per_token", "per_channel", "per_group", "per_tensor")


class FakeQuantizeConfigBase:
    """Base of all."""


class IntxFakeQuantizeConfig(FakeQuantizeConfigBase):
    """Rounding to integers of up to 16 bits.

    The granularity may be an object, one of "per_token", "per_channel", "per_group" and "per_tensor", or group_size alone.
    """

    def __init__(
        self, dtype, granularity=None, mapping_type=None, scale_precision=torch.float32, zero_point_precision=torch.int32,
        zero_point_domain=ZeroPointDomain.INT, is_dynamic=True, range_learning=False, eps=None, *, group_size=None, is_symmetric=None,
    ):
        bounds_of(dtype)
        if zero_point_domain is None:
            raise ValueError("Please use ZeroPointDomain.NONE instead of None")
        if range_learning:
            raise NotImplementedError("range_learning=True is not supported: scales are those of the numbers of each step")
        if mapping_type is not None and is_symmetric is not None:
            raise ValueError("Cannot set both `mapping_type` and `is_symmetric`")
        self.dtype = dtype
        self.granularity = _granularity(granularity, group_size)
        self.mapping_type = mapping_type or (MappingType.ASYMMETRIC if is_symmetric is False else MappingType.SYMMETRIC)
        self.scale_precision, self.zero_point_precision = scale_precision or torch.float32, zero_point_precision
        self.zero_point_domain = zero_point_domain
        self.is_dynamic, self.range_learning, self.eps = is_dynamic, False, eps
        if isinstance(self.granularity, PerToken) and self.mapping_type != MappingType.ASYMMETRIC:
            raise NotImplementedError("Symmetric per token is not supported: inputs are rounded with zero points")

    @property
    def group_size(self):
        if not isinstance(self.granularity, PerGroup):
            raise ValueError(f"`group_size` is undefined for {self.granularity} granularity")
        return self.granularity.group_size

    @group_size.setter
    def group_size(self, size):
        self.granularity = PerGroup(size)

    @property
    def is_symmetric(self):
        return self.mapping_type != MappingType.ASYMMETRIC

    @is_symmetric.setter
    def is_symmetric(self, value):
        self.mapping_type = MappingType.SYMMETRIC if value else MappingType.ASYMMETRIC

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in vars(self).items())})"

    def __eq__(self, other):
        return type(other) is type(self) and vars(other) == vars(self)


class FakeQuantizeConfig(IntxFakeQuantizeConfig):
    """What it was called before."""


def _granularity(given, group_size):
    if group_size is not None and given not in (None, "per_group"):
        raise ValueError(f"`group_size` conflicts with granularity '{given}'")
    if isinstance(given, Granularity):
        if not isinstance(given, (PerToken, PerAxis, PerGroup, PerTensor)):
            raise ValueError(f"Granularity '{given}' is not supported")
        if isinstance(given, PerAxis) and given.axis != 0:
            raise ValueError("Only axis=0 is supported for PerAxis granularity")
        return given
    if given in ("per_token", "per_channel", "per_tensor"):
        return {"per_token": PerToken(), "per_channel": PerAxis(0), "per_tensor": PerTensor()}[given]
    if given not in (None, "per_group"):
        raise ValueError(f"Unexpected granularity: '{given}', must be one of {list(_WORDS)}")
    if group_size is None:
        raise ValueError("At least one of `granularity` or `group_size` must be set")
    return PerGroup(group_size)


@dataclasses.dataclass
class Int4WeightFakeQuantizeConfig(FakeQuantizeConfigBase):
    """Rounding to what Int4WeightOnlyConfig keeps."""

    group_size: int = 128
    activation_dtype: torch.dtype = torch.bfloat16

    def __post_init__(self):
        if self.activation_dtype != torch.bfloat16:
            raise NotImplementedError(f"activation_dtype={self.activation_dtype} is not supported: 4-bit weights take inputs in float")


@dataclasses.dataclass
class Float8FakeQuantizeConfig(FakeQuantizeConfigBase):
    """Rounding to float8."""

    dtype: torch.dtype = torch.float8_e4m3fn
    granularity: Granularity = PerRow()
    hp_value_lb: float | None = None
    hp_value_ub: float | None = None

    def __post_init__(self):
        check_dtype(self.dtype)
        if not isinstance(self.granularity, (PerRow, PerTensor)):
            raise ValueError(f"Expected PerRow or PerTensor granularity, got {self.granularity}")


def inferred(base):
    """(of activations, of weights) for a configuration that the model gets after training."""
    if isinstance(base, configs.Int4WeightOnlyConfig):
        return None, Int4WeightFakeQuantizeConfig(base.group_size)
    by_token = IntxFakeQuantizeConfig(torch.int8, "per_token", is_symmetric=False)
    if isinstance(base, configs.Int8DynamicActivationInt4WeightConfig):
        return by_token, IntxFakeQuantizeConfig(torch.int4, PerGroup(base.group_size), base.mapping_type)
    if isinstance(base, configs.Int8DynamicActivationIntxWeightConfig):
        return by_token, IntxFakeQuantizeConfig(base.weight_dtype, base.weight_granularity, base.weight_mapping_type)
    if isinstance(base, configs.IntxWeightOnlyConfig):
        return None, IntxFakeQuantizeConfig(base.weight_dtype, base.granularity, base.mapping_type)
    if isinstance(base, configs.Float8DynamicActivationFloat8WeightConfig):
        inputs, weights = base.granularities()
        activations = Float8FakeQuantizeConfig(base.activation_dtype, inputs, base.activation_value_lb, base.activation_value_ub)
        return activations, Float8FakeQuantizeConfig(base.weight_dtype, weights)
    raise ValueError(f"Unexpected base config: {base}")
