"""QATConfig: rounding goes into a model before training, and numbers of few bits take its place behind it."""

import dataclasses
import enum
import logging

from torch import nn

from torchao.core.config import AOBaseConfig
from torchao.quantization.qat.fake_quantize_config import FakeQuantizeConfigBase, inferred
from torchao.quantization.qat.layers import FakeQuantizedEmbedding, FakeQuantizedLinear
from torchao.quantization.quant_api import _HANDLERS, register_quantize_module_handler

_log = logging.getLogger(__name__)


class QATStep(str, enum.Enum):
    """Before training, or behind it."""

    PREPARE = "prepare"
    CONVERT = "convert"


class QATConfig(AOBaseConfig):
    """base_config says what the model becomes; or how weights and activations are rounded is said in so many words."""

    def __init__(self, base_config=None, activation_config=None, weight_config=None, *, step="prepare"):
        self.base_config, self.activation_config, self.weight_config = base_config, activation_config, weight_config
        self.step = step.lower() if isinstance(step, str) else step
        words = [each.value for each in QATStep]
        if self.step not in words:
            raise ValueError(f"`step` must be one of {words}")
        if base_config is not None and (activation_config is not None or weight_config is not None):
            raise ValueError("Cannot specify both `base_config` and `activation_config` or `weight_config`")
        if self.step == "prepare" and base_config is None and activation_config is None and weight_config is None:
            raise ValueError("Must specify `base_config`, `activation_config`, or `weight_config` in the prepare step")
        if self.step == "convert" and (activation_config is not None or weight_config is not None):
            raise ValueError("Cannot specify `activation_config` or `weight_config` in the convert step")
        for config in (activation_config, weight_config):
            if config is not None and not isinstance(config, FakeQuantizeConfigBase):
                raise ValueError(f"QATConfig got a {type(config).__name__}: expected a FakeQuantizeConfig")

    def __repr__(self):
        return (
            f"QATConfig(base_config={self.base_config}, activation_config={self.activation_config}, "
            f"weight_config={self.weight_config}, step={self.step!r})"
        )


def _prepared(module, activations, weights):
    if isinstance(module, nn.Linear):
        return FakeQuantizedLinear.from_linear(module, activations, weights)
    if isinstance(module, nn.Embedding):
        if activations is not None:
            raise ValueError("Activation fake quantization is not supported for embedding")
        return FakeQuantizedEmbedding.from_embedding(module, weights)
    raise ValueError(f"Module of type '{type(module)}' does not have QAT support")


def _plain(module):
    if isinstance(module, FakeQuantizedLinear):
        return module.to_linear()
    return module.to_embedding() if isinstance(module, FakeQuantizedEmbedding) else module


@register_quantize_module_handler(QATConfig)
def _carry_out(module, config):
    if config.step == "prepare":
        both = (config.activation_config, config.weight_config) if config.base_config is None else inferred(config.base_config)
        return _prepared(module, *both)
    made = _plain(module)
    if made is module:
        _log.info("QATConfig(step='convert') leaves a %s as it is: nothing was rounded in it", type(module).__name__)
        return module
    return made if config.base_config is None else _HANDLERS[type(config.base_config)](made, config.base_config)


@dataclasses.dataclass
class IntXQuantizationAwareTrainingConfig(AOBaseConfig):
    """The first step, as it was written before QATConfig."""

    activation_config: FakeQuantizeConfigBase | None = None
    weight_config: FakeQuantizeConfigBase | None = None


class FromIntXQuantizationAwareTrainingConfig(AOBaseConfig):
    """The second: plain layers again."""


@register_quantize_module_handler(IntXQuantizationAwareTrainingConfig)
def _prepare(module, config):
    return _prepared(module, config.activation_config, config.weight_config)


@register_quantize_module_handler(FromIntXQuantizationAwareTrainingConfig)
def _convert(module, config):
    return _plain(module)


def initialize_fake_quantizers(model, example_inputs):
    """One call, in which scales that do not change later are chosen."""
    import torch

    with torch.no_grad():
        model(*example_inputs)
