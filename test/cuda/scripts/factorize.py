"""A factorization of a matrix on the GPU, for a profile of a script."""

import torch

x = torch.randn(8, 8, device="cuda")
print(torch.linalg.cholesky(x @ x.mT + 8 * torch.eye(8, device="cuda")).diagonal().min().item() > 0)
