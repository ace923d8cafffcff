"""What quantize_ can be asked for: torchao's configurations with their arguments and defaults. Each checks what it was given;
what no kernel of ours does is refused here, by name."""

import dataclasses
import enum
from collections import OrderedDict

import torch

from torchao.core.config import AOBaseConfig
from torchao.dtypes import Layout, PlainLayout
from torchao.quantization.granularity import Granularity, PerAxis, PerGroup, PerRow, PerTensor
from torchao.quantization.quant_primitives import MappingType


class _Word(str, enum.Enum):
    """A choice that may be written as its text."""

    def __str__(self):
        return self.value


class Int4PackingFormat(_Word):
    """How torchao's kernels want four-bit weights; ours have one order of their own, whichever is named."""

    PLAIN = "plain"
    PRESHUFFLED = "preshuffled"
    PLAIN_INT32 = "plain_int32"
    TILE_PACKED_TO_4D = "tile_packed_to_4d"
    MARLIN_SPARSE = "marlin_sparse"
    OPAQUE = "opaque"


class Int4ChooseQParamsAlgorithm(_Word):
    """How ranges of four bits are found."""

    TINYGEMM = "tinygemm"
    HQQ = "hqq"


class IntxPackingFormat(_Word):
    """As Int4PackingFormat."""

    UNPACKED_TO_INT8 = "unpacked_to_int8"
    OPAQUE_ATEN_KLEIDIAI = "opaque_aten_kleidiai"
    OPAQUE_TORCHAO_AUTO = "opaque_torchao_auto"
    OPAQUE_TORCHAO_KLEIDIAI = "opaque_torchao_kleidiai"
    OPAQUE_TORCHAO_LOWBIT = "opaque_torchao_lowbit"


class IntxChooseQParamsAlgorithm(_Word):
    """How ranges of any number of bits are found."""

    AFFINE = "affine"
    HQQ_SCALE_ONLY = "hqq_scale_only"


def _refuse(what, why):
    raise NotImplementedError(f"{what} is not supported: {why}")


def _one_of(config, name, wanted):
    value = getattr(config, name)
    if value not in wanted:
        raise ValueError(f"{type(config).__name__} got {name}={value}: expected one of {', '.join(map(str, wanted))}")


def _plain_layout(config):
    if not isinstance(config.layout, Layout):
        raise ValueError(f"{type(config).__name__} got layout {config.layout!r}: expected a layout of torchao.dtypes")
    if not config.layout.is_dense:
        _refuse(f"{type(config).__name__}(layout={config.layout})", "weights are kept dense")


@dataclasses.dataclass
class Int8WeightOnlyConfig(AOBaseConfig):
    """int8 weights with a scale per row (or for all, or per group), inputs in float."""

    group_size: int | None = None
    granularity: Granularity = PerRow()
    set_inductor_config: bool = True
    version: int = 2

    def __post_init__(self):
        if not isinstance(self.granularity, (PerRow, PerTensor)):
            raise ValueError(f"Int8WeightOnlyConfig got granularity {self.granularity}: expected PerRow() or PerTensor()")


@dataclasses.dataclass
class Int8DynamicActivationInt8WeightConfig(AOBaseConfig):
    """int8 weights with a scale per row, inputs rounded to int8 in every call, without zero points."""

    layout: Layout = PlainLayout()
    act_mapping_type: MappingType = MappingType.SYMMETRIC
    weight_only_decode: bool = False
    granularity: Granularity = PerRow()
    set_inductor_config: bool = True
    version: int = 2

    def __post_init__(self):
        _plain_layout(self)
        if self.act_mapping_type != MappingType.SYMMETRIC:
            _refuse("Int8DynamicActivationInt8WeightConfig(act_mapping_type=ASYMMETRIC)", "inputs are rounded without zero points")
        if self.weight_only_decode:
            _refuse("Int8DynamicActivationInt8WeightConfig(weight_only_decode=True)", "every call rounds its inputs")


@dataclasses.dataclass
class Int8StaticActivationInt8WeightConfig(AOBaseConfig):
    """The same with one scale of the inputs, which is given."""

    act_quant_scale: torch.Tensor | None = None
    granularity: Granularity = PerRow()
    act_mapping_type: MappingType = MappingType.SYMMETRIC
    set_inductor_config: bool = True
    version: int = 2

    def __post_init__(self):
        if self.act_mapping_type != MappingType.SYMMETRIC:
            _refuse("Int8StaticActivationInt8WeightConfig(act_mapping_type=ASYMMETRIC)", "inputs are rounded without zero points")
        if self.act_quant_scale is not None and self.act_quant_scale.numel() != 1:
            _refuse(
                f"Int8StaticActivationInt8WeightConfig with {self.act_quant_scale.numel()} scales",
                "all inputs share one scale that is known before",
            )


@dataclasses.dataclass
class Int4WeightOnlyConfig(AOBaseConfig):
    """4-bit weights in groups with zero points that are numbers, inputs in float."""

    group_size: int = 128
    set_inductor_config: bool = True
    int4_packing_format: Int4PackingFormat = Int4PackingFormat.PLAIN
    int4_choose_qparams_algorithm: Int4ChooseQParamsAlgorithm = Int4ChooseQParamsAlgorithm.TINYGEMM
    version: int = 2
    # What version 1 had.
    layout: Layout | None = None
    use_hqq: bool = False
    zero_point_domain: object = None
    preserve_zero: bool | None = None

    def __post_init__(self):
        _one_of(self, "int4_packing_format", list(Int4PackingFormat))
        if self.use_hqq or self.int4_choose_qparams_algorithm == Int4ChooseQParamsAlgorithm.HQQ:
            _refuse("Int4WeightOnlyConfig with HQQ", "ranges reach from the smallest to the largest number of a group (tinygemm)")
        if self.int4_packing_format == Int4PackingFormat.MARLIN_SPARSE:
            _refuse("Int4PackingFormat.MARLIN_SPARSE", "weights are kept dense")


@dataclasses.dataclass
class Int8DynamicActivationInt4WeightConfig(AOBaseConfig):
    """4-bit weights in groups, inputs rounded row by row to int8 with zero points in every call."""

    group_size: int = 32
    layout: Layout = PlainLayout()
    mapping_type: MappingType = MappingType.SYMMETRIC
    act_mapping_type: MappingType = MappingType.ASYMMETRIC
    set_inductor_config: bool = True

    def __post_init__(self):
        _plain_layout(self)
        if self.act_mapping_type != MappingType.ASYMMETRIC:
            _refuse("Int8DynamicActivationInt4WeightConfig(act_mapping_type=SYMMETRIC)", "inputs are rounded with zero points")


_INTX = [getattr(torch, f"int{bits}") for bits in range(1, 9)]


def _check_intx(config, granularity):
    _one_of(config, "weight_dtype", _INTX)
    if not isinstance(granularity, (PerAxis, PerGroup)) or isinstance(granularity, PerAxis) and granularity.axis != 0:
        raise ValueError(f"{type(config).__name__} got granularity {granularity}: expected PerGroup(size) or PerAxis(0)")
    if config.intx_choose_qparams_algorithm != IntxChooseQParamsAlgorithm.AFFINE:
        _refuse(f"{type(config).__name__} with HQQ", "ranges reach over all numbers of a group")


@dataclasses.dataclass
class IntxWeightOnlyConfig(AOBaseConfig):
    """Weights of one to eight bits, inputs in float; also for nn.Embedding."""

    weight_dtype: torch.dtype = torch.int8
    granularity: Granularity = PerAxis(0)
    mapping_type: MappingType = MappingType.SYMMETRIC
    scale_dtype: torch.dtype | None = None
    intx_packing_format: IntxPackingFormat = IntxPackingFormat.UNPACKED_TO_INT8
    intx_choose_qparams_algorithm: IntxChooseQParamsAlgorithm = IntxChooseQParamsAlgorithm.AFFINE
    version: int = 2

    def __post_init__(self):
        _check_intx(self, self.granularity)


@dataclasses.dataclass
class Int8DynamicActivationIntxWeightConfig(AOBaseConfig):
    """Weights of one to eight bits, inputs rounded row by row to int8 with zero points in every call."""

    weight_dtype: torch.dtype = torch.int8
    weight_granularity: Granularity = PerGroup(32)
    weight_mapping_type: MappingType = MappingType.SYMMETRIC
    weight_scale_dtype: torch.dtype | None = None
    act_mapping_type: MappingType = MappingType.ASYMMETRIC
    intx_packing_format: IntxPackingFormat = IntxPackingFormat.UNPACKED_TO_INT8
    intx_choose_qparams_algorithm: IntxChooseQParamsAlgorithm = IntxChooseQParamsAlgorithm.AFFINE
    version: int = 2

    def __post_init__(self):
        _check_intx(self, self.weight_granularity)
        if self.act_mapping_type != MappingType.ASYMMETRIC:
            _refuse("Int8DynamicActivationIntxWeightConfig(act_mapping_type=SYMMETRIC)", "inputs are rounded with zero points")


@dataclasses.dataclass
class UIntXWeightOnlyConfig(AOBaseConfig):
    """Weights of one to eight bits in groups with zero points, inputs in float."""

    dtype: torch.dtype = torch.uint4
    group_size: int = 64
    pack_dim: int = -1
    use_hqq: bool = False
    set_inductor_config: bool = True

    def __post_init__(self):
        _one_of(self, "dtype", [getattr(torch, f"uint{bits}") for bits in range(1, 9)])
        if self.use_hqq:
            _refuse("UIntXWeightOnlyConfig(use_hqq=True)", "ranges reach over all numbers of a group")


@dataclasses.dataclass
class Float8WeightOnlyConfig(AOBaseConfig):
    """Weights in float8 with a scale per row, inputs as they are."""

    weight_dtype: torch.dtype = torch.float8_e4m3fn
    set_inductor_config: bool = True
    version: int = 2


@dataclasses.dataclass
class Float8DynamicActivationFloat8WeightConfig(AOBaseConfig):
    """Weights and inputs in float8; products are summed in float."""

    activation_dtype: torch.dtype = torch.float8_e4m3fn
    weight_dtype: torch.dtype = torch.float8_e4m3fn
    granularity: object = None
    packing_format: str = "plain"
    mm_config: object = None
    activation_value_lb: float | None = None
    activation_value_ub: float | None = None
    kernel_preference: object = None
    set_inductor_config: bool = True
    version: int = 2

    def granularities(self):
        """(of inputs, of weights)"""
        given = PerTensor() if self.granularity is None else self.granularity
        both = tuple(given) if isinstance(given, (list, tuple)) else (given, given)
        if len(both) != 2 or type(both[0]) is not type(both[1]) or not isinstance(both[0], (PerRow, PerTensor)):
            raise ValueError(f"granularity is {self.granularity}: expected PerTensor() or PerRow(), for inputs and weights alike")
        return both

    def __post_init__(self):
        self.granularities()


class FqnToConfig(AOBaseConfig):
    """A configuration for each module (or its weight) by name; "re:PATTERN" fits whole names, None leaves a module alone.

    "_default" is for the linear layers that nothing else fits.
    """

    def __init__(self, fqn_to_config=None, module_fqn_to_config=None, version=1):
        given = fqn_to_config if module_fqn_to_config is None else module_fqn_to_config
        self.fqn_to_config = self.module_fqn_to_config = OrderedDict(given or {})
        self.version = version

    def __repr__(self):
        return f"FqnToConfig({dict(self.fqn_to_config)})"


def _absent(name, why):
    def __init__(self, *args, **kwargs):
        _refuse(f"torchao.quantization.{name}", why)

    return type(name, (AOBaseConfig,), {"__init__": __init__, "__doc__": f"Refused: {why}.", "__module__": __name__})


_FLOAT8 = "float8 inputs go with float8 weights here, scaled in every call"
ABSENT = {
    "Float8StaticActivationFloat8WeightConfig": _FLOAT8,
    "Float8DynamicActivationInt4WeightConfig": _FLOAT8,
    "Float8DynamicActivationFloat8SemiSparseWeightConfig": "weights are kept dense",
    "FPXWeightOnlyConfig": "floats of three to seven bits have no kernel; float8 and 4-bit weights have",
    "GemliteUIntXWeightOnlyConfig": "it is Gemlite's kernels for GPUs; UIntXWeightOnlyConfig asks for the same numbers",
    "Int4DynamicActivationInt4WeightConfig": "inputs of four bits have no kernel; Int8DynamicActivationInt4WeightConfig rounds them to eight",
}
globals().update({name: _absent(name, why) for name, why in ABSENT.items()})
