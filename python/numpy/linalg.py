"""numpy.linalg over torch.linalg. Integers are computed in float64, as NumPy does."""

import torch

from numpy import _dtype
from numpy._array import cast, finish, wrap
from numpy._create import asarray
from numpy._products import cross, matmul, outer, tensordot
from numpy._shape import diagonal, matrix_transpose, trace

__all__ = [
    "LinAlgError", "norm", "inv", "pinv", "det", "slogdet", "solve", "lstsq", "qr", "svd", "svdvals", "eig", "eigh", "eigvals",
    "eigvalsh", "cholesky", "matrix_rank", "matrix_power", "cond", "multi_dot",
]


class LinAlgError(ValueError):
    """A matrix that has no such decomposition or inverse."""


def _floats(a):
    found = asarray(a)
    kind = found._dtype if found._dtype.kind in "fc" and found._dtype.name != "float16" else _dtype.dtype("float64")
    return cast(found._t, found._dtype, kind)


def _square(a):
    t = _floats(a)
    if t.dim() < 2:
        raise LinAlgError(f"{t.dim()}-dimensional array given. Array must be at least two-dimensional")
    if t.shape[-1] != t.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")
    return t


def _run(function, *args, words="Singular matrix", **options):
    try:
        return function(*args, **options)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError):
            raise
        raise LinAlgError(words) from None


def norm(x, ord=None, axis=None, keepdims=False):
    t = _floats(x)
    if axis is None and ord is None:
        flat = t.reshape(-1)
        result = torch.sqrt((flat.abs() ** 2).sum() if t.is_complex() else (flat * flat).sum())
        return finish(result.reshape((1,) * t.dim()) if keepdims else result)
    if isinstance(axis, tuple) and len(axis) == 1:
        axis = axis[0]
    is_vector = axis is not None and not isinstance(axis, tuple) or (axis is None and t.dim() == 1)
    if is_vector:
        dim = 0 if axis is None else axis
        return finish(torch.linalg.vector_norm(t, 2 if ord is None else ord, dim=dim, keepdim=keepdims))
    dims = (-2, -1) if axis is None else axis
    if ord is None:
        ord = "fro"
    return finish(torch.linalg.matrix_norm(t, ord, dim=dims, keepdim=keepdims))


def inv(a):
    return finish(_run(torch.linalg.inv, _square(a)))


def pinv(a, rcond=None, hermitian=False, *, rtol=None):
    cutoff = rcond if rcond is not None else rtol if rtol is not None else 1e-15
    return finish(torch.linalg.pinv(_floats(a), rtol=cutoff))


def det(a):
    return finish(torch.linalg.det(_square(a)))


def slogdet(a):
    sign, logabsdet = torch.linalg.slogdet(_square(a))
    return finish(sign), finish(logabsdet)


def solve(a, b):
    x, y = _square(a), _floats(b)
    kind = torch.promote_types(x.dtype, y.dtype)
    if y.dim() == 1:
        return finish(_run(torch.linalg.solve, x.to(kind), y.to(kind).unsqueeze(-1)).squeeze(-1))
    return finish(_run(torch.linalg.solve, x.to(kind), y.to(kind)))


def lstsq(a, b, rcond=None):
    x, y = _floats(a), _floats(b)
    is_vector = y.dim() == 1
    right = y.unsqueeze(-1) if is_vector else y
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    cutoff = (rcond if rcond is not None else torch.finfo(s.dtype).eps * max(x.shape)) * s.max()
    is_kept = s > cutoff
    scale = torch.where(is_kept, 1 / torch.where(is_kept, s, torch.ones_like(s)), torch.zeros_like(s))
    answer = vh.mT @ (scale.unsqueeze(-1) * (u.mT @ right))
    rank = int(is_kept.sum())
    rest = ((right - x @ answer) ** 2).sum(0)
    has_rest = rank == x.shape[1] and x.shape[0] > x.shape[1]
    rest = rest if has_rest else rest[:0]
    return wrap(answer.squeeze(-1) if is_vector else answer), wrap(rest), rank, wrap(s)


def qr(a, mode="reduced"):
    q, r = torch.linalg.qr(_floats(a), "reduced" if mode == "r" else mode)
    return wrap(r) if mode == "r" else (wrap(q), wrap(r))


def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    if not compute_uv:
        return wrap(torch.linalg.svdvals(_floats(a)))
    return tuple([wrap(t) for t in torch.linalg.svd(_floats(a), full_matrices=full_matrices)])


def svdvals(x, /):
    return wrap(torch.linalg.svdvals(_floats(x)))


def eigh(a, UPLO="L"):
    values, vectors = torch.linalg.eigh(_square(a), UPLO)
    return wrap(values), wrap(vectors)


def eigvalsh(a, UPLO="L"):
    return wrap(torch.linalg.eigvalsh(_square(a), UPLO))




def eig(a):
    values, vectors = torch.linalg.eig(_square(a))
    if not bool((torch.imag(values) != 0).any()) and not asarray(a)._dtype.kind == "c":
        return wrap(torch.real(values).clone()), wrap(torch.real(vectors).clone())
    return wrap(values), wrap(vectors)


def eigvals(a):
    return eig(a)[0]


def cholesky(a, /, *, upper=False):
    found = _run(torch.linalg.cholesky, _square(a), words="Matrix is not positive definite")
    return finish(found.mT if upper else found)


def matrix_rank(A, tol=None, hermitian=False, *, rtol=None):
    t = _floats(A)
    s = torch.linalg.svdvals(t)
    cutoff = tol if tol is not None else s.amax(-1, keepdim=True) * (
        rtol if rtol is not None else max(t.shape[-2:]) * torch.finfo(s.dtype).eps
    )
    return finish((s > cutoff).sum(-1))


def matrix_power(a, n):
    t = _square(a)
    if asarray(a)._dtype.kind in "iu" and n >= 0:
        t = asarray(a)._t
    if n < 0:
        t, n = _run(torch.linalg.inv, t), -n
    result = torch.eye(t.shape[-1], dtype=t.dtype).expand(t.shape)
    while n:
        if n & 1:
            result = result @ t
        t, n = t @ t, n >> 1
    return wrap(result.clone())


def cond(x, p=None):
    if p in (None, 2):
        s = torch.linalg.svdvals(_floats(x))
        return finish(s[..., 0] / s[..., -1])
    return norm(x, p, (-2, -1)) * norm(inv(x), p, (-2, -1))


def multi_dot(arrays, *, out=None):
    result = asarray(arrays[0])
    for one in arrays[1:]:
        result = matmul(result, one)
    return result


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    return norm(x, ord, (-2, -1), keepdims)


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    return finish(torch.linalg.vector_norm(_floats(x), ord, dim=axis, keepdim=keepdims))
