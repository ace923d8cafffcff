"""Products composed of matmul: methods of Tensor and torch functions."""

from torch._C import TensorBase
from torch._gen import functions as _f


def addmv(input, mat, vec, *, beta=1, alpha=1):
    return _scaled(input, beta, _f.mv(mat, vec), alpha)


def addr(input, vec1, vec2, *, beta=1, alpha=1):
    return _scaled(input, beta, _f.outer(vec1, vec2), alpha)


def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return _scaled(input, beta, _f.bmm(batch1, batch2).sum(0), alpha)


def _scaled(start, beta, product, alpha):
    """beta * start + alpha * product. beta = 0 means that start is not read: it may hold NaN."""
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled.expand(start.shape) if start.dim() > scaled.dim() else scaled
    return scaled + (start if beta == 1 else start * beta)


def _in_place(function):
    def write(input, *args, **kwargs):
        return input.copy_(function(input, *args, **kwargs))

    write.__name__ = function.__name__.rstrip("_") + "_"
    write.__module__ = __name__
    return write


addmv_ = _in_place(addmv)
addr_ = _in_place(addr)
addbmm_ = _in_place(addbmm)
addmm_ = _in_place(_f.addmm)
baddbmm_ = _in_place(_f.baddbmm)


def vdot(input, other):
    return _f.dot(input.conj(), other)


def inner(input, other):
    if input.dim() == 0 or other.dim() == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and {list(other.shape)}"
        )
    if other.dim() == 1:
        return _f.matmul(input, other)
    product = _f.matmul(input, other.reshape(-1, other.shape[-1]).transpose(0, 1))
    return product.reshape(input.shape[:-1] + other.shape[:-1])


def kron(input, other):
    rank = max(input.dim(), other.dim())
    left = input.reshape((1,) * (rank - input.dim()) + tuple(input.shape))
    right = other.reshape((1,) * (rank - other.dim()) + tuple(other.shape))
    spaced = left.reshape([n for size in left.shape for n in (size, 1)])
    other_spaced = right.reshape([n for size in right.shape for n in (1, size)])
    return (spaced * other_spaced).reshape([a * b for a, b in zip(left.shape, right.shape)])


def matrix_power(input, n):
    import torch

    if input.dim() < 2:
        raise RuntimeError("linalg.matrix_power: The input tensor A must have at least 2 dimensions.")
    if input.shape[-1] != input.shape[-2]:
        rows, columns = input.shape[-2:]
        raise RuntimeError(
            f"linalg.matrix_power: A must be batches of square matrices, but they are {rows} by {columns} matrices"
        )
    if n < 0:
        raise NotImplementedError("matrix_power with a negative exponent is not supported yet; docs/ops.md lists what is")
    result = None
    square = input
    while n:
        if n & 1:
            result = square if result is None else _f.matmul(result, square)
        n >>= 1
        if n:
            square = _f.matmul(square, square)
    if result is None:
        return torch.eye(input.shape[-1], dtype=input.dtype, device=input.device).expand(input.shape).clone()
    return result.clone() if result is input else result


def chain_matmul(*matrices):
    product = matrices[0]
    for m in matrices[1:]:
        product = product @ m
    return product


def tensordot(a, b, dims=2):
    if isinstance(dims, int):
        left, right = list(range(a.dim() - dims, a.dim())), list(range(dims))
    else:
        left, right = ([d] if isinstance(d, int) else list(d) for d in dims)
    left = [d % a.dim() for d in left]
    right = [d % b.dim() for d in right]
    for d, e in zip(left, right):
        if a.shape[d] != b.shape[e] and 1 not in (a.shape[d], b.shape[e]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[d]} in dim {d - a.dim()} and second has "
                f"size {b.shape[e]} in dim {e}"
            )
    keep_a = [d for d in range(a.dim()) if d not in left]
    keep_b = [d for d in range(b.dim()) if d not in right]
    n = 1
    for d in left:
        n *= a.shape[d]
    product = a.permute(*keep_a, *left).reshape(-1, n) @ b.permute(*right, *keep_b).reshape(n, -1)
    return product.reshape([a.shape[d] for d in keep_a] + [b.shape[d] for d in keep_b])


def einsum(equation, *operands):
    from torch import _einsum

    if isinstance(equation, TensorBase):
        equation, operands = _einsum.from_sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return _einsum.einsum(equation, operands)


def cdist(x1, x2, p=2.0, compute_mode=None):
    if x1.dtype.itemsize < 4:
        raise NotImplementedError(f"\"cdist\" not implemented for '{x1.type()[6:-6]}'")
    return (x1.unsqueeze(-2) - x2.unsqueeze(-3)).norm(p, -1)
