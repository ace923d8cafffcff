"""torch.linalg: what can be said with products and reductions."""

from torch._gen.linalg import *
from torch._gen import functions as _f


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    return x.norm(ord, dim, keepdim, dtype)


def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    if ord is None or dim is None or isinstance(dim, int) or len(dim) == 1:
        return A.norm(2 if ord is None else ord, dim, keepdim, dtype)
    return matrix_norm(A, ord, dim, keepdim, dtype=dtype)


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    if ord == "fro":
        return A.norm(2, dim, keepdim, dtype)
    raise NotImplementedError(f"matrix_norm(ord={ord!r}) is not supported yet; docs/ops.md lists what is")


def vecdot(x, y, *, dim=-1):
    return (x * y).sum(dim)


def cross(input, other, *, dim=-1):
    import torch

    return torch.cross(input, other, dim=dim)


def multi_dot(tensors):
    product = tensors[0]
    for t in tensors[1:]:
        product = _f.matmul(product, t)
    return product


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    return _f.diagonal(A, offset, dim1, dim2)
