"""Says whether there is a GPU, and where tensors are made."""

import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.up = nn.Linear(dim, 2 * dim)
        self.norm = nn.LayerNorm(2 * dim)

    def forward(self, x):
        return torch.tanh(self.norm(self.up(x)))


if __name__ == "__main__":
    print(torch.cuda.is_available(), torch.ones(2).device)
