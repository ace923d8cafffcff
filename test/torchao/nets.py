"""The models and data that scripts of this folder and tools/goldens_torchao.py share: both runtimes draw the same numbers."""

import torch
from torch import nn
from torch.nn import functional as F


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(128, 64)
        self.second = nn.Linear(64, 32, bias=False)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


class Block(nn.Module):
    """Attention and a network of two layers, as in any GPT."""

    def __init__(self, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, dim)

    def forward(self, x):
        q, k, v = [part.unflatten(-1, (2, -1)).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1)]
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Small(nn.Module):
    def __init__(self, dim=64, words=48):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.blocks = nn.Sequential(Block(dim), Block(dim))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, words, bias=False)

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.embed(ids))))


def perceptron():
    torch.manual_seed(11)
    model = Perceptron().eval()
    return model, torch.randn(6, 128) * 2


def small():
    torch.manual_seed(12)
    model = Small().eval()
    return model, torch.randint(0, 48, (2, 12))


def learner():
    """(model, inputs, targets) of a task that is learned in some steps."""
    torch.manual_seed(13)
    model = Perceptron()
    x = torch.randn(64, 128)
    return model, x, torch.tanh(x[:, :32] - x[:, 32:64])


def steps(model, x, y, optimizer, count=5):
    """The losses of so many steps."""
    losses = []
    for _ in range(count):
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
