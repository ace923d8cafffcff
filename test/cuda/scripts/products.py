"""Products on the GPU, for a profile of a script."""

import torch

x = torch.arange(64 * 64.0, device="cuda").reshape(64, 64) / 4096
for _ in range(3):
    x = (x @ x).tanh()
print(x.shape)
