"""Multi-head self-attention, written out step by step (Vaswani et al. 2017)."""

import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, dim: int = 64, heads: int = 4, dropout: float = 0.0):
        super().__init__()
        if dim % heads != 0:
            raise ValueError(f"dim {dim} must be a multiple of heads {heads}")
        self.heads = heads
        self.head_dim = dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.dropout = nn.Dropout(dropout)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        batch, length, dim = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = q.view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        k = k.view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        v = v.view(batch, length, self.heads, self.head_dim).transpose(1, 2)

        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)
        if mask is not None:
            scores = scores.masked_fill(mask == 0, float("-inf"))
        weights = self.dropout(scores.softmax(dim=-1))

        out = weights @ v
        out = out.transpose(1, 2).reshape(batch, length, dim)
        return self.proj(out)


if __name__ == "__main__":
    torch.manual_seed(0)
    attention = MultiHeadAttention()
    x = torch.randn(2, 16, 64)
    causal = torch.tril(torch.ones(16, 16))
    print(attention(x).shape)
    print(attention(x, mask=causal)[0, 0, :4])
