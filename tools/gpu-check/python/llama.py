"""LLaMA (Touvron et al. 2023) in a page, with grouped heads and a cache; the defaults are the sizes of LLaMA 3.2 1B."""

import torch
import torch.nn.functional as F
from torch import nn


def turning(length, width, base=500000.0):
    """cos and sin of rotary angles, (length, width / 2) each."""
    speeds = base ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
    angles = torch.arange(length, dtype=torch.float32)[:, None] * speeds
    return angles.cos(), angles.sin()


def turned(x, cos, sin):
    first, second = x.float().chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads, dtype):
        super().__init__()
        self.heads, self.kv_heads, self.head_width = heads, kv_heads, width // heads
        self.q = nn.Linear(width, width, bias=False, dtype=dtype)
        self.k = nn.Linear(width, kv_heads * self.head_width, bias=False, dtype=dtype)
        self.v = nn.Linear(width, kv_heads * self.head_width, bias=False, dtype=dtype)
        self.o = nn.Linear(width, width, bias=False, dtype=dtype)

    def forward(self, x, cos, sin, cache, place):
        batch, length, width = x.shape
        q = self.q(x).view(batch, length, self.heads, -1).transpose(1, 2)
        k = self.k(x).view(batch, length, self.kv_heads, -1).transpose(1, 2)
        v = self.v(x).view(batch, length, self.kv_heads, -1).transpose(1, 2)
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        if cache is not None:
            keys, values = cache
            keys[:, :, place : place + length] = k
            values[:, :, place : place + length] = v
            k, v = keys[:, :, : place + length], values[:, :, : place + length]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1, enable_gqa=True)
        return self.o(y.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads, kv_heads, inner, dtype):
        super().__init__()
        self.norm1 = nn.RMSNorm(width, eps=1e-5, dtype=dtype)
        self.attention = Attention(width, heads, kv_heads, dtype)
        self.norm2 = nn.RMSNorm(width, eps=1e-5, dtype=dtype)
        self.gate = nn.Linear(width, inner, bias=False, dtype=dtype)
        self.up = nn.Linear(width, inner, bias=False, dtype=dtype)
        self.down = nn.Linear(inner, width, bias=False, dtype=dtype)

    def forward(self, x, cos, sin, cache, place):
        x = x + self.attention(self.norm1(x), cos, sin, cache, place)
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(
        self, words=128256, width=2048, layers=16, heads=32, kv_heads=8, inner=8192, most=8192, dtype=torch.bfloat16
    ):
        super().__init__()
        self.words, self.width, self.layers, self.dtype = words, width, layers, dtype
        self.kv_heads, self.head_width = kv_heads, width // heads
        self.embedding = nn.Embedding(words, width, dtype=dtype)
        self.blocks = nn.ModuleList([Block(width, heads, kv_heads, inner, dtype) for _ in range(layers)])
        self.norm = nn.RMSNorm(width, eps=1e-5, dtype=dtype)
        self.head = nn.Linear(width, words, bias=False, dtype=dtype)
        self.head.weight = self.embedding.weight
        cos, sin = turning(most, self.head_width)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def make_cache(self, batch, length):
        shape = (batch, self.kv_heads, length, self.head_width)
        return [(torch.zeros(shape, dtype=self.dtype), torch.zeros(shape, dtype=self.dtype)) for _ in self.blocks]

    def forward(self, ids, cache=None, place=0):
        length = ids.shape[1]
        cos, sin = self.cos[place : place + length], self.sin[place : place + length]
        x = self.embedding(ids)
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin, None if cache is None else cache[i], place)
        return self.head(self.norm(x))
