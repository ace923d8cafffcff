"""Products of matrices and sums over named indices."""

import torch

from layerwise.onnx.registry import operator


@operator("MatMul")
def matmul(node, a, b):
    return torch.matmul(a, b)


@operator("Gemm")
def gemm(node, a, b, c=None):
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    left = a.transpose(0, 1) if node.get("transA", 0) else a
    is_layer = node.get("transB", 0) and alpha == 1 and beta == 1 and c is not None and c.dim() == 1
    if is_layer and c.shape[0] == b.shape[0]:
        return torch.nn.functional.linear(left, b, c)
    right = b.transpose(0, 1) if node.get("transB", 0) else b
    found = torch.matmul(left, right)
    if alpha != 1:
        found = found * (alpha if found.is_floating_point() else int(alpha))
    if c is None:
        return found
    return found + (c if beta == 1 else c * (beta if c.is_floating_point() else int(beta)))


@operator("Einsum")
def einsum(node, *items):
    return torch.einsum(node.get("equation").replace(" ", ""), *items)


@operator("Det")
def det(node, x):
    return torch.linalg.det(x)
