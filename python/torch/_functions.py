"""torch.* functions that are Tensor methods with several forms, or compose others."""

import builtins
import functools

import _core
from torch import _dtype, _methods, _statistics
from torch._C import TensorBase, _buffer, _kind_of, _raise, _write_out
from torch._complex import adjoint, conj, conj_physical, isreal
from torch._gen import functions as _f
from torch._methods import (
    allclose, broadcast_to, diag, diag_embed, diagflat, div, dsplit, equal, fliplr, flipud, float_power, hsplit, isclose, ldexp, movedim,
    nan_to_num, nan_to_num_, permute, positive, pow, ravel, repeat_interleave, roll, rot90, split, squeeze, swapaxes, tensor_split, tile,
    trace,    unsafe_chunk, unsafe_split, vsplit,
)
from torch._products import (
    addbmm, addmv, addr, cdist, chain_matmul, einsum, inner, kron, matrix_power, tensordot, vdot,
)
from torch._selection import (
    argwhere, diagonal_scatter, index_copy, index_fill, index_put, masked_scatter, masked_select, nonzero, scatter, scatter_reduce,
    select_scatter, slice_scatter, take, take_along_dim, unique,
    unique_consecutive,
)
from torch._special import mvlgamma, polygamma
from torch._statistics import (
    aminmax, argsort, bincount, corrcoef, cov, diff, dist, histc, kthvalue, median, mode, msort, nanmean, nanmedian, nanquantile, nansum,
    norm, prod, quantile, renorm, sort, std, std_mean, var, var_mean,
)
from torch._tensor import Tensor


def reshape(input, shape):
    if isinstance(shape, int):
        raise TypeError("reshape(): argument 'shape' (position 2) must be tuple of ints, not int")
    return input.reshape(shape)


def flip(input, dims):
    return input.flip(dims)


def clone(input, *, memory_format=None):
    return input.clone(memory_format=memory_format)


def moveaxis(input, source, destination):
    return movedim(input, source, destination)


def unflatten(input, dim, sizes):
    return input.unflatten(dim, sizes)


def rsub(input, other, *, alpha=1):
    if isinstance(other, TensorBase):
        return _f.sub(other, input, alpha=alpha)
    return _f.rsub(input, other, alpha=alpha)


divide = div


def max(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=None):
    return _statistics.max(input, dim, keepdim, other=other, axis=axis, keepdims=keepdims)


def min(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=None):
    return _statistics.min(input, dim, keepdim, other=other, axis=axis, keepdims=keepdims)


def where(condition, input=None, other=None, *, out=None):
    if input is None:
        return condition.nonzero(as_tuple=True)
    return _with_out(_methods.where(input, condition, other), out)


def bitwise_not(input, *, out=None):
    return _with_out(_methods.bitwise_not(input), out)


def _with_out(result, out):
    return result if out is None else _write_out(out, result)


def result_type(tensor1, tensor2):
    for i, value in enumerate((tensor1, tensor2)):
        is_tensor = isinstance(value, TensorBase)
        _buffer[2 * i] = value.h if is_tensor else 4 if type(value) is complex else _kind_of(type(value))
        _buffer[2 * i + 1] = is_tensor
    number = _core.result_type(2)
    if number < 0:
        _raise()
    return _dtype.by_id[number]


def hstack(tensors):
    tensors = atleast_1d(*tensors)
    return _f.cat(tensors, 0 if tensors[0].dim() == 1 else 1)


def vstack(tensors):
    return _f.cat(atleast_2d(*tensors), 0)


row_stack = vstack


def dstack(tensors):
    return _f.cat(atleast_3d(*tensors), 2)


def column_stack(tensors):
    return _f.cat([t.reshape(t.numel(), 1) if t.dim() <= 1 else t for t in tensors], 1)


def _at_least(rank, shape):
    def reshaped(*tensors):
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tuple(tensors[0])
        done = tuple(t if t.dim() >= rank else shape(t) for t in tensors)
        return done[0] if len(done) == 1 and len(tensors) == 1 else done

    return reshaped


_one = _at_least(1, lambda t: t.reshape(1))
_two = _at_least(2, lambda t: t.reshape(1, -1))
_three = _at_least(3, lambda t: t.reshape(1, -1, 1) if t.dim() <= 1 else t.unsqueeze(-1))


def atleast_1d(*tensors):
    return _one(*tensors)


def atleast_2d(*tensors):
    return _two(*tensors)


def atleast_3d(*tensors):
    return _three(*tensors)


def broadcast_shapes(*shapes):
    rank = builtins.max((len(s) if not isinstance(s, int) else 1 for s in shapes), default=0)
    out = [1] * rank
    for at, shape in enumerate(shapes):
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        for i in range(-1, -1 - len(shape), -1):
            if shape[i] == 1 or shape[i] == out[i]:
                continue
            if out[i] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[i]} at {i}! Mismatching argument at index {at} had {shape}; "
                    f"but expected shape should be broadcastable to {out}"
                )
            out[i] = shape[i]
    from torch._size import Size

    return Size(out)


def _check_broadcast(left, right):
    """The words for operands that do not meet, which are not those of broadcast_shapes."""
    rank = builtins.max(len(left), len(right))
    for i in range(-1, -1 - builtins.min(len(left), len(right)), -1):
        if left[i] != right[i] and left[i] != 1 and right[i] != 1:
            raise RuntimeError(
                f"The size of tensor a ({left[i]}) must match the size of tensor b ({right[i]}) at non-singleton dimension {rank + i}"
            )


def broadcast_tensors(*tensors):
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    shape = ()
    for t in tensors:
        _check_broadcast(shape, t.shape)
        shape = broadcast_shapes(shape, t.shape)
    return tuple(t if t.shape == shape else t.expand(shape) for t in tensors)


def meshgrid(*tensors, indexing="ij"):
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    if indexing not in ("xy", "ij"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for t in tensors:
        if t.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t}")
    tensors = [t.reshape(-1) for t in tensors]
    if indexing == "xy" and len(tensors) > 1:
        rows, columns, *rest = meshgrid(tensors[1], tensors[0], *tensors[2:], indexing="ij")
        return (columns, rows, *rest)
    shape = [t.numel() for t in tensors]
    return tuple(
        t.view([-1 if i == d else 1 for i in range(len(tensors))]).expand(shape) for d, t in enumerate(tensors)
    )


def cartesian_prod(*tensors):
    for t in tensors:
        if t.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(t.shape)}")
    return _f.stack([g.reshape(-1) for g in meshgrid(*tensors)], 1) if len(tensors) > 1 else tensors[0]


def block_diag(*tensors):
    import torch

    for i, t in enumerate(tensors):
        if t.dim() > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t.dim()} dimensions"
            )
    tensors = atleast_2d(*tensors) if len(tensors) > 1 else (atleast_2d(*tensors),)
    sizes = [sum(t.shape[d] for t in tensors) for d in (0, 1)]
    out = torch.zeros(sizes, dtype=tensors[0].dtype, device=tensors[0].device)
    r = c = 0
    for t in tensors:
        out[r : r + t.shape[0], c : c + t.shape[1]] = t
        r, c = r + t.shape[0], c + t.shape[1]
    return out


def tril_indices(row, col, offset=0, *, dtype=_dtype.int64, device=None):
    import torch

    return torch.ones(row, col, device=device).tril(offset).nonzero().t().contiguous().to(dtype)


def triu_indices(row, col, offset=0, *, dtype=_dtype.int64, device=None):
    import torch

    return torch.ones(row, col, device=device).triu(offset).nonzero().t().contiguous().to(dtype)


def cross(input, other, dim=None):
    if dim is None:
        dim = next((i for i, size in enumerate(input.shape) if size == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    input, other = broadcast_tensors(input, other)
    a, b = input.unbind(dim), other.unbind(dim)
    return _f.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], dim)


def _widths(y, x, dx, dim):
    size = y.shape[dim]
    sums = y.narrow(dim, 1, size - 1) + y.narrow(dim, 0, size - 1)
    if x is None:
        return sums * (dx / 2)
    steps = diff(x, dim=dim if x.dim() > 1 else -1)
    if x.dim() == 1:
        steps = steps.reshape((-1,) + (1,) * (y.dim() - 1 - dim % y.dim()))
    return sums * steps / 2


def trapezoid(y, x=None, *, dx=1, dim=-1):
    return _widths(y, x, dx, dim).sum(dim)


trapz = trapezoid


def cumulative_trapezoid(y, x=None, *, dx=1, dim=-1):
    return _widths(y, x, dx, dim).cumsum(dim)


def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None):
    import torch

    if side is not None:
        if side == "left" and right:
            raise RuntimeError(
                "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
            )
        right = side == "right"
    values = torch.tensor(input, device=sorted_sequence.device) if not isinstance(input, TensorBase) else input
    if sorted_sequence.dim() > 1 and sorted_sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(sorted_sequence.shape)} and input value tensor "
            f"{list(values.shape)}"
        )
    below = sorted_sequence.unsqueeze(-2) <= values.unsqueeze(-1) if right else sorted_sequence.unsqueeze(-2) < values.unsqueeze(-1)
    return below.sum(-1).reshape(values.shape).to(_dtype.int32 if out_int32 else _dtype.int64)


def bucketize(input, boundaries, *, out_int32=False, right=False):
    if boundaries.dim() != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.dim()})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def cat(tensors, dim=0, *, axis=None, out=None):
    if isinstance(tensors, TensorBase):
        raise TypeError("cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    return _f.cat(tensors, dim if axis is None else axis, out=out)


concat = concatenate = cat


def combinations(input, r=2, with_replacement=False):
    import itertools

    import torch

    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    picked = list(choose(range(input.shape[0]), r))
    return input[torch.tensor(picked, dtype=_dtype.int64, device=input.device).reshape(-1, r)]


def resolve_conj(input):
    return input


resolve_neg = resolve_conj


def unravel_index(indices, shape):
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    found = []
    for size in reversed(shape):
        found.append(indices % size)
        indices = indices // size
    return tuple(reversed(found))


def _shape_as_tensor(input):
    import torch

    return torch.tensor(input.shape, dtype=_dtype.int64)


def empty_permuted(size, physical_layout, **options):
    import torch

    order = list(physical_layout)
    inverse = [order.index(i) for i in range(len(order))]
    return torch.empty([size[d] for d in order], **options).permute(inverse)


def vander(x, N=None, increasing=False):
    from torch import linalg

    n = x.shape[0] if N is None else N
    if n == 0:
        return x.new_empty(x.shape[0], 0)
    powers = linalg.vander(x, n)
    return powers if increasing else powers.flip(-1)


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    import torch

    elements = elements if isinstance(elements, TensorBase) else torch.tensor(elements, device=test_elements.device)
    tests = test_elements if isinstance(test_elements, TensorBase) else torch.tensor(test_elements, device=elements.device)
    found = (elements.unsqueeze(-1) == tests.reshape(-1)).any(-1)
    return ~found if invert else found


def _taking_out(function):
    """With out=: the result, or each of several, in tensors that are there already."""

    @functools.wraps(function)
    def call(*args, out=None, **options):
        result = function(*args, **options)
        if out is None:
            return result
        if isinstance(out, TensorBase):
            if not isinstance(result, TensorBase):
                raise TypeError(f"{function.__name__}(): argument 'out' must be tuple of Tensors, not Tensor")
            return _write_out(out, result)
        return type(result)(*[_write_out(o, r) for o, r in zip(out, result)]) if hasattr(result, "_fields") else tuple(
            _write_out(o, r) for o, r in zip(out, result)
        )

    return call


for _name in """
    div pow float_power nan_to_num nansum nanmean prod std var max min median nanmedian mode kthvalue sort argsort msort
    aminmax quantile nanquantile norm renorm diff cumulative_trapezoid addmv addr addbmm inner kron take take_along_dim
    masked_select scatter index_copy hstack vstack dstack column_stack searchsorted bucketize histc isin tensordot
    matrix_power vander
""".split():
    if _name in globals():
        globals()[_name] = _taking_out(globals()[_name])
divide = div
row_stack = vstack

__all__ = [name for name, value in list(globals().items()) if callable(value) and not name.startswith("_") and
           name not in ("TensorBase", "Tensor")]
