"""Tensor methods and torch functions that take their arguments in more than one way: sizes one by one, dims as a list or not."""

import builtins
import sys

import _core
from torch import _dtype, _products, _selection, _statistics
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


def view(self, *shape, dtype=None):
    if len(shape) == 1 and isinstance(shape[0], _dtype.dtype):
        dtype, shape = shape[0], ()
    if dtype is not None:
        return _wrap(_core.op__view_dtype(self.h, dtype.id))
    return _wrap(_core.op__view(self.h, _ints(_dims(shape))))


def reshape(self, *shape):
    return _wrap(_core.op__reshape(self.h, _ints(_dims(shape))))


def view_as(self, other):
    return self.view(other.shape)


def reshape_as(self, other):
    return self.reshape(other.shape)


def permute(self, *dims):
    return _wrap(_core.op_permute(self.h, _ints(_dims(dims))))


def expand(self, *sizes, implicit=False):
    return _wrap(_core.op_expand(self.h, _ints(_dims(sizes))))


def expand_as(self, other):
    return self.expand(other.shape)


def repeat(self, *repeats):
    return _wrap(_core.op__repeat(self.h, _ints(_dims(repeats))))


def tile(self, *dims):
    dims = tuple(_dims(dims))
    return self.repeat(*((1,) * (self.dim() - len(dims)) + dims))


def flip(self, *dims):
    return _wrap(_core.op__flip(self.h, _ints(_dims(dims))))


def fliplr(self):
    return self.flip(1)


def flipud(self):
    return self.flip(0)


def roll(self, shifts, dims=None):
    if dims is None:
        return self.flatten().roll(shifts, 0).view(self.shape)
    if isinstance(shifts, builtins.int):
        shifts = (shifts,)
    if isinstance(dims, builtins.int):
        dims = (dims,)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    result = self
    for shift, dim in zip(shifts, dims):
        size = result.shape[dim] if result.dim() else 1
        shift = shift % size if size else 0
        if shift:
            result = _f.cat([result.narrow(dim, size - shift, shift), result.narrow(dim, 0, size - shift)], dim)
    return result.clone() if result is self else result


def rot90(self, k=1, dims=(0, 1)):
    k %= 4
    if k == 0:
        return self.clone()
    if k == 2:
        return self.flip(dims)
    return self.flip(dims[1]).transpose(*dims) if k == 1 else self.flip(dims[0]).transpose(*dims)


def squeeze(self, dim=None):
    return _wrap(_core.op_squeeze(self.h, -1 if dim is None else _ints(dim)))


def squeeze_(self, dim=None):
    return _restride(self, self.squeeze() if dim is None else self.squeeze(dim))


def unsqueeze_(self, dim):
    return _restride(self, self.unsqueeze(dim))


def transpose_(self, dim0, dim1):
    return _restride(self, self.transpose(dim0, dim1))


def t_(self):
    return _restride(self, self.t())


def _restride(self, view):
    """Give a tensor the shape of its own view."""
    if self.requires_grad and self.is_leaf:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    _check(_core.restride(self.h, view.h))
    self._shape = None
    return self


def unflatten(self, dim, sizes):
    return _wrap(_core.op__unflatten(self.h, dim, _ints(tuple(sizes))))


def split(self, split_size=None, dim=0, *, split_size_or_sections=None):
    if split_size is None:
        split_size = split_size_or_sections
    if isinstance(split_size, builtins.int):
        return _wrap_many(_core.op__split(self.h, split_size, dim))
    return _f.split_with_sizes(self, tuple(split_size), dim)


def tensor_split(self, indices_or_sections, dim=0):
    size = self.shape[dim]
    if isinstance(indices_or_sections, builtins.int):
        n = indices_or_sections
        each, rest = divmod(size, n)
        return self.split([each + 1] * rest + [each] * (n - rest), dim)
    bounds = [0, *[builtins.min(i if i >= 0 else i + size, size) for i in indices_or_sections], size]
    return self.split([builtins.max(0, b - a) for a, b in zip(bounds, bounds[1:])], dim)


def _split_along(name, dim, least):
    def split_along(self, indices_or_sections):
        if self.dim() < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {self.dim()} dimensions!"
            )
        along = 0 if self.dim() == 1 else dim
        if isinstance(indices_or_sections, builtins.int) and self.shape[along] % indices_or_sections:
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {along}, but the size of the dimension {self.shape[along]} is not "
                f"divisible by the split_size {indices_or_sections}!"
            )
        return self.tensor_split(indices_or_sections, along)

    split_along.__name__ = name
    return split_along


hsplit = _split_along("hsplit", 1, 1)
vsplit = _split_along("vsplit", 0, 2)
dsplit = _split_along("dsplit", 2, 3)


def unsafe_chunk(self, chunks, dim=0):
    return self.chunk(chunks, dim)


def unsafe_split(self, split_size, dim=0):
    return self.split(split_size, dim)


def movedim(self, source, destination):
    return _wrap(_core.op_movedim(self.h, _ints(source), _ints(destination)))


def T(self):
    return self.permute(*range(self.dim() - 1, -1, -1))


def mT(self):
    return self.transpose(-2, -1)


def adjoint(self):
    return self.transpose(-2, -1)


def trace(self):
    if self.dim() != 2:
        raise RuntimeError("trace: expected a matrix")
    return _f.diagonal(self).sum()


def cross(self, other, dim=None):
    import torch

    return torch.cross(self, other, dim)


def ravel(self):
    return self.contiguous().view(-1)


def broadcast_to(self, size):
    return self.expand(*size)


def sum_to_size(self, *size):
    size = tuple(_dims(size))
    lead = self.dim() - len(size)
    dims = [d for d in range(self.dim()) if d < lead or size[d - lead] == 1 and self.shape[d] != 1]
    return self.sum(dims, keepdim=True).reshape(size) if dims else self.reshape(size)


def repeat_interleave(self, repeats=None, dim=None, *, output_size=None):
    if repeats is None:
        # repeat_interleave(counts): each index as often as it says.
        import torch

        return torch.arange(self.numel()).repeat_interleave(self)
    if dim is None:
        return self.flatten().repeat_interleave(repeats, 0)
    dim = dim % self.dim() if self.dim() else 0
    if isinstance(repeats, TensorBase) and repeats.numel() > 1:
        counts = repeats.tolist()
        index = [i for i, n in enumerate(counts) for _ in range(n)]
        import torch

        return self.index_select(dim, torch.tensor(index, dtype=int64))
    n = builtins.int(repeats)
    wide = self.unsqueeze(dim + 1)
    sizes = list(wide.shape)
    sizes[dim + 1] = n
    return wide.expand(*sizes).flatten(dim, dim + 1)


def diag(self, diagonal=0):
    import torch

    if self.dim() == 1:
        n = self.shape[0] + abs(diagonal)
        out = torch.zeros(n, n, dtype=self.dtype)
        out.diagonal(diagonal).copy_(self)
        return out
    return self.diagonal(diagonal).clone()


def diagflat(self, offset=0):
    return diag(self.flatten(), offset)


def diag_embed(self, offset=0, dim1=-2, dim2=-1):
    import torch

    n = self.shape[-1] + abs(offset)
    out = torch.zeros(*self.shape[:-1], n, n, dtype=self.dtype)
    out.diagonal(offset, -2, -1).copy_(self)
    return out.movedim((-2, -1), (dim1, dim2))


# Dtypes and devices


def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
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
    result = self
    if device is not None:
        target = _resolve_device(device)
        if target != _core.device(self.h):
            result = _wrap(_core.op__to_device(result.h, target))
    if dtype is not None and as_dtype(dtype) is not self.dtype:
        result = _wrap(_core.op__cast(result.h, as_dtype(dtype).id))
    if memory_format is _dtype.channels_last and not result.is_contiguous(memory_format=memory_format):
        return result.contiguous(memory_format=memory_format)
    return result.clone() if copy and result is self else result


def type_(self, dtype=None, non_blocking=False):
    if dtype is None:
        return {
            "float32": "torch.FloatTensor", "float64": "torch.DoubleTensor", "float16": "torch.HalfTensor",
            "bfloat16": "torch.BFloat16Tensor", "int64": "torch.LongTensor", "int32": "torch.IntTensor", "int16": "torch.ShortTensor",
            "int8": "torch.CharTensor", "uint8": "torch.ByteTensor", "bool": "torch.BoolTensor",
        }[self.dtype.name]
    if isinstance(dtype, _dtype.dtype):
        return self.to(dtype)
    from torch import _legacy

    return self.to(_legacy.dtype_of(dtype))


def type_as(self, other):
    return self.to(other.dtype)


def cpu(self, memory_format=None):
    return self.to("cpu")


def cuda(self, device=None, non_blocking=False, memory_format=None):
    return self.to("cuda" if device is None else _device(device))


def _caster(dtype):
    def cast(self, memory_format=None):
        return self.to(dtype)

    return cast


def contiguous(self, memory_format=_dtype.contiguous_format):
    if memory_format is _dtype.channels_last and self.dim() == 4:
        if self.is_contiguous(memory_format=memory_format):
            return self
        return _wrap(_core.op__contiguous(self.permute(0, 2, 3, 1).h)).permute(0, 3, 1, 2)
    if _core.is_contiguous(self.h):
        return self
    return _wrap(_core.op__contiguous(self.h))


def clone(self, *, memory_format=None):
    if memory_format is _dtype.contiguous_format:
        return _wrap(_core.op__contiguous(self.h))
    return _wrap(_core.op_clone(self.h))


def pin_memory(self, device=None):
    return self


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    import torch

    return torch.tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def _new_like(name):
    def make(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        import torch

        make_one = getattr(torch, name)
        return make_one(*size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)

    make.__name__ = f"new_{name}"
    return make


def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    import torch

    return torch.full(size, fill_value, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def new(self, *args, device=None):
    from torch import _legacy

    return _legacy.construct(type(self), *args, dtype=self.dtype)


# Arithmetic with several forms


def div(self, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _f.true_divide(self, other)
    return _f._div_rounded(self, other, rounding_mode=rounding_mode)


def div_(self, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _f.true_divide_(self, other)
    return _f._div_rounded_(self, other, rounding_mode=rounding_mode)


def pow(self, exponent):
    if not isinstance(self, TensorBase):
        return _f._rpow(exponent, self)
    return _f.pow(self, exponent)


def float_power(self, exponent):
    base = self.to(float64) if isinstance(self, TensorBase) else builtins.float(self)
    return pow(base, exponent.to(float64) if isinstance(exponent, TensorBase) else builtins.float(exponent))


def sgn(self):
    return _f.sign(self)


def isreal(self):
    return self.new_ones(self.shape, dtype=bool_)


def positive(self):
    if self.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return self


def _replacements(dtype, nan, posinf, neginf):
    limits = _dtype.finfo(dtype)
    return (0.0 if nan is None else nan, limits.max if posinf is None else posinf, limits.min if neginf is None else neginf)


def nan_to_num(self, nan=None, posinf=None, neginf=None):
    if not self.dtype.is_floating_point:
        return self.clone()
    return _f._nan_to_num(self, *_replacements(self.dtype, nan, posinf, neginf))


def nan_to_num_(self, nan=None, posinf=None, neginf=None):
    if not self.dtype.is_floating_point:
        return self
    return _f._nan_to_num_(self, *_replacements(self.dtype, nan, posinf, neginf))


def copy_(self, src, non_blocking=False):
    return _f.copy_(self, src, non_blocking) if isinstance(src, TensorBase) else _f.fill_(self, src)


def where(self, condition, other):
    return _f._where(condition, self, other)


def bitwise_not(self):
    return ~self


# In place


def tril_(self, diagonal=0):
    return self.copy_(_f.tril(self, diagonal))


def triu_(self, diagonal=0):
    return self.copy_(_f.triu(self, diagonal))


def cumsum_(self, dim):
    return self.copy_(self.cumsum(dim))


def set_(self, source=None):
    self.data = source
    return self


def resize_(self, *sizes, memory_format=None):
    import torch

    size = tuple(_dims(sizes))
    n = 1
    for s in size:
        n *= s
    fresh = torch.empty(size, dtype=self.dtype)
    keep = builtins.min(n, self.numel())
    fresh.view(-1)[:keep].copy_(self.detach().reshape(-1)[:keep])
    self.data = fresh
    return self


# Random


def random_(self, from_=None, to=None, *, generator=None):
    g = 0 if generator is None else generator.id
    if from_ is None:
        h = _core.op__random_full_(self.h, g)
    else:
        low, high = (0, from_) if to is None else (from_, to)
        h = _core.op__random_(self.h, builtins.int(low), builtins.int(high), g)
    if h == 0:
        _raise()
    _core_drop(h)
    return self


def bernoulli_(self, p=0.5, *, generator=None):
    value, kind = _operand(p)
    h = _core.op__bernoulli_(self.h, value, kind, 0 if generator is None else generator.id)
    if h == 0:
        _raise()
    _core_drop(h)
    return self


def bernoulli(self, p=None, *, generator=None):
    import torch

    return torch.bernoulli(self, p, generator=generator)


def multinomial(self, num_samples, replacement=False, *, generator=None):
    import torch

    return torch.multinomial(self, num_samples, replacement, generator=generator)


# Comparison of whole tensors


def equal(self, other):
    if self.shape != other.shape:
        return False
    return bool((self == other).all().item())


def isclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    close = (self == other) | ((self - other).abs() <= atol + rtol * other.abs()) & self.isfinite() & other.isfinite()
    return close | (self.isnan() & other.isnan()) if equal_nan else close


def allclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(self, other, rtol, atol, equal_nan).all().item())


def apply_(self, function):
    import torch

    values = [function(v) for v in self._values()]
    return self.copy_(torch.tensor(values, dtype=self.dtype).view(self.shape))


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
    cls.H = cls.mH = property(mT)
    cls.real = property(lambda self: self)
    casts = {
        "float": _dtype.float32, "double": float64, "half": _dtype.float16, "bfloat16": _dtype.bfloat16, "long": int64,
        "int": _dtype.int32, "short": _dtype.int16, "char": _dtype.int8, "byte": _dtype.uint8, "bool": bool_,
    }
    for name, target in casts.items():
        setattr(cls, name, _caster(target))
    for name in ("zeros", "ones", "empty"):
        setattr(cls, f"new_{name}", _new_like(name))
    cls.divide = div
    cls.swapaxes_ = transpose_
