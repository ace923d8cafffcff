"""Quantized tensors: integers with the scale and zero point that give them meaning. This file knows what they are, how
they are made, copied, printed and saved; what may be computed with them stands in _quantized_functions.py."""

import collections

import _core
from torch import _dtype, _tensor_str
from torch._C import _wrap
from torch._dtype import qint8, qint32, quint2x4, quint4x2, quint8
from torch._gen import functions as _f
from torch._tensor import Tensor

# The dtype that the integers lie in, and their bounds.
_PLAIN = {quint8: _dtype.uint8, qint8: _dtype.int8, qint32: _dtype.int32, quint4x2: _dtype.uint8}
BOUNDS = {quint4x2: (0, 15), quint8: (0, 255), qint8: (-128, 127), qint32: (-(2**31), 2**31 - 1)}
_TYPE_NAMES = {quint8: "QUInt8Tensor", qint8: "QInt8Tensor", qint32: "QInt32Tensor"}


class PerTensor(collections.namedtuple("PerTensor", ["scale", "zero_point"])):
    """One scale (a Python float) and one zero point (an int) for all elements."""

    qscheme = _dtype.per_tensor_affine
    axis = None


class PerChannel(collections.namedtuple("PerChannel", ["scales", "zero_points", "axis"])):
    """A scale and a zero point for each slice along `axis`; floating zero points are added after the division."""

    @property
    def qscheme(self):
        is_real = self.zero_points.is_floating_point()
        return _dtype.per_channel_affine_float_qparams if is_real else _dtype.per_channel_affine


class QuantizedTensor(Tensor):
    """A torch.Tensor whose is_quantized is True. `_ints` is a plain tensor over the same memory."""

    __slots__ = ("_ints", "_quantizer")

    is_quantized = property(lambda self: True)
    data = property(lambda self: self)
    grad_fn = property(lambda self: None)
    requires_grad = property(lambda self: False)

    def type(self, dtype=None, non_blocking=False):
        if dtype is not None:
            raise refusal("_to_copy")
        return f"torch.quantized.{_TYPE_NAMES[self.dtype]}"

    def is_floating_point(self):
        return False

    # The integers and their meaning

    def int_repr(self):
        if self.dtype == quint4x2:
            # Two in a byte, the lower half first; computing is done with one in a byte.
            return _f._pack_int4(self._ints.contiguous())
        return self._ints.clone(memory_format=_dtype.contiguous_format)

    def dequantize(self):
        return dequantize(self)

    def qscheme(self):
        return self._quantizer.qscheme

    def _of_tensor(self, name):
        if type(self._quantizer) is not PerTensor:
            raise RuntimeError(f"Expected quantizer->qscheme() == kPerTensorAffine to be true, but got false: {name} of {self.qscheme()}")
        return self._quantizer

    def _of_channels(self, name):
        if type(self._quantizer) is not PerChannel:
            raise RuntimeError(f"Expected quantizer->qscheme() == kPerChannelAffine to be true, but got false: {name} of {self.qscheme()}")
        return self._quantizer

    def q_scale(self):
        return self._of_tensor("q_scale").scale

    def q_zero_point(self):
        return self._of_tensor("q_zero_point").zero_point

    def q_per_channel_scales(self):
        return self._of_channels("q_per_channel_scales").scales

    def q_per_channel_zero_points(self):
        return self._of_channels("q_per_channel_zero_points").zero_points

    def q_per_channel_axis(self):
        return self._of_channels("q_per_channel_axis").axis

    def item(self):
        if self.numel() != 1:
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")
        return self.dequantize().item()

    def tolist(self):
        return self.dequantize().tolist()

    def float(self, *args, **kwargs):
        raise RuntimeError("a quantized tensor cannot be cast: dequantize() gives its numbers")

    double = half = bfloat16 = int = long = short = char = byte = bool = float

    def requires_grad_(self, requires_grad=True):
        if requires_grad:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        return self

    # Copies, text, files

    def _values(self):
        return self.dequantize()._values()

    def __repr__(self, *, tensor_contents=None):
        start = "tensor("
        body = "[]" if self.numel() == 0 else _tensor_str._body(self.dequantize(), len(start))
        quantizer = self._quantizer
        parts = [f"size={tuple(self.shape)}", f"dtype={self.dtype}", f"quantization_scheme={quantizer.qscheme}"]
        if self.device.type != "cpu":
            parts.insert(0, f"device='{self.device}'")
        if type(quantizer) is PerTensor:
            parts += [f"scale={quantizer.scale}", f"zero_point={quantizer.zero_point}"]
        else:
            parts += [f"scale={quantizer.scales}", f"zero_point={quantizer.zero_points}", f"axis={quantizer.axis}"]
        text = _tensor_str._suffixed(start + body, parts, len(start))
        return f"Parameter containing:\n{text}" if getattr(self, "_is_param", False) else text

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = wrap(self._ints.clone(), self.dtype, _copied(self._quantizer))
        return memo[id(self)]

    def __copy__(self):
        return wrap(self._ints.clone(), self.dtype, _copied(self._quantizer))

    def __reduce_ex__(self, protocol):
        return _rebuild, (self._ints, self.dtype, tuple(self._quantizer))


def _copied(quantizer):
    if type(quantizer) is PerTensor:
        return quantizer
    return PerChannel(quantizer.scales.clone(), quantizer.zero_points.clone(), quantizer.axis)


def refusal(name):
    """PyTorch's answer to a function that does not take quantized tensors."""
    return NotImplementedError(
        f"Could not run 'aten::{name}' with arguments from the 'QuantizedCPU' backend. This could be because the operator doesn't "
        "exist for this backend: dequantize() the tensor first, or see torch.ops.quantized for what computes with integers."
    )


def _refused_operator(name):
    def refuse(self, *operands):
        kind = {"rsub": RuntimeError, "remainder": RuntimeError, "bitwise_not": TypeError}.get(name, NotImplementedError)
        raise kind(str(refusal(name)))

    return refuse


# Operators that are built in: nobody asks a class before they read the memory, which holds no numbers but their codes.
for _operator, _name in {
    "__pow__": "pow", "__rpow__": "pow", "__rsub__": "rsub", "__rtruediv__": "div", "__rdiv__": "div", "__rfloordiv__": "floor_divide",
    "__mod__": "remainder", "__rmod__": "floor_divide", "__invert__": "bitwise_not", "__ipow__": "pow_",
}.items():
    setattr(QuantizedTensor, _operator, _refused_operator(_name))

_is_ready = False


def _prepare():
    """From now on torch's functions look for quantized tensors: nobody else pays for them.

    A __torch_function__ in the class itself would make them look as soon as this module is imported.
    """
    global _is_ready
    from torch import _quantized_functions, overrides

    overrides.arm()
    QuantizedTensor.__torch_function__ = classmethod(_quantized_functions.dispatch)
    _is_ready = True


def wrap(ints, dtype, quantizer):
    """A quantized tensor over the memory of `ints`."""
    if not _is_ready:
        _prepare()
    made = object.__new__(QuantizedTensor)
    made.h = _core.share(ints.h)
    made._shape = None
    made._dtype = dtype
    made._ints = ints
    made._quantizer = quantizer
    return made


def like(ints, other):
    """The integers with the meaning that they have in `other`."""
    return wrap(ints, other.dtype, other._quantizer)


def _rebuild(ints, dtype, parameters):
    return wrap(ints, dtype, PerTensor(*parameters) if len(parameters) == 2 else PerChannel(*parameters))


# Making them


def _plain_dtype(dtype):
    if dtype == quint2x4:
        raise NotImplementedError("tensors of torch.quint2x4 are not supported: torch.quint4x2 is the smallest that embeddings take")
    if dtype not in _PLAIN:
        raise RuntimeError(f"Quantized tensors have dtype torch.quint8, torch.qint8 or torch.qint32, but got {dtype}")
    return _PLAIN[dtype]


def _check_float(input, name):
    if isinstance(input, QuantizedTensor):
        raise refusal(name)
    if input.dtype != _dtype.float32:
        raise RuntimeError(f"Quantize only works on Float Tensor, got {input.dtype}: {name} takes float32")


def _check_zero_point(zero_point, dtype, name):
    low, high = BOUNDS[dtype]
    if zero_point > high:
        raise RuntimeError(f"{name} zero_point {zero_point} is above upper bound.")
    if zero_point < low:
        raise RuntimeError(f"{name} zero_point {zero_point} is below lower bound.")


def _rounded(steps, dtype):
    """The nearest integers, even ones where two are as near, within the bounds of dtype."""
    import torch

    low, high = BOUNDS[dtype]
    if dtype == qint32:
        # Above 2^24 float32 has no odd integers, and its 2^31 is no int32.
        steps = steps.to(_dtype.float64)
    return torch.round(steps).clamp(low, high).to(_PLAIN[dtype])


def _inverse(scale):
    import torch

    return 1 / torch.tensor(scale, dtype=_dtype.float32)


def quantize_per_tensor(input, scale, zero_point, dtype):
    """round(input / scale) + zero_point, kept in the bounds of dtype; lists give tuples."""
    if isinstance(input, (list, tuple)):
        return tuple([quantize_per_tensor(x, scale[i], zero_point[i], dtype) for i, x in enumerate(input)])
    _check_float(input, "quantize_per_tensor")
    _plain_dtype(dtype)
    scale, zero_point = float(scale), int(zero_point)
    _check_zero_point(zero_point, dtype, "quantize_tensor_per_tensor_affine")
    # PyTorch adds the zero point before it rounds, in one instruction that rounds once: float64 holds the product
    # exactly.
    steps = (input.detach().to(_dtype.float32).to(_dtype.float64) * _inverse(scale).item() + zero_point).to(_dtype.float32)
    return wrap(_rounded(steps, dtype), dtype, PerTensor(scale, zero_point))


def quantize_per_channel(input, scales, zero_points, axis, dtype):
    """As quantize_per_tensor, with a scale and a zero point for each slice along axis."""
    _check_float(input, "quantize_per_channel")
    _plain_dtype(dtype)
    quantizer = _per_channel(input.shape, scales, zero_points, axis)
    shape = [1] * input.dim()
    shape[axis] = -1
    floats = input.detach().to(_dtype.float32)
    zeros = quantizer.zero_points.to(_dtype.float32).view(shape)
    scales = quantizer.scales.to(_dtype.float32).view(shape)
    return wrap(_rounded(floats * (1 / scales) + zeros, dtype), dtype, quantizer)


def _narrow(zero_points):
    return zero_points if zero_points.is_floating_point() else zero_points.to(_dtype.int32)


def _per_channel(shape, scales, zero_points, axis):
    if not 0 <= axis < len(shape):
        raise RuntimeError(f"Channel axis out of range in per channel affine quantization. Got: {axis}Expected: [0, {len(shape)})")
    if scales.dim() != 1 or zero_points.dim() != 1 or scales.numel() != zero_points.numel():
        raise RuntimeError("number of elements in scales and zero_points must match")
    if scales.numel() != shape[axis]:
        raise RuntimeError(f"length of scales must equal to channel, expected {shape[axis]} got, {scales.numel()}")
    if zero_points.is_floating_point():
        return PerChannel(scales.to(_dtype.float32), zero_points.to(_dtype.float32), axis)
    return PerChannel(scales.to(_dtype.float64), zero_points.to(_dtype.int64), axis)


def quantize_per_tensor_dynamic(input, dtype, reduce_range):
    """quantize_per_tensor with the scale that input itself asks for."""
    from torch._quantized_ranges import choose_qparams

    if dtype == _dtype.float16:
        return input.to(dtype)
    if dtype not in (quint8, qint8):
        raise RuntimeError(f"dtype {dtype} not supported")
    low, high = BOUNDS[dtype]
    if reduce_range:
        low, high = int(low / 2), high // 2
    smallest, largest = (input.min().item(), input.max().item()) if input.numel() else (0.0, 0.0)
    scale, zero_point = choose_qparams(smallest, largest, low, high)
    return quantize_per_tensor(input, scale, zero_point, dtype)


def dequantize(tensor=None, *, tensors=None):
    """The numbers that the integers stand for, in float32."""
    tensor = tensors if tensor is None else tensor
    if isinstance(tensor, (list, tuple)):
        return tuple([dequantize(t) for t in tensor])
    if not isinstance(tensor, QuantizedTensor):
        return tensor.to(_dtype.float32)
    quantizer = tensor._quantizer
    if type(quantizer) is PerTensor:
        return _f._dequantize_affine(tensor._ints, quantizer.scale, quantizer.zero_point)
    scales = quantizer.scales.to(_dtype.float32)
    if quantizer.zero_points.is_floating_point():
        shape = [1] * tensor.dim()
        shape[quantizer.axis] = -1
        return (tensor._ints.to(_dtype.float32) - quantizer.zero_points.view(shape)) * scales.view(shape)
    return _f._dequantize_affine(tensor._ints, scales, _narrow(quantizer.zero_points), quantizer.axis)


def _quantized_dtype(ints):
    return next(q for q, plain in _PLAIN.items() if plain == ints.dtype)


def _make_per_tensor_quantized_tensor(input, scale, zero_point):
    return wrap(input.clone(), _quantized_dtype(input), PerTensor(float(scale), int(zero_point)))


def _make_per_channel_quantized_tensor(input, scale, zero_point, axis):
    return wrap(input.clone(), _quantized_dtype(input), _per_channel(input.shape, scale, zero_point, axis))


def _size_of(size):
    return tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else tuple(size)


def _empty_affine_quantized(*size, dtype=None, device=None, scale=1, zero_point=0, **options):
    ints = _empty(_size_of(size), dtype, device, options)
    return wrap(ints, dtype, PerTensor(float(scale), int(zero_point)))


def _empty_per_channel_affine_quantized(*size, scales, zero_points, axis, dtype=None, device=None, **options):
    ints = _empty(_size_of(size), dtype, device, options)
    return wrap(ints, dtype, _per_channel(ints.shape, scales, zero_points, axis))


def _empty(size, dtype, device, options):
    import torch

    memory_format = options.get("memory_format") or _dtype.contiguous_format
    return torch.empty(size, dtype=_plain_dtype(dtype), device=device, memory_format=memory_format)


def empty_quantized(size, qtensor, *, dtype=None, device=None, **options):
    """An uninitialized tensor of the same meaning as qtensor."""
    return like(_empty(tuple(size), qtensor.dtype, device or qtensor.device, options), qtensor)


# Files: torch._utils._rebuild_qtensor is the name that checkpoints carry.


def reduce(tensor):
    """How torch.save writes a quantized tensor."""
    from torch import _utils
    from torch.storage import TypedStorage, UntypedStorage

    if tensor.dtype == quint4x2:
        raise NotImplementedError("saving tensors of torch.quint4x2 is not supported: save the float weight, or use torch.quint8")
    ints, quantizer = tensor._ints, tensor._quantizer
    parameters = (_dtype.per_tensor_affine, *quantizer)
    if type(quantizer) is PerChannel:
        parameters = (_dtype.per_channel_affine, *quantizer)
    storage = TypedStorage(wrap_storage=UntypedStorage(ints), dtype=tensor.dtype)
    view = (ints.storage_offset(), tuple(ints.size()), ints.stride())
    return _utils._rebuild_qtensor, (storage, *view, parameters, False, collections.OrderedDict())


def rebuild(storage, storage_offset, size, stride, quantizer_params):
    """How torch.save's description becomes a tensor again."""
    from torch._C import _ints
    from torch._files import checked

    untyped = getattr(storage, "_untyped_storage", storage)
    plain = _plain_dtype(storage.dtype)
    over = _core.tensor_over(untyped._tensor.h, plain.id, storage_offset, _ints(tuple(size)), _ints(tuple(stride)))
    return quantized_over(_wrap(checked(over)), storage.dtype, quantizer_params)


def quantized_over(ints, dtype, parameters):
    """What a checkpoint says of a quantized tensor: (qscheme, scale, zero_point) or (qscheme, scales, zero_points,
    axis)."""
    import torch

    qscheme, *rest = parameters
    if qscheme == _dtype.per_tensor_affine:
        scale, zero_point = rest
        return wrap(ints, dtype, PerTensor(float(scale), int(zero_point)))
    if qscheme in (_dtype.per_channel_affine, _dtype.per_channel_affine_float_qparams):
        scales, zero_points, axis = rest
        if isinstance(scales, list):
            is_real = qscheme == _dtype.per_channel_affine_float_qparams
            scales = torch.tensor(scales, dtype=_dtype.float32 if is_real else _dtype.float64)
            zero_points = torch.tensor(zero_points, dtype=_dtype.float32 if is_real else _dtype.int64)
        return wrap(ints, dtype, _per_channel(ints.shape, scales, zero_points, axis))
    raise RuntimeError(f"Can't deserialize quantized tensor with qscheme {qscheme}")


PUBLIC = {
    f.__name__: f
    for f in (
        quantize_per_tensor, quantize_per_channel, quantize_per_tensor_dynamic, dequantize, empty_quantized,
        _make_per_tensor_quantized_tensor, _make_per_channel_quantized_tensor, _empty_affine_quantized,
        _empty_per_channel_affine_quantized,
    )
}
