"""Ops that memory decides, on tensors of 64 MiB: milliseconds per call."""

import torch
import torch.nn.functional as F

from timing import milliseconds, report

torch.manual_seed(0)
x = torch.randn(16384, 1024)
y = torch.randn(16384, 1024)
weight = torch.ones(1024)
bias = torch.zeros(1024)

OPS = {
    "add": lambda: x + y,
    "gelu": lambda: F.gelu(x),
    "softmax": lambda: F.softmax(x, dim=-1),
    "layer_norm": lambda: F.layer_norm(x, (1024,), weight, bias),
    "sum of a dimension": lambda: x.sum(0),
    "transpose copy": lambda: x.t().contiguous(),
    "to bfloat16": lambda: x.to(torch.bfloat16),
    "chain of five": lambda: torch.tanh(x * y + x).mul(0.5).add(y),
    "dropout": lambda: F.dropout(x, 0.1),
    "randn": lambda: torch.randn(16384, 1024),
}

metrics = {}
with torch.no_grad():
    for name, op in OPS.items():
        metrics[name] = milliseconds(lambda: op().flatten()[-1].item(), warmup=2, repeats=5)
report(metrics, "ms", (x + y).sum().item())
