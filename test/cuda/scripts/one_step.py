"""One step of training on the GPU, for a profile of a script."""

import torch
import torch.nn.functional as F

model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 5)).cuda()
optimizer = torch.optim.AdamW(model.parameters())
loss = F.cross_entropy(model(torch.randn(4, 8, device="cuda")), torch.tensor([0, 1, 2, 3], device="cuda"))
loss.backward()
optimizer.step()
print(loss.item())
