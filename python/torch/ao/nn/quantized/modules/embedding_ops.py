"""Tables of eight or four bits, a scale and a floating zero point for each row; what is looked up are floats."""

import torch
from torch import nn
from torch.ao.nn.qat.modules import embedding_ops as trained
from torch.ao.nn.quantized.modules.utils import _hide_packed_params_repr, _quantize_weight

__all__ = ["Embedding", "EmbeddingBag", "EmbeddingPackedParams"]

_DTYPES = (torch.quint8, torch.quint4x2)


def _empty_rows(num_embeddings, embedding_dim, dtype):
    return torch._empty_per_channel_affine_quantized(
        [num_embeddings, embedding_dim], scales=torch.ones(num_embeddings), zero_points=torch.zeros(num_embeddings),
        axis=0, dtype=dtype,
    )


class EmbeddingPackedParams(nn.Module):
    """The packed rows, saved as the quantized tensor that they were made of."""

    _version = 1

    def __init__(self, num_embeddings, embedding_dim, dtype=torch.quint8):
        super().__init__()
        self.dtype = dtype
        if dtype not in _DTYPES:
            raise NotImplementedError(f"Unsupported dtype on quantized embedding! Supports quint8 and quint4x2. Got dtype: {dtype}")
        self.set_weight(_empty_rows(num_embeddings, embedding_dim, dtype))

    def set_weight(self, weight):
        self._packed_weight = torch.ops.quantized.embedding_bag_prepack(weight)

    def _weight(self):
        return torch.ops.quantized.embedding_bag_unpack(self._packed_weight)

    def forward(self, x):
        return x

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "dtype"] = self.dtype
        destination[prefix + "_packed_weight"] = self._weight()

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        self.dtype = state_dict.pop(prefix + "dtype")
        self.set_weight(state_dict.pop(prefix + "_packed_weight"))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def __repr__(self):
        return repr(self._weight())


def _observed_weight(cls, mod, kind, trained_kind):
    """(the rows as integers, their dtype)"""
    from torch.ao.quantization.qconfig import float_qparams_weight_only_qconfig

    if hasattr(mod, "weight_fake_quant"):
        if trained_kind is not None and type(mod) is not trained_kind:
            raise AssertionError(f"nnq.{cls.__name__}.from_float with fake quant only works for {trained_kind.__name__}")
        observer = mod.weight_fake_quant
    else:
        if type(mod) is not kind:
            raise AssertionError(f"nnq.{cls.__name__}.from_float only works for {kind.__name__}")
        if not hasattr(mod, "qconfig"):
            raise AssertionError(f"{kind.__name__} input float module must have qconfig defined")
        is_given = mod.qconfig is not None and mod.qconfig.weight is not None
        observer = (mod.qconfig if is_given else float_qparams_weight_only_qconfig).weight()
    if observer.qscheme != torch.per_channel_affine_float_qparams:
        raise AssertionError(f"{kind.__name__} quantization is only supported with float_qparams_weight_only_qconfig.")
    if observer.dtype not in _DTYPES:
        raise AssertionError(
            f"The only supported dtype for nnq.{kind.__name__} is torch.quint8 and torch.quint4x2, got {observer.dtype}"
        )
    observer(mod.weight)
    return _quantize_weight(mod.weight.float(), observer), observer.dtype


class Embedding(nn.Module):
    _version = 1

    def __init__(
        self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
        sparse=False, _weight=None, dtype=torch.quint8,
    ):
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.dtype = dtype
        if _weight is None:
            _weight = _empty_rows(num_embeddings, embedding_dim, torch.quint8)
        elif list(_weight.shape) != [num_embeddings, embedding_dim]:
            raise AssertionError(
                "Shape of weight does not match num_embeddings and embedding_dim: "
                f"expected {[num_embeddings, embedding_dim]}, got {list(_weight.shape)}"
            )
        self._packed_params = EmbeddingPackedParams(num_embeddings, embedding_dim, dtype)
        self._packed_params.set_weight(_weight)

    def forward(self, indices):
        operators = torch.ops.quantized
        look_up = operators.embedding_4bit if self.dtype == torch.quint4x2 else operators.embedding_byte
        return look_up(self._packed_params._packed_weight, indices)

    def _get_name(self):
        return "QuantizedEmbedding"

    def __repr__(self):
        return _hide_packed_params_repr(self, EmbeddingPackedParams)

    def extra_repr(self):
        return (
            f"num_embeddings={self.num_embeddings}, embedding_dim={self.embedding_dim}, "
            f"dtype={self._packed_params.dtype}, qscheme={self.weight().qscheme()}"
        )

    def set_weight(self, w):
        self._packed_params.set_weight(w)

    def weight(self):
        return self._packed_params._weight()

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        weight, _ = _observed_weight(cls, mod, nn.Embedding, trained.Embedding)
        made = Embedding(mod.num_embeddings, mod.embedding_dim)
        made.set_weight(weight)
        return made

    @classmethod
    def from_reference(cls, ref):
        return cls(
            ref.num_embeddings, ref.embedding_dim, ref.padding_idx, ref.max_norm, ref.norm_type, ref.scale_grad_by_freq,
            ref.sparse, ref.get_quantized_weight(), ref.weight_dtype,
        )


class EmbeddingBag(Embedding):
    """Sums of rows."""

    _version = 1

    def __init__(
        self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode="sum",
        sparse=False, _weight=None, include_last_offset=False, dtype=torch.quint8,
    ):
        super().__init__(num_embeddings, embedding_dim, _weight=_weight, dtype=dtype)
        self.mode = mode
        self.pruned_weights = False
        self.include_last_offset = include_last_offset
        self.dtype = dtype

    def forward(self, indices, offsets=None, per_sample_weights=None, compressed_indices_mapping=None):
        operators = torch.ops.quantized
        look_up = operators.embedding_bag_4bit if self.dtype == torch.quint4x2 else operators.embedding_bag_byte
        return look_up(
            self._packed_params._packed_weight, indices, offsets, False, 0, self.pruned_weights, per_sample_weights,
            compressed_indices_mapping, self.include_last_offset,
        )

    def _get_name(self):
        return "QuantizedEmbeddingBag"

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        weight, dtype = _observed_weight(cls, mod, nn.EmbeddingBag, None)
        made = EmbeddingBag(
            mod.num_embeddings, mod.embedding_dim, max_norm=mod.max_norm, norm_type=mod.norm_type,
            scale_grad_by_freq=mod.scale_grad_by_freq, mode=mod.mode, sparse=mod.sparse,
            include_last_offset=mod.include_last_offset, dtype=dtype,
        )
        made.set_weight(weight)
        return made

    @classmethod
    def from_reference(cls, ref):
        return cls(
            ref.num_embeddings, ref.embedding_dim, ref.max_norm, ref.norm_type, ref.scale_grad_by_freq, ref.mode,
            ref.sparse, ref.get_quantized_weight(), ref.include_last_offset, ref.weight_dtype,
        )
