"""Factorizations of a small and of a larger matrix on the GPU, for a profile of a script."""

import torch

for n in (8, 64):
    x = torch.randn(n, n, device="cuda")
    print(torch.linalg.cholesky(x @ x.mT + n * torch.eye(n, device="cuda")).diagonal().min().item() > 0)
