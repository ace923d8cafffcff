"""Tables whose optimizer state stays in 32 bits."""

import torch
from torch import nn

from bitsandbytes.optim import GlobalOptimManager


class Embedding(nn.Embedding):
    """nn.Embedding, initialized as Xavier and Glorot say."""

    def __init__(
        self, num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False,
        _weight=None, device=None, dtype=None,
    ):
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, device=device,
            dtype=dtype,
        )
        GlobalOptimManager.get_instance().register_module_override(self, "weight", {"optim_bits": 32})

    def reset_parameters(self):
        nn.init.xavier_uniform_(self.weight)
        self._fill_padding_idx_with_zero()


class StableEmbedding(Embedding):
    """The same with a layer norm behind it."""

    def __init__(self, num_embeddings, embedding_dim, *args, device=None, **kwargs):
        super().__init__(num_embeddings, embedding_dim, *args, device=device, **kwargs)
        self.norm = nn.LayerNorm(embedding_dim, device=device)

    def forward(self, input):
        return self.norm(super().forward(input).to(torch.get_default_dtype())).to(self.weight.dtype)
