"""What torch's functions do with quantized tensors, by name: those that move integers about work on the integers, a few
compute with them, and the rest is refused in PyTorch's words. Operators that choose a new scale are
torch.ops.quantized's (_quantized_ops.py)."""

import torch
from torch._gen import functions as _f
from torch._quantized import BOUNDS, PerTensor, QuantizedTensor, like, quantize_per_tensor, refusal
from torch.nn import functional as F

_TABLE = {}


def dispatch(cls, func, types, args=(), kwargs=None):
    """QuantizedTensor.__torch_function__."""
    name = getattr(func, "__name__", str(func))
    handler = _TABLE.get(name)
    if handler is None:
        raise refusal(name)
    return handler(func, args, kwargs or {})


def _on(names):
    def register(handler):
        for name in names.split():
            _TABLE[name] = handler
        return handler

    return register


def _plain(value):
    if isinstance(value, QuantizedTensor):
        return value._ints
    if type(value) in (list, tuple):
        return type(value)(_plain(v) for v in value)
    return value


def _number(value):
    if isinstance(value, QuantizedTensor):
        return value.dequantize()
    if type(value) in (list, tuple):
        return type(value)(_number(v) for v in value)
    return value


def _like_all(result, other):
    if isinstance(result, torch.Tensor):
        return like(result, other)
    return type(result)([like(part, other) for part in result])


# Moving integers

_WITH_CHANNELS = "clone contiguous detach cpu cuda pin_memory to"


@_on(
    f"""{_WITH_CHANNELS} __getitem__ reshape view flatten unflatten permute transpose t squeeze unsqueeze expand expand_as broadcast_to
    select narrow unbind split split_with_sizes chunk tensor_split repeat tile flip movedim moveaxis swapaxes
    swapdims index_select as_strided pixel_shuffle pixel_unshuffle channel_shuffle native_channel_shuffle view_as
    reshape_as ravel diagonal masked_select unfold dropout alias numpy_T adjoint hsplit vsplit narrow_copy index"""
)
def _moved(func, args, kwargs):
    tensor = args[0] if args else next(iter(kwargs.values()))
    name = func.__name__
    if name == "dropout" and (kwargs.get("training", args[2] if len(args) > 2 else True)):
        raise refusal("native_dropout")
    if name == "to" and any(isinstance(v, torch.dtype) for v in (*args, *kwargs.values())):
        raise RuntimeError("a quantized tensor cannot be cast: dequantize() gives its numbers")
    if type(tensor._quantizer) is not PerTensor and name not in _WITH_CHANNELS.split():
        raise RuntimeError("Setting strides is possible only on uniformly quantized tensor")
    return _like_all(func(*_plain(list(args)), **{k: _plain(v) for k, v in kwargs.items()}), tensor)


@_on("is_contiguous stride size dim ndimension numel nelement __len__ storage_offset data_ptr element_size is_pinned get_device untyped_storage "
     "is_signed is_complex is_inference is_conj is_neg is_shared __hash__ dim_order is_same_size is_set_to")
def _asked(func, args, kwargs):
    return func(*_plain(list(args)), **kwargs)


@_on("resolve_conj resolve_neg")
def _itself(func, args, kwargs):
    return args[0]


@_on("__iter__")
def _iterated(func, args, kwargs):
    return iter([like(part, args[0]) for part in args[0]._ints.unbind(0)])


@_on("numpy __array__")
def _as_array(func, args, kwargs):
    raise TypeError(f"Got unsupported ScalarType {args[0].dtype}")


@_on("cat concat concatenate stack hstack vstack dstack")
def _joined(func, args, kwargs):
    tensors = args[0] if args else kwargs["tensors"]
    first = tensors[0]
    if any(not isinstance(t, QuantizedTensor) or type(t._quantizer) is not PerTensor for t in tensors):
        raise RuntimeError("Only per-tensor quantization is suported in 'cat'!")
    same = [t if t._quantizer == first._quantizer else _requantized(t, first) for t in tensors]
    return like(func([t._ints for t in same], *args[1:], **{k: v for k, v in kwargs.items() if k != "tensors"}), first)


def _requantized(tensor, template):
    return quantize_per_tensor(tensor.dequantize(), template.q_scale(), template.q_zero_point(), template.dtype)


# Writing


@_on("copy_")
def _copy(func, args, kwargs):
    target, source = args[:2]
    if not isinstance(target, QuantizedTensor):
        raise RuntimeError("Copying from quantized Tensor to non-quantized Tensor is not allowed, please use dequantize to get a float Tensor")
    if isinstance(source, QuantizedTensor):
        if source.dtype != target.dtype:
            raise RuntimeError("Quantized copy only works with same data type")
        target._ints.copy_(source._ints)
        target._quantizer = source._quantizer
    else:
        if source.dtype != torch.float32:
            raise RuntimeError("Quantized copy only works with kFloat as source Tensor")
        target._ints.copy_(_quantized_as(source, target)._ints)
    return target


def _quantized_as(floats, template):
    quantizer = template._quantizer
    if type(quantizer) is PerTensor:
        return quantize_per_tensor(floats, *quantizer, template.dtype)
    return torch.quantize_per_channel(floats, *quantizer, template.dtype)


@_on("fill_ zero_ fill")
def _filled(func, args, kwargs):
    value = 0.0 if func.__name__ == "zero_" else float(args[1])
    target = args[0] if func.__name__ != "fill" else args[0].clone()
    target._ints.copy_(_quantized_as(torch.full(tuple(target.shape), value), target)._ints)
    return target


@_on("__setitem__ masked_fill masked_fill_ index_put_")
def _written(func, args, kwargs):
    target, where, value = args[:3]
    name = func.__name__
    if name == "masked_fill":
        target = target.clone()
    if not isinstance(value, torch.Tensor):
        value = torch.tensor(float(value))
    if isinstance(value, QuantizedTensor):
        value = value.dequantize()
    ints = _quantized_as(value, target)._ints
    if name == "index_put_":
        target._ints.index_put_(where, ints)
    elif name == "__setitem__":
        target._ints[where] = ints
    else:
        target._ints.copy_(torch.where(where, ints, target._ints))
    return None if name == "__setitem__" else target


# Asking


@_on("eq ne lt le gt ge greater greater_equal less less_equal not_equal __eq__ __ne__ __lt__ __le__ __gt__ __ge__")
def _compared(func, args, kwargs):
    return func(*_number(list(args)), **kwargs)


@_on("equal")
def _is_equal(func, args, kwargs):
    one, other = args
    if not (isinstance(one, QuantizedTensor) and isinstance(other, QuantizedTensor)):
        raise RuntimeError("Expected all tensors to be quantized")
    if one.qscheme() != other.qscheme() or one.dtype != other.dtype or one.shape != other.shape:
        return False
    if not all(_same(a, b) for a, b in zip(one._quantizer, other._quantizer)):
        return False
    return torch.equal(one._ints, other._ints)


def _same(a, b):
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@_on("allclose isclose")
def _close(func, args, kwargs):
    return func(*_number(list(args)), **kwargs)


@_on("any all isnan isfinite isinf __bool__ __float__ __int__ __contains__ __format__")
def _asked_of_numbers(func, args, kwargs):
    return func(*_number(list(args)), **kwargs)


@_on("min max amax amin sort topk")
def _ordered(func, args, kwargs):
    """Order is the same among the integers."""
    tensor = args[0]
    found = func(*_plain(list(args)), **kwargs)
    if isinstance(found, torch.Tensor):
        return like(found, tensor)
    return type(found)(like(found[0], tensor), found[1])


# Computing with integers of an unchanged scale


def _clamped(tensor, low, high):
    """Between two real numbers, each rounded to an integer first."""
    quantizer = tensor._quantizer
    whole = torch.tensor([0.0 if low is None else float(low), 0.0 if high is None else float(high)])
    bounds = quantize_per_tensor(whole, *quantizer, tensor.dtype)._ints.tolist()
    return tensor._ints.clamp(None if low is None else bounds[0], None if high is None else bounds[1])


@_on("relu relu_ hardtanh hardtanh_ relu6 clamp clamp_ clip clamp_min clamp_max")
def _bounded(func, args, kwargs):
    tensor = args[0]
    name = func.__name__
    rest = list(args[1:])
    if name.startswith("relu6"):
        result = _clamped(tensor, 0.0, 6.0)
    elif name.startswith("relu"):
        result = tensor._ints.clamp(min=tensor.q_zero_point())
    elif name == "clamp_min":
        result = _clamped(tensor, *rest, None)
    elif name == "clamp_max":
        result = _clamped(tensor, None, *rest)
    else:
        default = (-1.0, 1.0) if name.startswith("hardtanh") else (None, None)
        low = rest[0] if rest else kwargs.get("min_val", kwargs.get("min", default[0]))
        high = rest[1] if len(rest) > 1 else kwargs.get("max_val", kwargs.get("max", default[1]))
        result = _clamped(tensor, low, high)
    is_in_place = name.endswith("_") or kwargs.get("inplace", len(rest) > 2 and rest[2])
    if name in ("relu", "relu6") and rest:
        is_in_place = rest[0]
    if is_in_place:
        tensor._ints.copy_(result)
        return tensor
    return like(result, tensor)


def _as_float(tensor):
    return tensor._ints.to(torch.float64 if tensor.dtype == torch.qint32 else torch.float32)


def _from_float(values, tensor):
    return like(values.to(tensor._ints.dtype), tensor)


def _sizes(value):
    return [value] if isinstance(value, int) else list(value)


def _by_kernel(tensor):
    """Is it an image that the kernels of eight-bit integers pool as it is?"""
    return tensor.dim() == 4 and tensor.dtype != torch.qint32


@_on("max_pool2d quantized_max_pool2d")
def _largest(func, args, kwargs):
    tensor = args[0]
    if not _by_kernel(tensor):
        return _picked(func, args, kwargs)
    if kwargs.get("return_indices"):
        raise refusal("max_pool2d_with_indices")
    return like(_max_pool2d(tensor._ints, *args[1:], **kwargs), tensor)


def _max_pool2d(ints, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _f._max_pool2d_int8(
        ints, _sizes(kernel_size), _sizes(stride or kernel_size), _sizes(padding), _sizes(dilation), ceil_mode
    )


@_on("max_pool1d max_pool3d quantized_max_pool1d quantized_max_pool3d reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d")
def _picked(func, args, kwargs):
    tensor = args[0]
    if kwargs.get("return_indices"):
        raise refusal("max_pool2d_with_indices")
    return _from_float(func(_as_float(tensor), *args[1:], **kwargs), tensor)


@_on("pad")
def _padded(func, args, kwargs):
    tensor, pad = args[:2]
    mode = kwargs.get("mode", args[2] if len(args) > 2 else "constant")
    if mode != "constant":
        return _from_float(F.pad(_as_float(tensor), pad, mode), tensor)
    value = kwargs.get("value", args[3] if len(args) > 3 else None)
    fill = quantize_per_tensor(torch.tensor(float(value or 0.0)), *tensor._quantizer, tensor.dtype)._ints.item()
    return _from_float(F.pad(_as_float(tensor), pad, "constant", fill), tensor)


def _rounded(offsets, tensor):
    """From real multiples of the scale back to integers."""
    low, high = BOUNDS[tensor.dtype]
    values = torch.round(offsets + tensor.q_zero_point()).clamp(low, high)
    return _from_float(values, tensor)


def _avg_pool2d(ints, zero_point, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    return _f._avg_pool2d_int8(
        ints, zero_point, _sizes(kernel_size), _sizes(stride or kernel_size), _sizes(padding), ceil_mode, count_include_pad,
        divisor_override,
    )


def _adaptive_avg_pool2d(ints, zero_point, output_size):
    wanted = _sizes(output_size) * (1 if isinstance(output_size, (list, tuple)) else 2)
    sizes = [n if size is None else size for size, n in zip(wanted, ints.shape[-2:])]
    return _f._adaptive_avg_pool2d_int8(ints, zero_point, sizes)


@_on("avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d")
def _averaged(func, args, kwargs):
    tensor = args[0]
    kernel = {"avg_pool2d": _avg_pool2d, "adaptive_avg_pool2d": _adaptive_avg_pool2d}.get(func.__name__)
    if kernel and _by_kernel(tensor):
        return like(kernel(tensor._ints, tensor.q_zero_point(), *args[1:], **kwargs), tensor)
    return _rounded(func(_as_float(tensor) - tensor.q_zero_point(), *args[1:], **kwargs), tensor)


@_on("interpolate upsample upsample_nearest upsample_bilinear")
def _resized(func, args, kwargs):
    tensor = args[0]
    mode = kwargs.get("mode", args[3] if len(args) > 3 else "nearest")
    if mode not in ("nearest", "nearest-exact", "bilinear"):
        raise refusal(f"upsample_{mode}")
    result = func(_as_float(tensor), *args[1:], **kwargs)
    return _from_float(result, tensor) if "nearest" in mode else _rounded(result - tensor.q_zero_point(), tensor)


# Computing in floats, with the input's scale again


def _again(floats, tensor):
    return quantize_per_tensor(floats, *tensor._quantizer, tensor.dtype)


@_on("leaky_relu leaky_relu_ threshold")
def _activated(func, args, kwargs):
    from torch._quantized_ops import _kernel_inputs, _kernel_result

    tensor = args[0]
    is_in_place = func.__name__.endswith("_") or kwargs.pop("inplace", args[-1] is True)
    numbers = [value for value in args[1:] if value is not True and value is not False]
    function = F.threshold if func.__name__ == "threshold" else F.leaky_relu
    result = _kernel_result(function(_kernel_inputs(tensor), *numbers, **kwargs), *tensor._quantizer, tensor.dtype)
    if not is_in_place:
        return result
    tensor._ints.copy_(result._ints)
    return tensor


@_on("mean gelu")
def _through_floats(func, args, kwargs):
    if kwargs.get("dtype") is not None:
        raise refusal("mean.dtype")
    return _again(func(args[0].dequantize(), *args[1:], **kwargs), args[0])


@_on("sigmoid tanh hardsigmoid")
def _of_known_range(func, args, kwargs):
    tensor = args[0]
    scale = 2.0 / 256 if func.__name__ == "tanh" else 1.0 / 256
    low, high = BOUNDS[tensor.dtype]
    is_centred = func.__name__ == "tanh"
    zero_point = (low + high + 1) // 2 if is_centred else low if tensor.dtype != torch.qint32 else 0
    return quantize_per_tensor(func(tensor.dequantize()), scale, zero_point, tensor.dtype)


# Making


@_on("empty_like")
def _made_like(func, args, kwargs):
    if kwargs.get("dtype") is not None:
        raise refusal("empty_like")
    return like(torch.empty_like(args[0]._ints, **kwargs), args[0])


@_on("add sub mul div __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ true_divide multiply")
def _arithmetic(func, args, kwargs):
    if all(isinstance(value, torch.Tensor) for value in args):
        raise refusal(func.__name__.strip("_"))
    raise RuntimeError("promoteTypes with quantized numbers is not handled yet: torch.ops.quantized.add_scalar and mul_scalar take numbers")


@_on("float double half bfloat16 int long short char byte bool type_as")
def _cast(func, args, kwargs):
    raise RuntimeError("a quantized tensor cannot be cast: dequantize() gives its numbers")


@_on("is_tensor is_nonzero is_floating_point dequantize int_repr q_scale q_zero_point q_per_channel_scales q_per_channel_zero_points "
     "q_per_channel_axis qscheme")
def _of_itself(func, args, kwargs):
    tensor = args[0]
    method = getattr(QuantizedTensor, func.__name__, None)
    if method is None or method is func:
        raise refusal(func.__name__)
    return method(tensor, *args[1:], **kwargs)
