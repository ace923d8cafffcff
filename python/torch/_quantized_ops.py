"""torch.ops.quantized: operators on quantized tensors that are given the scale and zero point of their result."""

import torch
from torch import _quantized_packed as packing
from torch._gen import functions as _f
from torch._ops import Operator, operators
from torch._quantized import _PLAIN, BOUNDS, PerTensor, QuantizedTensor, quantize_per_tensor, wrap
from torch._quantized_packed import Packed, PackedConv, PackedEmbedding, PackedHalf
from torch.nn import functional as F

_OPERATORS = {}


def _operator(function, name=None):
    _OPERATORS[name or function.__name__] = function
    return function


def _of(ints, dtype, scale, zero_point):
    return wrap(ints, dtype, PerTensor(float(scale), int(zero_point)))


# Linear


@_operator
def linear_prepack(W, B=None):
    return Packed(W, B)


@_operator
def linear_prepack_fp16(W, B=None):
    return PackedHalf(W, B)


@_operator
def linear_unpack(W_prepack):
    return W_prepack.unpack()


_operator(linear_unpack, "linear_unpack_fp16")


@_operator
def linear(X, W_prepack, Y_scale_i, Y_zero_point_i):
    return _of(packing.linear(X, W_prepack, Y_scale_i, Y_zero_point_i), X.dtype, Y_scale_i, Y_zero_point_i)


@_operator
def linear_relu(X, W_prepack, Y_scale_i, Y_zero_point_i):
    return _of(packing.linear(X, W_prepack, Y_scale_i, Y_zero_point_i, relu=True), X.dtype, Y_scale_i, Y_zero_point_i)


@_operator
def linear_leaky_relu(X, W_prepack, Y_scale_i, Y_zero_point_i, negative_slope):
    real = F.leaky_relu(packing.linear(X, W_prepack, None, None, is_float=True), negative_slope)
    return quantize_per_tensor(real, Y_scale_i, Y_zero_point_i, X.dtype)


@_operator
def linear_tanh(X, W_prepack, Y_scale_i, Y_zero_point_i):
    real = torch.tanh(packing.linear(X, W_prepack, None, None, is_float=True))
    return quantize_per_tensor(real, Y_scale_i, Y_zero_point_i, X.dtype)


@_operator
def linear_dynamic(X, W_prepack, reduce_range=False):
    return packing.linear_dynamic(X, W_prepack, reduce_range=reduce_range)


@_operator
def linear_relu_dynamic(X, W_prepack, reduce_range=False):
    return packing.linear_dynamic(X, W_prepack, relu=True, reduce_range=reduce_range)


@_operator
def linear_dynamic_fp16(X, W_prepack):
    return packing.linear_half(X, W_prepack)


@_operator
def linear_relu_dynamic_fp16(X, W_prepack):
    return packing.linear_half(X, W_prepack, relu=True)


# Convolutions


def _convolutions(rank):
    def prepack(weight, bias, stride, padding, dilation, groups):
        return PackedConv(weight, bias, stride, padding, dilation, groups)

    def transposed_prepack(weight, bias, stride, padding, output_padding, dilation, groups):
        return PackedConv(weight, bias, stride, padding, dilation, groups, output_padding, True)

    def unpack(packed_weights):
        return packed_weights.unpack()

    def convolve(relu):
        def conv(qx, packed_weight, output_scale, output_zero_point):
            if qx.dim() != rank + 2:
                raise RuntimeError(f"quantized::conv{rank}d expects an input of {rank + 2} dimensions, got {qx.dim()}")
            ints = packing.convolution(qx, packed_weight, output_scale, output_zero_point, relu)
            return _of(ints, qx.dtype, output_scale, output_zero_point)

        return conv

    def dynamic(input, packed_weight, reduce_range=False):
        quantized = torch.quantize_per_tensor_dynamic(input, torch.quint8, reduce_range)
        scale = quantized.q_scale()
        sums = packing._exact_sums(quantized, packed_weight, rank).to(torch.float32)
        real = sums * (packed_weight.scales * scale).view(-1, *[1] * rank)
        return real if packed_weight.bias is None else real + packed_weight.bias.view(-1, *[1] * rank)

    for name, function in {
        f"conv{rank}d_prepack": prepack, f"conv{rank}d_unpack": unpack, f"conv{rank}d": convolve(False),
        f"conv{rank}d_relu": convolve(True), f"conv{rank}d_dynamic": dynamic, f"conv_transpose{rank}d_prepack": transposed_prepack,
        f"conv_transpose{rank}d_unpack": unpack, f"conv_transpose{rank}d": convolve(False), f"conv_transpose{rank}d_dynamic": dynamic,
    }.items():
        _operator(function, name)
    for attribute in ("stride", "padding", "dilation", "groups", "output_padding"):
        _operator(lambda packed_weights, attribute=attribute: getattr(packed_weights, attribute), f"conv{rank}d_{attribute}")


for _rank in (1, 2, 3):
    _convolutions(_rank)


def _conv_add(qx, qaccum, packed_weight, output_scale, output_zero_point, relu):
    """A convolution whose sums are added to another tensor before they are rounded, once."""
    step = packed_weight.scales * qx.q_scale()
    real = packing._exact_sums(qx, packed_weight, 2).to(torch.float32) * step.view(-1, 1, 1)
    if packed_weight.bias is not None:
        real = real + packed_weight.bias.view(-1, 1, 1)
    real = real + qaccum.dequantize()
    return quantize_per_tensor(torch.relu(real) if relu else real, output_scale, output_zero_point, qx.dtype)


@_operator
def conv2d_add(qx, qaccum, packed_weight, output_scale, output_zero_point):
    return _conv_add(qx, qaccum, packed_weight, output_scale, output_zero_point, False)


@_operator
def conv2d_add_relu(qx, qaccum, packed_weight, output_scale, output_zero_point):
    return _conv_add(qx, qaccum, packed_weight, output_scale, output_zero_point, True)


def _float32(value):
    return torch.tensor(value, dtype=torch.float32)


# PyTorch's element-wise kernels take so many elements at once, and the rest one by one, with another order of rounding:
# this shows where a value lies in the middle of two integers.
_LANES = 64


def _kernel_inputs(qx):
    """The numbers as those kernels read them: one multiplication and addition, rounded once; the rest as dequantize()
    does."""
    scale = _float32(qx.q_scale())
    offset = -(scale * qx.q_zero_point())
    at_once = (qx._ints.to(torch.float64) * scale.item() + offset.item()).to(torch.float32).reshape(-1)
    n = at_once.numel() // _LANES * _LANES
    return torch.cat([at_once[:n], qx.dequantize().reshape(-1)[n:]]).view(qx.shape)


def _kernel_result(real, scale, zero_point, dtype, inverse=None):
    """And as they round: to a whole number of steps before the zero point is added; the rest after."""
    scale, zero_point = float(scale), int(zero_point)
    flat = real.reshape(-1)
    n = flat.numel() // _LANES * _LANES
    one_step = 1 / _float32(scale)
    at_once = torch.round(flat[:n] * (one_step if inverse is None else inverse)) + zero_point
    whole = torch.cat([at_once, torch.round(flat[n:] * one_step + zero_point)])
    low, high = BOUNDS[dtype]
    return _of(whole.clamp(low, high).to(_PLAIN[dtype]).view(real.shape), dtype, scale, zero_point)


# Arithmetic


def _two(name, function, relu):
    def operate(qa, qb, scale=None, zero_point=None):
        if not isinstance(qb, torch.Tensor) and scale is None and not name.startswith("matmul"):
            # The overload for numbers keeps the scale, or stretches it.
            return (_shifted if name.startswith("add") else _stretched)(qa, float(qb), relu)
        for tensor in (qa, qb):
            if not isinstance(tensor, QuantizedTensor):
                raise NotImplementedError(
                    f"Could not run 'quantized::{name}' with arguments from the 'CPU' backend: it takes quantized tensors"
                )
            if tensor.qscheme() != torch.per_tensor_affine:
                raise RuntimeError(f"Only per tensor quantization is supported in quantized::{name}")
        if qa.dtype != qb.dtype:
            raise RuntimeError(f"{name} operands should have same data type.")
        return function(qa, qb, float(scale), int(zero_point), relu)

    _operator(operate, name)


def _sum(qa, qb, scale, zero_point, relu):
    """Through float32, as PyTorch's kernel does it."""
    if qa.shape == qb.shape and qa.dtype != torch.qint32:
        ints = _f._add_int8(
            qa._ints, qa.q_scale(), qa.q_zero_point(), qb._ints, qb.q_scale(), qb.q_zero_point(), scale, zero_point, relu
        )
        return _of(ints, qa.dtype, scale, zero_point)
    real = _kernel_inputs(qa) + _kernel_inputs(qb)
    return _kernel_result(torch.relu(real) if relu else real, scale, zero_point, qa.dtype)


def _product(multiply):
    """The product of the integers, exact, then one factor."""

    def operate(qa, qb, scale, zero_point, relu):
        if multiply is torch.mul and qa.dtype != torch.qint32:
            ints = _f._mul_int8(
                qa._ints, qa.q_scale(), qa.q_zero_point(), qb._ints, qb.q_scale(), qb.q_zero_point(), scale, zero_point, relu
            )
            return _of(ints, qa.dtype, scale, zero_point)
        exact = torch.float64
        products = multiply(qa._ints.to(exact) - qa.q_zero_point(), qb._ints.to(exact) - qb.q_zero_point()).to(torch.float32)
        factor = _float32(qa.q_scale()) * _float32(qb.q_scale()) * (1 / _float32(scale))
        low, high = BOUNDS[qa.dtype]
        ints = torch.round(products * factor) + zero_point
        return _of(ints.clamp(zero_point if relu else low, high).to(qa._ints.dtype), qa.dtype, scale, zero_point)

    return operate


for _suffix, _relu in (("", False), ("_relu", True)):
    _two(f"add{_suffix}", _sum, _relu)
    _two(f"mul{_suffix}", _product(torch.mul), _relu)
_two("matmul", _product(torch.matmul), False)


@_operator
def cat(tensors, dim, scale=None, zero_point=None):
    first = tensors[0]
    scale = first.q_scale() if scale is None else float(scale)
    zero_point = first.q_zero_point() if zero_point is None else int(zero_point)
    same = [
        t._ints if (t.q_scale(), t.q_zero_point()) == (scale, zero_point)
        else quantize_per_tensor(t.dequantize(), scale, zero_point, first.dtype)._ints
        for t in tensors
    ]
    return _of(torch.cat(same, dim), first.dtype, scale, zero_point)


@_operator
def cat_relu(tensors, dim, scale=None, zero_point=None):
    return torch.relu(cat(tensors, dim, scale, zero_point))


def _shifted(qa, c, relu):
    """Adding a number moves the zero point, and changes the scale only where that would leave the dtype."""
    scale = qa.q_scale()
    low, high = BOUNDS[qa.dtype]
    zero_point = qa.q_zero_point() - round(c / scale)
    if low <= zero_point <= high:
        result = _of(qa._ints.clone(), qa.dtype, scale, zero_point)
    else:
        # The zero point stays at the nearer end, and the other end stands for what it stood for.
        is_below = zero_point < low
        new_scale = (high - zero_point if is_below else zero_point - low) / (high - low) * scale
        real = (qa._ints.to(torch.int32) - zero_point).to(torch.float32) * scale
        result = quantize_per_tensor(real, new_scale, low if is_below else high, qa.dtype)
    return torch.relu(result) if relu else result


def _stretched(qa, c, relu):
    """Multiplying by a number is a matter of the scale; a negative one turns the integers round."""
    scale, zero_point = qa.q_scale(), qa.q_zero_point()
    low, high = BOUNDS[qa.dtype]
    if c == 0:
        return _of(torch.zeros_like(qa._ints), qa.dtype, 1.0, 0)
    ints = qa._ints.clone()
    if c < 0:
        ints = (low + high - ints.to(torch.int32)).to(ints.dtype)
        zero_point = low + high - zero_point
    result = _of(ints, qa.dtype, abs(c) * scale, zero_point)
    return torch.relu(result) if relu else result


for _suffix, _relu in (("", False), ("_relu", True)):
    _operator(lambda qa, b, relu=_relu: _shifted(qa, float(b), relu), f"add_scalar{_suffix}")
    _operator(lambda qa, b, relu=_relu: _stretched(qa, float(b), relu), f"mul_scalar{_suffix}")


# Activations and norms


def _activation(name, function):
    def operate(qx, *args):
        *rest, scale, zero_point = args
        return _kernel_result(function(_kernel_inputs(qx), *rest), scale, zero_point, qx.dtype)

    _operator(operate, name)


@_operator
def hardswish(input, output_scale, output_zero_point):
    # The reciprocal is taken in double precision here.
    inverse = _float32(1.0 / float(output_scale))
    return _kernel_result(F.hardswish(_kernel_inputs(input)), output_scale, output_zero_point, input.dtype, inverse)



_activation("sigmoid", torch.sigmoid)
_activation("tanh", torch.tanh)
_activation("softmax", lambda x, dim: torch.softmax(x, dim))


@_operator
def elu(self, output_scale, output_zero_point, alpha=1.0, scale=1.0, input_scale=1.0):
    floats = _kernel_inputs(self)
    negative = torch.expm1(floats * input_scale) * (alpha * scale)
    return _kernel_result(torch.where(floats >= 0, floats * scale, negative), output_scale, output_zero_point, self.dtype)


@_operator
def celu(self, output_scale, output_zero_point, alpha=1.0):
    return _kernel_result(F.celu(_kernel_inputs(self), float(alpha)), output_scale, output_zero_point, self.dtype)


@_operator
def leaky_relu(qx, negative_slope, inplace, output_scale, output_zero_point):
    return _kernel_result(F.leaky_relu(_kernel_inputs(qx), float(negative_slope)), output_scale, output_zero_point, qx.dtype)


@_operator
def prelu(qx, weight, output_scale, output_zero_point):
    real = F.prelu(qx.dequantize(), weight.dequantize())
    return quantize_per_tensor(real, float(output_scale), int(output_zero_point), qx.dtype)


@_operator
def threshold(qx, threshold, value):
    return _kernel_result(F.threshold(_kernel_inputs(qx), float(threshold), float(value)), *qx._quantizer, qx.dtype)


@_operator
def clamp(qx, min=None, max=None):
    return torch.clamp(qx, min, max)


@_operator
def max_pool1d(qx, kernel_size, stride, padding, dilation, ceil_mode):
    return F.max_pool1d(qx, kernel_size, stride or None, padding, dilation, ceil_mode)


@_operator
def max_pool2d(qx, kernel_size, stride, padding, dilation, ceil_mode):
    return F.max_pool2d(qx, kernel_size, stride or None, padding, dilation, ceil_mode)


@_operator
def relu6(qx, inplace=False):
    return F.relu6(qx, inplace)


@_operator
def dropout(self, output_scale, output_zero_point, p=0.5, training=False):
    return self


@_operator
def layer_norm(input, normalized_shape, weight, bias, eps, output_scale, output_zero_point):
    real = F.layer_norm(input.dequantize(), normalized_shape, weight, bias, eps)
    return quantize_per_tensor(real, float(output_scale), int(output_zero_point), input.dtype)


@_operator
def group_norm(qx, num_groups, weight, bias, eps, output_scale, output_zero_point):
    real = F.group_norm(qx.dequantize(), num_groups, weight, bias, eps)
    return quantize_per_tensor(real, float(output_scale), int(output_zero_point), qx.dtype)


@_operator
def instance_norm(qx, weight, bias, eps, output_scale, output_zero_point):
    real = F.instance_norm(qx.dequantize(), weight=weight, bias=bias, eps=eps)
    return quantize_per_tensor(real, float(output_scale), int(output_zero_point), qx.dtype)


def _batch_norm(rank, relu):
    def operate(qx, weight, bias, mean, var, eps, output_scale, output_zero_point):
        if rank is not None and qx.dim() != rank + 2:
            raise RuntimeError(f"Expecting the input tensor of rank {rank + 2}.")
        scale, zero_point = float(output_scale), int(output_zero_point)
        # One factor and one offset for each channel, in steps of the result.
        factor = weight / torch.sqrt(var + eps)
        offset = (bias - mean * factor) / scale
        factor = factor * (qx.q_scale() / scale)
        column = (-1, *[1] * (qx.dim() - 2))
        steps = (qx._ints.to(torch.float32) - qx.q_zero_point()) * factor.view(column) + offset.view(column)
        if relu:
            steps = torch.relu(steps)
        low, high = BOUNDS[qx.dtype]
        ints = (torch.round(steps) + zero_point).clamp(low, high).to(qx._ints.dtype)
        return _of(ints, qx.dtype, scale, zero_point)

    return operate


for _rank, _suffix in ((1, "1d"), (2, "2d"), (3, "3d"), (None, "")):
    _operator(_batch_norm(_rank, False), f"batch_norm{_suffix}")
    _operator(_batch_norm(_rank, True), f"batch_norm{_suffix}_relu")


def install():
    """Put them where torch.ops.quantized looks."""
    from torch import _quantized_embedding, _quantized_recurrent

    found = {**_OPERATORS, **_quantized_embedding.OPERATORS, **_quantized_recurrent.OPERATORS}
    for name, function in found.items():
        operator = operators[("quantized", name)] = Operator("quantized", name)
        operator.whole = function
