"""Quantized graphs on integer kernels: nodes that round, or compute with real numbers between two roundings, become layers and steps that
hand codes on. Moves no result by more than the last code; what has no integer form stays as it stands."""

import torch

from layerwise.onnx.integers.fuse import fuse
from layerwise.onnx.integers.push import push_down
from layerwise.onnx.integers.view import View

_SIGNS = {
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "QGemm", "MatMulNBits",
    "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
}


def take_integers(graph, uses_of):
    """Rewrites the graph's nodes; gives {node: layer}. `uses_of(graph)`: who reads what, graphs inside of nodes too."""
    if not any(node.operator.op in _SIGNS for node in graph.nodes):
        return {}
    before = uses_of(graph)
    push_down(View(graph, before))
    with torch.no_grad():
        layers = fuse(View(graph, uses_of(graph)))
    _drop_idle(graph, before, uses_of)
    left = set(graph.nodes)
    return {node: layer for node, layer in layers.items() if node in left}


def _drop_idle(graph, before, uses_of):
    """Takes out what was read before and is not any more."""
    kept = {item["name"] for item in graph.outputs}
    while True:
        now = uses_of(graph)
        was_read = lambda node: any(name in before for name in node.outputs)
        is_read = lambda node: any(name in kept or name in now for name in node.outputs)
        left = [node for node in graph.nodes if is_read(node) or not was_read(node)]
        if len(left) == len(graph.nodes):
            break
        graph.nodes = left
    for name in [name for name in graph.initializers if name in before and name not in now and name not in kept]:
        del graph.initializers[name]
