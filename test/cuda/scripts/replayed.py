"""A graph that is captured and replayed, for a profile of a script."""

import torch

x = torch.ones(64, 64, device="cuda")
side = torch.cuda.Stream()
with torch.cuda.stream(side):
    (x @ x).relu()
torch.cuda.current_stream().wait_stream(side)
graph = torch.cuda.CUDAGraph()
with torch.cuda.graph(graph):
    y = (x @ x).relu()
for _ in range(3):
    graph.replay()
print(y.sum().item())
