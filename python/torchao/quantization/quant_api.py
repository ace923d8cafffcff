"""quantize_: puts weights of few bits into the layers of a model, by a configuration or by one for each name."""

import logging
import re

import torch
from torch import nn

from torchao.core.config import AOBaseConfig
from torchao.quantization import configs
from torchao.quantization.float8_tensor import Float8Tensor, check_dtype
from torchao.quantization.granularity import PerGroup, PerRow
from torchao.quantization.int4_tensor import Int4Tensor
from torchao.quantization.int8_static_tensor import Int8StaticTensor
from torchao.quantization.int8_tensor import Int8Tensor, QuantizeTensorToInt8Kwargs
from torchao.quantization.intx_tensor import IntxUnpackedToInt8Tensor
from torchao.quantization.quant_primitives import MappingType
from torchao.utils import TorchAOBaseTensor

_log = logging.getLogger(__name__)
_HANDLERS = {}
# int8 products of so few columns cost more than what they save, and torchao leaves them alone.
_FEW_COLUMNS = 16


def register_quantize_module_handler(config_type):
    """A decorator: handler(module, config) returns the module that takes its place."""

    def register(handler):
        _HANDLERS[config_type] = handler
        return handler

    return register


def _is_linear(mod, *args):
    return isinstance(mod, nn.Linear) and hasattr(mod, "weight") and not isinstance(mod.weight, TorchAOBaseTensor)


def quantize_(model, config, filter_fn=None, device=None, set_inductor_config=None):
    """Changes the model in place: every module that filter_fn(module, name) picks, linear layers unless told otherwise."""
    if isinstance(config, configs.FqnToConfig):
        if filter_fn is not None:
            raise ValueError("quantize_ got a filter_fn and a FqnToConfig: expected one of them, both choose modules")
        _by_names(model, config, device)
        return
    if isinstance(config, AOBaseConfig):
        handler = _HANDLERS.get(type(config))
        if handler is None:
            raise NotImplementedError(f"quantize_ got a {type(config).__name__}, for which no handler is registered")
        apply = lambda module: handler(module, config)
    elif callable(config):
        apply = config
    else:
        raise TypeError(f"quantize_ got a config of type {type(config).__name__}: expected a configuration of torchao.quantization")
    _replace(model, apply, filter_fn or _is_linear, "", device)


def _replace(module, apply, wanted, path, device):
    if wanted(module, path):
        return apply(module if device is None else module.to(device))
    for name, child in list(module.named_children()):
        made = _replace(child, apply, wanted, f"{path}.{name}" if path else name, device)
        if made is not child:
            setattr(module, name, made)
    return module if device is None else module.to(device)


def _fitting(path, config):
    """(is a configuration named for it?, the configuration): a name itself goes before patterns, these in their order."""
    known = config.fqn_to_config
    names = (path, f"{path}.weight" if path else "weight")
    for name in names:
        if name in known:
            return True, known[name]
    patterns = [(pattern[3:], found) for pattern, found in known.items() if pattern.startswith("re:")]
    fitting = [found for pattern, found in patterns if any(re.fullmatch(pattern, name) for name in names)]
    return (True, fitting[0]) if fitting else (False, None)


def _takes(module, config):
    """Is it a layer that a pattern means? Norms among what it fits stay as they are."""
    return _is_linear(module) or (isinstance(module, nn.Embedding) and isinstance(config, configs.IntxWeightOnlyConfig))


def _by_names(model, config, device):
    known = config.fqn_to_config

    def choice(module, path):
        is_named, found = _fitting(path, config)
        if not is_named:
            return known.get("_default") if _is_linear(module) else None
        is_exact = path in known or f"{path}.weight" in known
        return found if found is not None and (is_exact or _takes(module, found)) else None

    # The walk of filters, with a handler that depends on the name.
    def walk(module, path):
        found = choice(module, path) if isinstance(getattr(module, "weight", None), torch.Tensor) else None
        if found is not None:
            return _HANDLERS[type(found)](module if device is None else module.to(device), found)
        for name, child in list(module.named_children()):
            made = walk(child, f"{path}.{name}" if path else name)
            if made is not child:
                setattr(module, name, made)
        return module

    walk(model, "")


def fqn_matches_fqn_config(fqn, config):
    return _fitting(fqn, config)[0]


def _put(module, weight):
    module.weight = nn.Parameter(weight, requires_grad=False)
    return module


def _handles(config_type):
    """Registers a function of (weight, config) that gives the new weight, or None where the module stays as it is."""

    def register(make):
        def handler(module, config):
            weight = getattr(module, "weight", None)
            if not isinstance(weight, torch.Tensor):
                raise ValueError(f"{config_type.__name__} got a {type(module).__name__}: expected a module with a weight")
            made = make(weight, config)
            return module if made is None else _put(module, made)

        _HANDLERS[config_type] = handler
        return make

    return register


def _skipped(weight, config, why):
    _log.info("%s leaves a weight of shape %s as it is: %s", type(config).__name__, tuple(weight.shape), why)


@_handles(configs.Int8WeightOnlyConfig)
def _int8(weight, config):
    return Int8Tensor.from_hp(weight, config.granularity, group_size=config.group_size)


@_handles(configs.Int8DynamicActivationInt8WeightConfig)
def _int8_dynamic(weight, config):
    if config.version == 1 and weight.shape[-1] <= _FEW_COLUMNS:
        return _skipped(weight, config, f"it has {weight.shape[-1]} columns")
    steps = 254 if config.version == 1 else 255
    rounding = QuantizeTensorToInt8Kwargs(config.granularity, config.act_mapping_type, steps)
    return Int8Tensor.from_hp(weight, config.granularity, rounding)


@_handles(configs.Int8StaticActivationInt8WeightConfig)
def _int8_static(weight, config):
    if config.act_quant_scale is None:
        raise ValueError("Int8StaticActivationInt8WeightConfig got act_quant_scale=None: expected the scale of the inputs")
    return Int8StaticTensor.from_hp(weight, config.granularity, config.act_quant_scale)


@_handles(configs.Int4WeightOnlyConfig)
def _int4(weight, config):
    if weight.shape[-1] % config.group_size:
        return _skipped(weight, config, f"groups of {config.group_size} do not fill its rows")
    return Int4Tensor.from_hp(weight, (1, config.group_size))


def _intx(weight, dtype, granularity, mapping, activations, scale_dtype=None):
    size = granularity.group_size if isinstance(granularity, PerGroup) else weight.shape[-1]
    return IntxUnpackedToInt8Tensor.from_hp(
        weight, (1, size), dtype, mapping_type=mapping, activation_quantization=activations, scale_dtype=scale_dtype
    )


@_handles(configs.IntxWeightOnlyConfig)
def _intx_weight(weight, config):
    return _intx(weight, config.weight_dtype, config.granularity, config.mapping_type, None, config.scale_dtype)


@_handles(configs.Int8DynamicActivationIntxWeightConfig)
def _intx_dynamic(weight, config):
    return _intx(
        weight, config.weight_dtype, config.weight_granularity, config.weight_mapping_type, "int8_asym_per_token",
        config.weight_scale_dtype,
    )


@_handles(configs.Int8DynamicActivationInt4WeightConfig)
def _int4_dynamic(weight, config):
    if weight.shape[-1] % config.group_size:
        return _skipped(weight, config, f"groups of {config.group_size} do not fill its rows")
    return _intx(weight, torch.int4, PerGroup(config.group_size), config.mapping_type, "int8_asym_per_token")


@_handles(configs.UIntXWeightOnlyConfig)
def _uintx(weight, config):
    # Codes from 0 with a zero point are codes from the middle with another one.
    signed = getattr(torch, str(config.dtype).removeprefix("torch.u"))
    return _intx(weight, signed, PerGroup(config.group_size), MappingType.ASYMMETRIC, None)


@_handles(configs.Float8WeightOnlyConfig)
def _float8(weight, config):
    return Float8Tensor.from_hp(weight, config.weight_dtype, PerRow())


@_handles(configs.Float8DynamicActivationFloat8WeightConfig)
def _float8_dynamic(weight, config):
    check_dtype(config.activation_dtype)
    inputs, weights = config.granularities()
    dtype = str(config.activation_dtype).removeprefix("torch.")
    by = "row" if isinstance(inputs, PerRow) else "tensor"
    ends = f"{config.activation_value_lb} {config.activation_value_ub}"
    return Float8Tensor.from_hp(weight, config.weight_dtype, weights, f"{by} {dtype} {ends}")


def swap_conv2d_1x1_to_linear(model, filter_fn=None):
    """Convolutions of one pixel become linear layers over channels last, which quantize_ knows."""

    def is_pointwise(module, *args):
        return (
            isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.stride == (1, 1)
            and module.padding == (0, 0) and module.groups == 1
        )

    _replace(model, _ChannelsLastLinear, filter_fn or is_pointwise, "", None)


class _ChannelsLastLinear(nn.Module):
    """A linear layer over the channels of images."""

    def __init__(self, conv):
        super().__init__()
        self.mod = nn.Linear(conv.in_channels, conv.out_channels, bias=conv.bias is not None)
        self.mod.weight = nn.Parameter(conv.weight.detach().flatten(1))
        self.mod.bias = conv.bias
        self.train(conv.training)

    def forward(self, x):
        return self.mod(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
