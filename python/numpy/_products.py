"""Products of arrays: matmul, dot, einsum and their kin. Half precision and integers are computed wider where needed."""

import torch

from numpy import _dtype
from numpy._array import cast, finish, wrap
from numpy._create import asarray
from numpy._dtype import dtype


def _pair(a, b):
    x, y = asarray(a), asarray(b)
    kind = _dtype.promote(x._dtype, y._dtype)
    inner = dtype("int64") if kind.kind == "b" else kind
    return cast(x._t, x._dtype, inner), cast(y._t, y._dtype, inner), kind, inner


def matmul(x1, x2, /, out=None, **options):
    a, b, kind, inner = _pair(x1, x2)
    if not a.dim() or not b.dim():
        raise ValueError("matmul: Input operand 0 does not have enough dimensions (has 0, gufunc core with signature "
                         "(n?,k),(k,m?)->(n?,m?) requires 1)")
    if a.shape[-1] != b.shape[-2 if b.dim() > 1 else 0]:
        raise ValueError(
            f"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) "
            f"(size {b.shape[-2 if b.dim() > 1 else 0]} is different from {a.shape[-1]})"
        )
    result = finish(cast(torch.matmul(a, b), inner, kind), kind)
    if out is None:
        return result
    out[...] = result
    return out


def dot(a, b, out=None):
    x, y, kind, inner = _pair(a, b)
    if not x.dim() or not y.dim():
        t = x * y
    elif y.dim() == 1 or (x.dim() <= 2 and y.dim() == 2):
        if x.shape[-1] != y.shape[-2 if y.dim() > 1 else 0]:
            dim = 0 if y.dim() == 1 else y.dim() - 2
            raise ValueError(
                f"shapes {_plain(x.shape)} and {_plain(y.shape)} not aligned: {x.shape[-1]} (dim {x.dim() - 1}) != "
                f"{y.shape[dim]} (dim {dim})"
            )
        t = torch.matmul(x, y)
    else:
        t = torch.tensordot(x, y, ([x.dim() - 1], [y.dim() - 2]))
    result = finish(cast(t, inner, kind), kind)
    if out is None:
        return result
    out[...] = result
    return out


def _plain(shape):
    return str(tuple(shape)).replace(" ", "")


def vdot(a, b):
    return dot(asarray(a).reshape(-1).conj(), asarray(b).reshape(-1))


def inner(a, b):
    x, y, kind, wide = _pair(a, b)
    t = x * y if not x.dim() or not y.dim() else torch.tensordot(x, y, ([x.dim() - 1], [y.dim() - 1]))
    return finish(cast(t, wide, kind), kind)


def outer(a, b, out=None):
    x, y, kind, wide = _pair(a, b)
    return wrap(cast(x.reshape(-1, 1) * y.reshape(1, -1), wide, kind), kind)


def kron(a, b):
    x, y, kind, wide = _pair(a, b)
    return wrap(cast(torch.kron(x, y), wide, kind), kind)


def cross(a, b, axis=-1):
    x, y, kind, wide = _pair(a, b)
    return wrap(torch.cross(*torch.broadcast_tensors(x, y), dim=axis), kind)


def tensordot(a, b, axes=2):
    x, y, kind, wide = _pair(a, b)
    if not hasattr(axes, "__index__"):
        axes = tuple([list(g) if isinstance(g, (list, tuple)) else [g] for g in axes])
    return wrap(cast(torch.tensordot(x, y, axes), wide, kind), kind)


def einsum(subscripts, /, *operands, out=None, optimize=False, dtype=None, **options):
    if not isinstance(subscripts, str):
        raise NotImplementedError("numpy.einsum with lists of axes is not available: write the subscripts as text")
    found = [asarray(o, dtype) for o in operands]
    kind = found[0]._dtype
    for one in found[1:]:
        kind = _dtype.promote(kind, one._dtype)
    result = finish(torch.einsum(subscripts, *[cast(a._t, a._dtype, kind) for a in found]), kind)
    if out is None:
        return result
    out[...] = result
    return out
