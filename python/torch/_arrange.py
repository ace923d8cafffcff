"""Shapes by method: views, tiles, rolls, splits and diagonals in all the ways their arguments come."""

import builtins

import _core
from _direct import _reshape as _direct_reshape
from _direct import _split as _direct_split
from _direct import _view as _direct_view
from _direct import expand as _direct_expand
from _direct import permute as _direct_permute
from _direct import squeeze as _direct_squeeze
from torch._C import TensorBase, _check, _ints, _wrap, _wrap_many
from torch import _dtype
from torch._dtype import int64
from torch._gen import functions as _f


def _dims(args):
    if len(args) == 1 and not isinstance(args[0], builtins.int):
        return tuple(args[0]) if isinstance(args[0], (tuple, list)) else args[0]
    return args


def view(input, *shape, size=None, dtype=None):
    if size is None and dtype is None:
        result = _direct_view(input, shape[0] if len(shape) == 1 else shape)
        if result is not NotImplemented:
            return result
    if size is not None:
        shape = (size,)
    if len(shape) == 1 and isinstance(shape[0], _dtype.dtype):
        dtype, shape = shape[0], ()
    if dtype is not None:
        return _wrap(_core.op__view_dtype(input.h, dtype.id))
    return _wrap(_core.op__view(input.h, _ints(_dims(shape))))


def reshape(input, *args, shape=None):
    if shape is not None:
        args = (shape,)
    result = _direct_reshape(input, args[0] if len(args) == 1 else args)
    if result is not NotImplemented:
        return result
    return _wrap(_core.op__reshape(input.h, _ints(_dims(args))))


def view_as(input, other):
    return input.view(other.shape)


def reshape_as(input, other):
    return input.reshape(other.shape)


def permute(input, *args, dims=None):
    if not args and dims is None:
        raise TypeError('permute() missing 1 required positional arguments: "dims"')
    if dims is not None:
        args = (dims,)
    result = _direct_permute(input, args[0] if len(args) == 1 else args)
    if result is not NotImplemented:
        return result
    return _wrap(_core.op_permute(input.h, _ints(_dims(args))))


def expand(input, *sizes, size=None, implicit=False):
    if size is not None:
        sizes = (size,)
    result = _direct_expand(input, sizes[0] if len(sizes) == 1 else sizes)
    if result is not NotImplemented:
        return result
    return _wrap(_core.op_expand(input.h, _ints(_dims(sizes))))


def expand_as(input, other):
    return input.expand(other.shape)


def repeat(input, *args, repeats=None):
    if repeats is not None:
        args = (repeats,)
    if not args:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    return _wrap(_core.op__repeat(input.h, _ints(_dims(args))))


def tile(input, *args, dims=None):
    if dims is not None:
        args = (dims,)
    args = tuple(_dims(args))
    return input.repeat(*((1,) * (input.dim() - len(args)) + args))


def flip(input, *args, dims=None):
    if dims is not None:
        args = (dims,)
    return _wrap(_core.op__flip(input.h, _ints(_dims(args))))


def fliplr(input):
    if input.dim() < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return input.flip(1)


def flipud(input):
    if input.dim() < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return input.flip(0)


def roll(input, shifts, dims=None):
    if dims is None or isinstance(dims, (tuple, list)) and not dims:
        if not isinstance(shifts, builtins.int) and len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return input.flatten().roll(shifts, 0).view(input.shape)
    if isinstance(shifts, builtins.int):
        shifts = (shifts,)
    if isinstance(dims, builtins.int):
        dims = (dims,)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    result = input
    for shift, dim in zip(shifts, dims):
        size = result.size(dim) if result.dim() else 1
        shift = shift % size if size else 0
        if shift:
            result = _f.cat([result.narrow(dim, size - shift, shift), result.narrow(dim, 0, size - shift)], dim)
    return result.clone() if result is input else result


def rot90(input, k=1, dims=(0, 1)):
    if input.dim() < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.dim()}")
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if dims[0] % input.dim() == dims[1] % input.dim():
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    k %= 4
    if k == 0:
        return input.clone()
    if k == 2:
        return input.flip(dims)
    return input.flip(dims[1]).transpose(*dims) if k == 1 else input.flip(dims[0]).transpose(*dims)


def squeeze(input, dim=None):
    result = _direct_squeeze(input, dim)
    if result is not NotImplemented:
        return result
    return _wrap(_core.op_squeeze(input.h, -1 if dim is None else _ints(dim)))


def squeeze_(input, dim=None):
    return _restride(input, input.squeeze() if dim is None else input.squeeze(dim))


def unsqueeze_(input, dim):
    return _restride(input, input.unsqueeze(dim))


def transpose_(input, dim0, dim1):
    return _restride(input, input.transpose(dim0, dim1))


def t_(input):
    return _restride(input, input.t())


def _restride(input, view):
    """Give a tensor the shape of its own view."""
    if input.requires_grad and input.is_leaf:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    _check(_core.restride(input.h, view.h))
    input._shape = None
    return input


def unflatten(input, dim, sizes):
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    return _wrap(_core.op__unflatten(input.h, dim, _ints(tuple(sizes))))


def split(tensor, split_size=None, dim=0, *, split_size_or_sections=None):
    if split_size is None:
        split_size = split_size_or_sections
    if isinstance(split_size, builtins.int):
        if tensor.dim() == 0:
            raise RuntimeError("split expects at least a 1-dimensional tensor")
        result = _direct_split(tensor, split_size, dim)
        if result is not NotImplemented:
            return result
        return _wrap_many(_core.op__split(tensor.h, split_size, dim))
    if builtins.min(split_size, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(split_size)}"
        )
    return _f.split_with_sizes(tensor, tuple(split_size), dim)


def swapaxes(input, axis0, axis1):
    return _f.transpose(input, axis0, axis1)


def tensor_split(input, indices_or_sections=None, dim=0, *, indices=None, sections=None):
    if indices_or_sections is None:
        indices_or_sections = sections if indices is None else indices
    size = input.shape[dim]
    if isinstance(indices_or_sections, builtins.int):
        n = indices_or_sections
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        each, rest = divmod(size, n)
        return input.split([each + 1] * rest + [each] * (n - rest), dim)
    bounds = [0, *[builtins.min(i if i >= 0 else i + size, size) for i in indices_or_sections], size]
    return input.split([builtins.max(0, b - a) for a, b in zip(bounds, bounds[1:])], dim)


def _split_along(name, dim, least):
    def split_along(input, indices_or_sections):
        if input.dim() < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {input.dim()} dimensions!"
            )
        along = 0 if input.dim() == 1 else dim
        if isinstance(indices_or_sections, builtins.int) and input.shape[along] % indices_or_sections:
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {along}, but the size of the dimension {input.shape[along]} is not "
                f"divisible by the split_size {indices_or_sections}!"
            )
        return input.tensor_split(indices_or_sections, along)

    split_along.__name__ = name
    return split_along


hsplit = _split_along("hsplit", 1, 1)
vsplit = _split_along("vsplit", 0, 2)
dsplit = _split_along("dsplit", 2, 3)


def unsafe_chunk(input, chunks, dim=0):
    return input.chunk(chunks, dim)


def unsafe_split(input, split_size, dim=0):
    return input.split(split_size, dim)


def movedim(input, source, destination):
    for name, dims in (("source", source), ("destination", destination)):
        if isinstance(dims, (tuple, list)) and len({d % builtins.max(input.dim(), 1) for d in dims}) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
    return _wrap(_core.op_movedim(input.h, _ints(source), _ints(destination)))


def T(input):
    return input.permute(*range(input.dim() - 1, -1, -1))


def mT(input):
    if input.dim() < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input.dim()}-D tensor."
        )
    return input.transpose(-2, -1)


def trace(input):
    if input.dim() != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.dim()}")
    return _f.diagonal(input).sum()


def cross(input, other, dim=None):
    import torch

    return torch.cross(input, other, dim)


def ravel(input):
    return input.contiguous().view(-1)


def broadcast_to(input, size):
    return input.expand(*size)


def sum_to_size(input, *size):
    size = tuple(_dims(size))
    lead = input.dim() - len(size)
    if lead < 0 or any(n not in (1, input.shape[lead + d]) for d, n in enumerate(size)):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(input.shape)}}}.")
    lead = input.dim() - len(size)
    dims = [d for d in range(input.dim()) if d < lead or size[d - lead] == 1 and input.shape[d] != 1]
    return input.sum(dims, keepdim=True).reshape(size) if dims else input.reshape(size)


def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    if repeats is None:
        # repeat_interleave(counts): each index as often as it says.
        import torch

        return torch.arange(input.numel(), device=input.device).repeat_interleave(input)
    if dim is None:
        return input.flatten().repeat_interleave(repeats, 0)
    dim = dim % input.dim() if input.dim() else 0
    if isinstance(repeats, TensorBase) and repeats.numel() > 1:
        counts = repeats.tolist()
        if len(counts) != input.size(dim):
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {len(counts)} and "
                f"input.size({dim}) = {input.size(dim)}"
            )
        if output_size is not None and output_size != sum(counts):
            raise RuntimeError("allocated size does not match required size")
        index = [i for i, n in enumerate(counts) for _ in range(n)]
        import torch

        return input.index_select(dim, torch.tensor(index, dtype=int64, device=input.device))
    n = builtins.int(repeats)
    if n < 0:
        raise RuntimeError("Repeats must be non-negative")
    wide = input.unsqueeze(dim + 1)
    sizes = list(wide.shape)
    sizes[dim + 1] = n
    return wide.expand(*sizes).flatten(dim, dim + 1)


def diag(input, diagonal=0):
    if input.dim() not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")
    if input.dim() == 1:
        n = input.shape[0] + abs(diagonal)
        return _f._diagonal_backward(input, (n, n), diagonal, 0, 1)
    return input.diagonal(diagonal).clone()


def diagflat(input, offset=0):
    return diag(input.flatten(), offset)


def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    n = input.shape[-1] + abs(offset)
    rank = input.dim()
    first, second = (d % (rank + 1) for d in (dim1, dim2))
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    sizes = list(input.shape[:-1])
    for d in sorted((first, second)):
        sizes.insert(d, n)
    return _f._diagonal_backward(input, tuple(sizes), offset, first, second)
