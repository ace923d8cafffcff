"""What one call costs when there is nothing to compute: 2 x 2 tensors, microseconds per call."""

import time

import torch
import torch.nn.functional as F
from torch import nn

from timing import report

# Short rounds, of which the least counts: other programs on the machine leave some of them alone.
CALLS = 100
ROUNDS = 28
WARMUP = 1000

torch.set_num_threads(1)
torch.manual_seed(0)
a = torch.randn(2, 2)
b = torch.randn(2, 2)
bias = torch.randn(2)
linear = nn.Linear(2, 2)
multihead = nn.MultiheadAttention(8, 2, batch_first=True)
tokens = torch.randn(1, 3, 8)


def microseconds(call, finish):
    """Per call, the least of many short rounds. The last result is read, so that every one is done."""
    rounds = []
    for _ in range(WARMUP):
        result = call()
    finish(result)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            result = call()
        finish(result)
        rounds.append((time.perf_counter() - start) / CALLS * 1e6)
    return [min(rounds)]


def read(result):
    return result.flatten()[0].item()


OPS = {
    "add": lambda x: x + b,
    "mul by scalar": lambda x: x * 2.0,
    "matmul": lambda x: x @ b,
    "F.linear": lambda x: F.linear(x, b, bias),
    "nn.Linear": lambda x: linear(x),
    "layer_norm": lambda x: F.layer_norm(x, (2,)),
    "softmax": lambda x: F.softmax(x, dim=-1),
    "gelu": lambda x: F.gelu(x),
    "view + view": lambda x: x.view(4).view(2, 2),
    "transpose": lambda x: x.transpose(0, 1),
    "slice": lambda x: x[0:1],
    "sum": lambda x: x.sum(),
}
NEW = {
    "empty": lambda: torch.empty(2, 2),
    "zeros": lambda: torch.zeros(2, 2),
    "full": lambda: torch.full((2, 2), 1.5),
    "arange": lambda: torch.arange(4),
    "zeros_like": lambda: torch.zeros_like(a),
    "tensor of a list": lambda: torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
    "rand": lambda: torch.rand(2, 2),
}
rows = torch.tensor([1, 0])


def put_number():
    a[0] = 1.0
    return a


OTHERS = {
    "rows by index tensor": lambda: a[rows],
    "x[0] = number": put_number,
    "tolist": lambda: a.tolist(),
    "to float64": lambda: a.to(torch.float64),
    "max_pool2d": lambda: F.max_pool2d(image, 2),
    "conv2d": lambda: F.conv2d(image, kernel, padding=1),
    "cross_entropy": lambda: F.cross_entropy(a, rows),
}
image, kernel = torch.randn(1, 1, 4, 4), torch.randn(2, 1, 3, 3)

metrics = {}
with torch.no_grad():
    for name, make in NEW.items():
        metrics[name] = microseconds(make, lambda t: t.shape)
    for name, call in OTHERS.items():
        metrics[f"{name}, no grad"] = microseconds(call, lambda result: a[0, 0].item())
    for name, op in OPS.items():
        metrics[f"{name}, no grad"] = microseconds(lambda: op(a), read)
    metrics["nn.MultiheadAttention, no grad"] = microseconds(lambda: multihead(tokens, tokens, tokens)[0], read)

leaf = a.clone().requires_grad_()
ones = torch.ones(2, 2)
for name, op in OPS.items():
    metrics[f"{name}, forward"] = microseconds(lambda: op(leaf), lambda t: read(t.detach()))
for name in ("add", "matmul", "nn.Linear", "layer_norm", "softmax", "gelu"):
    op = OPS[name]

    def forward_backward():
        leaf.grad = None
        op(leaf).backward(ones)
        return leaf.grad

    metrics[f"{name}, forward + backward"] = microseconds(forward_backward, read)

parameters = [nn.Parameter(torch.randn(8, 8)) for _ in range(20)]
for parameter in parameters:
    parameter.grad = torch.randn(8, 8)
optimizer = torch.optim.AdamW(parameters)


def adamw_step():
    optimizer.step()
    return parameters[0].detach()


CALLS, WARMUP = 20, 100
metrics["AdamW step, per 8 x 8 parameter"] = [t / len(parameters) for t in microseconds(adamw_step, read)]
report(metrics, "us", read(a + b))
