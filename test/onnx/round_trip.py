"""Run beside the examples: each class is exported, imported again, and trained one step next to itself. A line of JSON each."""

import importlib
import io
import json
import sys

import torch

import layerwise

INPUTS = {
    "MultiHeadAttention": lambda: torch.randn(2, 16, 64),
    "GPT": lambda: torch.randint(0, 256, (2, 16)),
    "LSTMTagger": lambda: torch.randint(0, 100, (2, 7)),
    "ResNet": lambda: torch.randn(2, 3, 32, 32),
}


def first(result):
    return result[0] if isinstance(result, tuple) else result


def apart(a, b):
    """The largest difference, as a share of the largest number."""
    return ((a - b).abs().max() / b.abs().max().clamp(min=1e-6)).item()


def train(model, x):
    """(outputs before, gradient of the first parameter that is a matrix, outputs after)"""
    before = first(model(x))
    (before * before).mean().backward()
    # Weights of linear layers come back transposed, the two biases of a recurrent layer as one: a sum of squares stands for gradients.
    norms = [sum((p.grad.double() ** 2).sum().item() for p in model.parameters() if p.grad is not None)]
    torch.optim.SGD(model.parameters(), 0.1).step()
    with torch.no_grad():
        return before.detach(), torch.tensor(norms), first(model(x))


for target in sys.argv[1:]:
    file, _, name = target.partition("::")
    torch.manual_seed(0)
    model = getattr(importlib.import_module(file.removesuffix(".py")), name)().eval()
    x = INPUTS[name]()
    written = io.BytesIO()
    torch.onnx.export(model, (x,), written)
    written.seek(0)
    again = layerwise.load_onnx(written).eval()
    output, gradient, after = train(model, x)
    own_output, own_gradient, own_after = train(again, x)
    print(
        json.dumps(
            {
                "name": name,
                "output": apart(own_output, output),
                "gradient": apart(own_gradient, gradient),
                "step": apart(own_after, after),
                "moved": apart(after, output),
            }
        )
    )
