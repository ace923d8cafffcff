"""Tensor methods and torch functions that take their arguments in more than one way: sizes one by one, dims as a list or not."""

import builtins
import sys

import _core
from _direct import is_contiguous as _is_contiguous
from torch import _arrange, _complex, _dtype, _products, _selection, _statistics
from torch._arrange import (
    T, _dims, _restride, broadcast_to, cross, diag, diag_embed, diagflat, dsplit, expand, expand_as, flip, fliplr,
    flipud, hsplit, mT, movedim, permute, ravel, repeat, repeat_interleave, reshape, reshape_as, roll, rot90, split,
    squeeze, squeeze_, sum_to_size, swapaxes, t_, tensor_split, tile, trace, transpose_, unflatten, unsafe_chunk,
    unsafe_split, unsqueeze_, view, view_as, vsplit,
)
from torch._C import TensorBase, _check, _core_drop, _ints, _named_result, _operand, _raise, _wrap, _wrap_many
from torch._device import device as _device
from torch._device import resolve as _resolve_device
from torch._dtype import as_dtype, bool_, float64, int64
from torch._gen import functions as _f


_this = sys.modules[__name__]


# Dtypes and devices


def to(input, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
    for arg in args:
        if isinstance(arg, _dtype.dtype):
            if arg is input.dtype and len(args) == 1 and dtype is None and device is None and not copy and memory_format is None:
                return input
            dtype = arg
        elif isinstance(arg, (str, _device)) or isinstance(arg, builtins.int) and not isinstance(arg, bool):
            device = arg
        elif isinstance(arg, TensorBase):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, bool):
            pass
        elif arg is None:
            pass
        elif arg in (builtins.float, bool, builtins.int, complex):
            dtype = as_dtype(arg)
        else:
            raise TypeError(f"to() received an invalid argument of type {type(arg).__name__}")
    result = input
    if device is not None:
        target = _resolve_device(device)
        if target != input.device.id:
            result = _wrap(_core.op__to_device(result.h, target, non_blocking))
    if dtype is not None and as_dtype(dtype) is not input.dtype:
        result = _f._cast(result, as_dtype(dtype))
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
            "float8_e4m3fn": "torch.Float8_e4m3fnTensor", "float8_e5m2": "torch.Float8_e5m2Tensor",
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


def _caster(name, dtype):
    def cast(input, memory_format=None):
        return input if input.dtype is dtype else _f._cast(input, dtype)

    cast.__name__ = cast.__qualname__ = name
    return cast


def contiguous(input, memory_format=_dtype.contiguous_format):
    if memory_format is _dtype.preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    if memory_format is _dtype.channels_last:
        if input.dim() != 4:
            raise RuntimeError("required rank 4 tensor to use channels_last format")
        if input.is_contiguous(memory_format=memory_format):
            return input
        return _f._contiguous(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return input if _is_contiguous(input) is True else _f._contiguous(input)


def clone(input, *, memory_format=None):
    if memory_format is _dtype.contiguous_format:
        return _f._contiguous(input)
    if memory_format is _dtype.channels_last and not input.is_contiguous(memory_format=memory_format):
        return input.contiguous(memory_format=memory_format)
    return _f.clone(input)


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


def ldexp(input, other):
    """input * 2 ** other."""
    return _f.mul(input, pow(2.0, other))


def ldexp_(input, other):
    return _f.mul_(input, pow(2.0, other))


def float_power(input, exponent):
    return pow(_doubled(input), _doubled(exponent))


def _doubled(value):
    """In double precision, complex numbers staying complex."""
    if isinstance(value, TensorBase):
        return value.to(_dtype.complex128 if value.dtype.is_complex else float64)
    return value if isinstance(value, complex) else builtins.float(value)


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
    for module in (_this, _arrange, _products, _statistics, _selection):
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
        setattr(cls, name, _caster(name, target))
    for name in ("zeros", "ones", "empty"):
        setattr(cls, f"new_{name}", _new_like(name))
    cls.divide = div
    cls.divide_ = div_
    cls.swapaxes_ = transpose_
