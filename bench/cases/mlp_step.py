"""One training step of a 784-256-10 perceptron, batch 64, AdamW: small enough that overhead decides."""

import torch
import torch.nn.functional as F

from timing import milliseconds, report

from mlp import MLP

torch.manual_seed(0)
model = MLP(sizes=(784, 256, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
x = torch.randn(64, 784)
y = torch.randint(0, 10, (64,))


def step():
    global last
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    last = loss.item()


report({"step": milliseconds(step, warmup=30, repeats=200)}, "ms", last)
