"""Tensor methods and torch functions that take their arguments in more than one way: sizes one by one, dims as a list or not."""

import builtins
import sys

import _core
from torch import _complex, _dtype, _products, _selection, _statistics
from torch._C import TensorBase, _check, _core_drop, _ints, _named_result, _operand, _raise, _wrap, _wrap_many
from torch._device import device as _device
from torch._device import resolve as _resolve_device
from torch._dtype import as_dtype, bool_, float64, int64
from torch._gen import functions as _f


_this = sys.modules[__name__]


def _dims(args):
    if len(args) == 1 and not isinstance(args[0], builtins.int):
        return tuple(args[0]) if isinstance(args[0], (tuple, list)) else args[0]
    return args


# Shapes


def view(input, *shape, size=None, dtype=None):
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
    return _wrap(_core.op_permute(input.h, _ints(_dims(args))))


def expand(input, *sizes, size=None, implicit=False):
    if size is not None:
        sizes = (size,)
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
        return _wrap_many(_core.op__split(tensor.h, split_size, dim))
    if builtins.min(split_size, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(split_size)}"
        )
    return _f.split_with_sizes(tensor, tuple(split_size), dim)


def swapaxes(input, axis0, axis1):
    return _f.transpose(input, axis0, axis1)


def tensor_split(input, indices_or_sections, dim=0):
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

        return torch.arange(input.numel()).repeat_interleave(input)
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

        return input.index_select(dim, torch.tensor(index, dtype=int64))
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


# Dtypes and devices


def to(input, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
    for arg in args:
        if isinstance(arg, _dtype.dtype):
            dtype = arg
        elif isinstance(arg, (str, _device)) or isinstance(arg, builtins.int) and not isinstance(arg, bool):
            device = arg
        elif isinstance(arg, TensorBase):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, bool):
            pass
        elif arg is None:
            pass
        elif arg in (builtins.float, bool, builtins.int):
            dtype = as_dtype(arg)
        else:
            raise TypeError(f"to() received an invalid argument of type {type(arg).__name__}")
    result = input
    if device is not None:
        target = _resolve_device(device)
        if target != _core.device(input.h):
            result = _wrap(_core.op__to_device(result.h, target, non_blocking))
    if dtype is not None and as_dtype(dtype) is not input.dtype:
        result = _wrap(_core.op__cast(result.h, as_dtype(dtype).id))
    known = memory_format in (_dtype.channels_last, _dtype.contiguous_format)
    if known and not result.is_contiguous(memory_format=memory_format):
        return result.contiguous(memory_format=memory_format)
    return result.clone() if copy and result is input else result


def type_(input, dtype=None, non_blocking=False):
    if dtype is None:
        return {
            "float32": "torch.FloatTensor", "float64": "torch.DoubleTensor", "float16": "torch.HalfTensor",
            "bfloat16": "torch.BFloat16Tensor", "int64": "torch.LongTensor", "int32": "torch.IntTensor", "int16": "torch.ShortTensor",
            "int8": "torch.CharTensor", "uint8": "torch.ByteTensor", "bool": "torch.BoolTensor",
            "complex64": "torch.ComplexFloatTensor", "complex128": "torch.ComplexDoubleTensor",
        }[input.dtype.name]
    if isinstance(dtype, _dtype.dtype):
        return input.to(dtype)
    from torch import _legacy

    return input.to(_legacy.dtype_of(dtype))


def type_as(input, other):
    return input.to(other.dtype)


def cpu(input, memory_format=None):
    return input.to("cpu")


def cuda(input, device=None, non_blocking=False, memory_format=None):
    return input.to("cuda" if device is None else _device(device), non_blocking=non_blocking)


def _caster(dtype):
    def cast(input, memory_format=None):
        return input.to(dtype)

    return cast


def contiguous(input, memory_format=_dtype.contiguous_format):
    if memory_format is _dtype.preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    if memory_format is _dtype.channels_last:
        if input.dim() != 4:
            raise RuntimeError("required rank 4 tensor to use channels_last format")
        if input.is_contiguous(memory_format=memory_format):
            return input
        return _wrap(_core.op__contiguous(input.permute(0, 2, 3, 1).h)).permute(0, 3, 1, 2)
    if _core.is_contiguous(input.h):
        return input
    return _wrap(_core.op__contiguous(input.h))


def clone(input, *, memory_format=None):
    if memory_format is _dtype.contiguous_format:
        return _wrap(_core.op__contiguous(input.h))
    if memory_format is _dtype.channels_last and not input.is_contiguous(memory_format=memory_format):
        return input.contiguous(memory_format=memory_format)
    return _wrap(_core.op_clone(input.h))


def pin_memory(input, device=None):
    if input.is_pinned():
        return input
    _core.cuda_open()
    return _wrap(_core.op__pin_memory(input.h))


def new_tensor(input, data, *, dtype=None, device=None, requires_grad=False):
    import torch

    return torch.tensor(data, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


def _new_like(name):
    def make(input, *args, size=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        import torch

        make_one = getattr(torch, name)
        return make_one(*(args if size is None else (size,)), dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)

    make.__name__ = f"new_{name}"
    return make


def new_full(input, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    import torch

    return torch.full(size, fill_value, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


def new(input, *args, device=None):
    from torch import _legacy

    return _legacy.construct(type(input), *args, dtype=input.dtype)


# Arithmetic with several forms


def div(input, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _f.true_divide(input, other)
    return _f._div_rounded(input, other, rounding_mode=rounding_mode)


def div_(input, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _f.true_divide_(input, other)
    return _f._div_rounded_(input, other, rounding_mode=rounding_mode)


def pow(input, exponent):
    if not isinstance(input, TensorBase):
        return _f._rpow(exponent, input)
    return _f.pow(input, exponent)


def float_power(input, exponent):
    base = input.to(float64) if isinstance(input, TensorBase) else builtins.float(input)
    return pow(base, exponent.to(float64) if isinstance(exponent, TensorBase) else builtins.float(exponent))


def positive(input):
    if input.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def _replacements(dtype, nan, posinf, neginf):
    limits = _dtype.finfo(dtype)
    return (0.0 if nan is None else nan, limits.max if posinf is None else posinf, limits.min if neginf is None else neginf)


def nan_to_num(input, nan=None, posinf=None, neginf=None):
    if input.dtype.is_complex:
        return _f._nan_to_num(input, *_replacements(input.dtype, nan, posinf, neginf))
    if not input.dtype.is_floating_point:
        return input.clone()
    return _f._nan_to_num(input, *_replacements(input.dtype, nan, posinf, neginf))


def nan_to_num_(input, nan=None, posinf=None, neginf=None):
    if not input.dtype.is_floating_point:
        return input
    return _f._nan_to_num_(input, *_replacements(input.dtype, nan, posinf, neginf))


def copy_(input, src, non_blocking=False):
    return _f.copy_(input, src, non_blocking) if isinstance(src, TensorBase) else _f.fill_(input, src)


def where(input, condition, other):
    if condition.dtype is _dtype.uint8:
        # Bytes were the masks once.
        condition = condition.to(bool_)
    return _f._where(condition, input, other)


def bitwise_not(input):
    return _f.logical_not(input) if input.dtype is bool_ else _f._bitwise_not_int(input)


# In place


def tril_(input, diagonal=0):
    return input.copy_(_f.tril(input, diagonal))


def triu_(input, diagonal=0):
    return input.copy_(_f.triu(input, diagonal))


def cumsum_(input, dim, *, dtype=None):
    return input.copy_(input.cumsum(dim, dtype=dtype))


def cumprod_(input, dim, *, dtype=None):
    # The gradient reads the old values: they are kept in a copy.
    return input.copy_(input.clone().cumprod(dim, dtype=dtype))


def renorm_(input, p, dim, maxnorm):
    return input.copy_(_statistics.renorm(input.clone(), p, dim, maxnorm))


def sgn_(input):
    return input.copy_(_f.sgn(input)) if input.dtype.is_complex else _f.sign_(input)


def bitwise_not_(input):
    return _f.logical_not_(input) if input.dtype is bool_ else _f._bitwise_not_int_(input)


def float_power_(input, exponent):
    if input.dtype is not float64:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {input.type()[6:-6]} but the operation's result requires dtype Double"
        )
    return input.copy_(float_power(input, exponent))


def set_(input, source=None):
    input.data = source
    return input


def resize_(input, *sizes, memory_format=None):
    import torch

    size = tuple(_dims(sizes))
    n = 1
    for s in size:
        n *= s
    if input.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    room = input.untyped_storage().nbytes() // input.element_size() - input.storage_offset()
    if n <= room:
        strides = [1] * len(size)
        for i in range(len(size) - 2, -1, -1):
            strides[i] = strides[i + 1] * builtins.max(size[i + 1], 1)
        return _restride(input, input.as_strided(size, strides))
    fresh = torch.empty(size, dtype=input.dtype, device=input.device)
    keep = builtins.min(n, input.numel())
    fresh.view(-1)[:keep].copy_(input.detach().reshape(-1)[:keep])
    input.data = fresh
    return input


# Random


def random_(input, from_=None, to=None, *, generator=None):
    g = 0 if generator is None else generator.id
    if from_ is None:
        h = _core.op__random_full_(input.h, g)
    else:
        low, high = (0, from_) if to is None else (from_, to)
        h = _core.op__random_(input.h, builtins.int(low), builtins.int(high), g)
    if h == 0:
        _raise()
    _core_drop(h)
    return input


def bernoulli_(input, p=0.5, *, generator=None):
    value, kind = _operand(p)
    h = _core.op__bernoulli_(input.h, value, kind, 0 if generator is None else generator.id)
    if h == 0:
        _raise()
    _core_drop(h)
    return input


def bernoulli(input, p=None, *, generator=None):
    import torch

    return torch.bernoulli(input, p, generator=generator)


def multinomial(input, num_samples, replacement=False, *, generator=None):
    import torch

    return torch.multinomial(input, num_samples, replacement, generator=generator)


# Comparison of whole tensors


def equal(input, other):
    if not isinstance(other, TensorBase):
        raise TypeError(f"equal(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
    if input.shape != other.shape:
        return False
    return bool((input == other).all().item())


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{input.type()[6:-6]} did not match {other.type()[6:-6]}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value:g}")
    if not input.dtype.is_floating_point and not input.dtype.is_complex:
        # Whole numbers are compared as such first: what differs by the tolerance only is asked in floating point.
        difference = (input.double() - other.double()).abs()
        return (input == other) | (difference <= atol + rtol * other.double().abs())
    close = (input == other) | ((input - other).abs() <= atol + rtol * other.abs()) & input.isfinite() & other.isfinite()
    return close | (input.isnan() & other.isnan()) if equal_nan else close


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(input, other, rtol, atol, equal_nan).all().item())


def apply_(input, function):
    import torch

    values = [function(v) for v in input._values()]
    return input.copy_(torch.tensor(values, dtype=input.dtype).view(input.shape))


def install(cls):
    """Give Tensor every public function of this file and of those beside it."""
    skip = {"install", "T", "mT", "type_", "new", "std_mean", "var_mean", "einsum", "tensordot", "chain_matmul", "cdist"}
    for module in (_this, _products, _statistics, _selection):
        for name, value in vars(module).items():
            is_own = callable(value) and getattr(value, "__module__", "") == module.__name__
            if is_own and not name.startswith("_") and name not in skip:
                setattr(cls, name, value)
    cls.type = type_
    cls.new = new
    cls.T = property(T)
    cls.mT = property(mT)
    _complex.install(cls)
    casts = {
        "float": _dtype.float32, "double": float64, "half": _dtype.float16, "bfloat16": _dtype.bfloat16, "long": int64,
        "int": _dtype.int32, "short": _dtype.int16, "char": _dtype.int8, "byte": _dtype.uint8, "bool": bool_,
        "cfloat": _dtype.complex64, "cdouble": _dtype.complex128,
    }
    for name, target in casts.items():
        setattr(cls, name, _caster(target))
    for name in ("zeros", "ones", "empty"):
        setattr(cls, f"new_{name}", _new_like(name))
    cls.divide = div
    cls.divide_ = div_
    cls.swapaxes_ = transpose_
