"""A graph captured once and run three times: what CUPTI tells of it is in the profile of this script."""

import torch

x = torch.ones(64, 64, device="cuda")
with torch.cuda.stream(torch.cuda.Stream()):
    torch.tanh(x @ x)
graph = torch.cuda.CUDAGraph()
with torch.cuda.graph(graph):
    y = torch.tanh(x @ x)
for _ in range(3):
    graph.replay()
torch.cuda.synchronize()
assert y.sum().item() == 64 * 64
