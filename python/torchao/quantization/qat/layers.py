"""Linear layers and tables whose numbers are rounded in training."""

import torch
from torch import nn
from torch.nn import functional as F

from torchao.quantization.granularity import PerGroup
from torchao.quantization.qat.fake_quantizer import FakeQuantizerBase


def _group_of(config):
    size = getattr(config, "group_size", None) if not hasattr(config, "granularity") else None
    granularity = getattr(config, "granularity", None)
    return granularity.group_size if isinstance(granularity, PerGroup) else size


def _quantizer(config, columns, name):
    if config is None:
        return None
    group = _group_of(config)
    if group and columns % group:
        raise ValueError(f"{name} ({columns}) % group_size ({group}) must be == 0")
    return FakeQuantizerBase.from_config(config)


class FakeQuantizedLinear(nn.Linear):
    """nn.Linear with its weight, its input, or both rounded."""

    def __init__(self, in_features, out_features, bias=False, activation_config=None, weight_config=None, *args, **kwargs):
        super().__init__(in_features, out_features, bias, *args, **kwargs)
        self._watch(activation_config, weight_config)

    def _watch(self, activation_config, weight_config):
        self.activation_fake_quantizer = None if activation_config is None else FakeQuantizerBase.from_config(activation_config)
        self.weight_fake_quantizer = _quantizer(weight_config, self.in_features, "in_features")

    def forward(self, x):
        if self.activation_fake_quantizer is not None:
            x = self.activation_fake_quantizer(x)
        weight = self.weight if self.weight_fake_quantizer is None else self.weight_fake_quantizer(self.weight)
        return F.linear(x, weight, self.bias)

    @classmethod
    def from_linear(cls, mod, activation_config=None, weight_config=None):
        """The same parameters, rounded from now on."""
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        made.in_features, made.out_features = mod.in_features, mod.out_features
        made.weight, made.bias = mod.weight, mod.bias
        made._watch(activation_config, weight_config)
        return made.train(mod.training)

    def to_linear(self):
        made = nn.Linear.__new__(nn.Linear)
        nn.Module.__init__(made)
        made.in_features, made.out_features = self.in_features, self.out_features
        made.weight, made.bias = self.weight, self.bias
        return made.train(self.training)

    def enable_fake_quant(self, enabled=True):
        for quantizer in (self.activation_fake_quantizer, self.weight_fake_quantizer):
            if quantizer is not None:
                quantizer.enabled = enabled

    def disable_fake_quant(self):
        self.enable_fake_quant(False)


class FakeQuantizedEmbedding(nn.Embedding):
    """nn.Embedding with its weight rounded."""

    def __init__(self, num_embeddings, embedding_dim, *args, weight_config=None, **kwargs):
        super().__init__(num_embeddings, embedding_dim, *args, **kwargs)
        self.weight_fake_quantizer = _quantizer(weight_config, embedding_dim, "embedding_dim")

    def forward(self, x):
        weight = self.weight if self.weight_fake_quantizer is None else self.weight_fake_quantizer(self.weight)
        return F.embedding(
            x, weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def _as(self, cls):
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        for name in ("num_embeddings", "embedding_dim", "padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse"):
            setattr(made, name, getattr(self, name))
        made.weight = self.weight
        return made.train(self.training)

    @classmethod
    def from_embedding(cls, mod, weight_config=None):
        made = FakeQuantizedEmbedding._as(mod, cls)
        made.weight_fake_quantizer = _quantizer(weight_config, mod.embedding_dim, "embedding_dim")
        return made

    def to_embedding(self):
        return self._as(nn.Embedding)
