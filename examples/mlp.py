"""A multilayer perceptron that learns to tell two spirals apart."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class MLP(nn.Module):
    def __init__(self, sizes: tuple[int, ...] = (784, 256, 10), dropout: float = 0.0):
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in zip(sizes[:-2], sizes[1:-1]):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
        layers.append(nn.Linear(sizes[-2], sizes[-1]))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x.flatten(1))


def spirals(n: int, noise: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    """n points on two interleaved spirals, and which spiral each belongs to."""
    label = torch.randint(0, 2, (n,))
    turn = 3 * math.pi * torch.rand(n).sqrt()
    angle = turn + math.pi * label
    points = torch.stack([turn * angle.cos(), turn * angle.sin()], dim=1) / 3
    return points + noise * torch.randn(n, 2), label


if __name__ == "__main__":
    torch.manual_seed(0)
    model = MLP(sizes=(2, 64, 64, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    points, label = spirals(1000)
    for step in range(301):
        loss = F.cross_entropy(model(points), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            accuracy = (model(points).argmax(dim=1) == label).float().mean()
            print(f"step {step} loss {loss.item():.4f} accuracy {accuracy.item():.3f}")
