"""Trains the same small models on the CPU and on the GPU: same losses, same parameters, same gradients. Arguments: a
device, and what the model reads: "words", "vectors" or "images"."""

import sys

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Model(nn.Module):
    def __init__(self, words=31, dim=16, heads=2, length=12):
        super().__init__()
        self.words, self.places = nn.Embedding(words, dim), nn.Embedding(length, dim)
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, words, bias=False)

    def forward(self, ids):
        x = self.words(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def words(device):
    model = Model().to(device)
    ids = torch.randint(0, 31, (3, 13)).to(device)
    return model, lambda: F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())


def vectors(device):
    model = nn.Sequential(nn.Linear(5, 16), Block(16, 2), nn.LayerNorm(16), nn.Linear(16, 7), nn.LogSoftmax(-1)).to(device)
    x, y = torch.randn(3, 6, 5).to(device), torch.rand(3, 6, 7).softmax(-1).to(device)
    return model, lambda: -(model(x) * y).sum(-1).mean() + 0.01 * F.mse_loss(model[0](x), torch.zeros(16, device=device).expand(3, 6, 16))


def images(device):
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, stride=2, groups=4), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=True),
        nn.Conv2d(16, 8, 1), nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(), nn.Linear(16, 5),
    ).to(device)
    x, y = torch.randn(4, 3, 17, 19).to(device), torch.tensor([0, 3, 1, 4]).to(device)
    return model, lambda: F.cross_entropy(model(x), y)


def train(device, make, steps=4):
    torch.manual_seed(1)
    model, loss_of = make(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return model, losses


makers = {"vectors": vectors, "words": words, "images": images}
make = makers[sys.argv[2] if len(sys.argv) > 2 else "words"]
here, expected = train("cpu", make)
there, losses = train(sys.argv[1] if len(sys.argv) > 1 else "cuda", make)
for a, b in zip(losses, expected):
    assert abs(a - b) < 2e-4, (losses, expected)
for (name, a), (_, b) in zip(here.named_parameters(), there.named_parameters()):
    torch.testing.assert_close(b.cpu(), a, atol=2e-3, rtol=1e-3, msg=name)
    torch.testing.assert_close(b.grad.cpu(), a.grad, atol=1e-4, rtol=2e-2, msg=f"gradient of {name}")
print("losses", [round(loss, 3) for loss in losses])
