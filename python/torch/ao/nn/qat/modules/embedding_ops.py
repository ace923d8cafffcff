"""Tables with rounded rows: their observers need a floating zero point."""

import torch
from torch import nn
from torch.ao.nn.qat.modules._shared import check_float, weight_fake_quant
from torch.nn import functional as F

__all__ = ["Embedding", "EmbeddingBag"]


def _check_qscheme(qconfig, what):
    if not qconfig:
        raise AssertionError("qconfig must be provided for QAT module")
    qscheme = qconfig.weight().qscheme
    if qscheme != torch.per_channel_affine_float_qparams:
        raise AssertionError(f"{what} weights requires a qscheme of torch.per_channel_affine_float_qparams Got {qscheme}")


class Embedding(nn.Embedding):
    _FLOAT_MODULE = nn.Embedding

    def __init__(
        self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
        sparse=False, _weight=None, device=None, dtype=None, qconfig=None,
    ):
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight,
            device=device, dtype=dtype,
        )
        _check_qscheme(qconfig, "Embedding")
        self.qconfig = qconfig
        self.weight_fake_quant = weight_fake_quant(qconfig, device, dtype)

    def forward(self, input):
        return F.embedding(
            input, self.weight_fake_quant(self.weight), self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        check_float(cls, mod, type(mod))
        return cls(
            mod.num_embeddings, mod.embedding_dim, mod.padding_idx, mod.max_norm, mod.norm_type, mod.scale_grad_by_freq,
            mod.sparse, mod.weight, qconfig=mod.qconfig,
        )

    def to_float(self):
        made = nn.Embedding(
            self.num_embeddings, self.embedding_dim, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq, self.sparse,
        )
        made.weight = nn.Parameter(self.weight.detach())
        made.train(self.training)
        return made


class EmbeddingBag(nn.EmbeddingBag):
    _FLOAT_MODULE = nn.EmbeddingBag

    def __init__(
        self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="mean",
        sparse=False, _weight=None, include_last_offset=False, padding_idx=None, qconfig=None, device=None, dtype=None,
    ):
        super().__init__(
            num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, mode, sparse, _weight,
            include_last_offset, padding_idx, device=device, dtype=dtype,
        )
        _check_qscheme(qconfig, "Embedding Bag")
        self.qconfig = qconfig
        self.weight_fake_quant = weight_fake_quant(qconfig, device, dtype)

    def forward(self, input, offsets=None, per_sample_weights=None):
        return F.embedding_bag(
            input, self.weight_fake_quant(self.weight), offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.mode, self.sparse, per_sample_weights, self.include_last_offset, self.padding_idx,
        )

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        check_float(cls, mod, type(mod))
        return cls(
            mod.num_embeddings, mod.embedding_dim, mod.max_norm, mod.norm_type, mod.scale_grad_by_freq, mod.mode,
            mod.sparse, mod.weight, mod.include_last_offset, mod.padding_idx, qconfig=mod.qconfig,
        )

    def to_float(self):
        made = nn.EmbeddingBag(
            self.num_embeddings, self.embedding_dim, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode,
            self.sparse, None, self.include_last_offset, self.padding_idx,
        )
        made.weight = nn.Parameter(self.weight.detach())
        made.train(self.training)
        return made
