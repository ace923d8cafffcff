"""torch.linalg: what can be said with products and reductions."""

from torch import _C
import math

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
    if ord in (1, -1, math.inf, -math.inf):
        rows, columns = (d % A.dim() for d in dim)
        summed, picked = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = A.abs().sum(summed, True, dtype=dtype)
        found = sums.amax(picked, True) if ord > 0 else sums.amin(picked, True)
        return found if keepdim else found.squeeze((rows, columns))
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


def qr(A, mode="reduced"):
    """Q with orthonormal columns and upper triangular R: Householder reflections in LAPACK's convention of signs."""
    import torch

    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    if A.dim() > 2:
        parts = [qr(a, mode) for a in A.flatten(0, -3)]
        q, r = (torch.stack(group).reshape(A.shape[:-2] + group[0].shape) for group in zip(*parts))
        return _QR(q, r)
    m, n = A.shape
    q = torch.eye(m, dtype=A.dtype, device=A.device)
    r = A
    # The last row of a square matrix is left as it is: a reflection of one element could only flip its sign.
    for k in range(min(m - 1, n)):
        x = r[k:, k]
        alpha = -torch.copysign(_f._norm2(x, None, False), x[0])
        v = torch.cat([x[:1] - alpha, x[1:]])
        length = (v * v).sum()
        scale = torch.where(length == 0, torch.zeros_like(length), 2 / length)
        r = torch.cat([r[:k], r[k:] - scale * torch.outer(v, v @ r[k:])])
        q = torch.cat([q[:, :k], q[:, k:] - scale * torch.outer(q[:, k:] @ v, v)], 1)
    r = r.triu()
    if mode == "complete":
        return _QR(q, r)
    reduced = min(m, n)
    return _QR(A.new_empty(0) if mode == "r" else q[:, :reduced], r[:reduced])


_QR = _C._named_result("linalg_qr", ("Q", "R"))


def matrix_power(A, n):
    return A.matrix_power(n)


from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.linalg", _known.LINALG)
