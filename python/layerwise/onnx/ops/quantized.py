"""Low-bit integers: quantize and dequantize, products and convolutions of integers with the scales around them."""

import torch
import torch.nn.functional as F
from torch._gen import functions as _ops

from layerwise.onnx.ops.convolutions import Window, _CONV
from layerwise.onnx.ops.elementwise import to_float8
from layerwise.onnx.registry import operator
from layerwise.onnx.values import BORROWED, dtype_of

# The least and the largest code of each type that is written.
_RANGES = {torch.uint8: (0, 255), torch.int8: (-128, 127), torch.int16: (-32768, 32767)}


def _spread(values, x, axis, block):
    """Scales or zero points under the dimensions of x: one for all, one a slice, or one for so many of them."""
    if values.dim() == 0 or values.numel() == 1 and x.dim() != values.dim():
        return values.reshape([])
    if x.dim() == 0:
        raise ValueError(f"{values.numel()} scales or zero points meet one number: expected one")
    axis = axis % x.dim()
    if block:
        return values.repeat_interleave(block, dim=axis).narrow(axis, 0, x.shape[axis])
    if values.dim() == x.dim():
        # Some writers give blocks that are a whole row.
        return values
    sizes = [1] * x.dim()
    sizes[axis] = values.shape[0]
    return values.reshape(sizes)


def _codes(node, zero_point):
    """The dtype of the codes, with the least and the largest of them."""
    if node.result_type is not None:
        dtype, bits, is_signed = BORROWED[node.result_type]
        return dtype, (-(1 << (bits - 1)) if is_signed else 0), (1 << (bits - is_signed)) - 1
    if node.get("output_dtype"):
        dtype = dtype_of(node.get("output_dtype"), node)
    else:
        dtype = torch.uint8 if zero_point is None else zero_point.dtype
    if dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        return dtype, None, None
    if dtype not in _RANGES:
        node.refuse(f"codes of {dtype} are not written here")
    return dtype, *_RANGES[dtype]


@operator("QuantizeLinear")
def quantize(node, x, scale, zero_point=None):
    axis, block = node.get("axis", 1), node.get("block_size", 0)
    dtype, low, high = _codes(node, zero_point)
    if low is None:
        return to_float8(x / _spread(scale, x, axis, block), dtype, bool(node.get("saturate", 1)))
    if not block and dtype in (torch.uint8, torch.int8) and x.dtype == scale.dtype == torch.float32 and not scale.requires_grad:
        # One kernel that computes the same.
        if scale.dim() == 1 and scale.numel() > 1:
            return _ops._quantize_affine(x, scale, zero_point, axis % x.dim(), low, high, dtype, True)
        if scale.numel() == 1:
            zero = None if zero_point is None else zero_point.reshape([])
            return _ops._quantize_affine(x, scale.reshape([]), zero, None, low, high, dtype, True)
    wide = x if x.is_floating_point() else x.to(torch.float32)
    codes = torch.round(wide / _spread(scale, x, axis, block))
    if zero_point is not None:
        codes = codes.to(torch.float32) + _spread(zero_point, x, axis, block)
    return torch.clamp(codes, low, high).to(dtype)


@operator("DequantizeLinear")
def dequantize(node, x, scale, zero_point=None):
    axis, block = node.get("axis", 1), node.get("block_size", 0)
    dtype = scale.dtype
    if node.get("output_dtype"):
        dtype = dtype_of(node.get("output_dtype"), node)
    is_list = scale.dim() == 1 and scale.numel() > 1
    if not block and (is_list or scale.numel() == 1) and scale.dtype == torch.float32 and not scale.requires_grad:
        # One kernel that computes the same.
        if not x.is_floating_point():
            return _ops._dequantize_affine(x, scale, zero_point, axis % x.dim() if is_list else None, dtype)
    codes = x.to(torch.float32)
    if zero_point is not None:
        codes = codes - _spread(zero_point, x, axis, block).to(torch.float32)
    return (codes * _spread(scale, x, axis, block).to(torch.float32)).to(dtype)


@operator("DynamicQuantizeLinear")
def dynamic_quantize(node, x):
    scale, zero = _ops._choose_qparams(x, 0, 255, True)
    return _ops._quantize_affine(x, scale, zero, None, 0, 255, torch.uint8, True), scale, zero


def _shifted(x, zero_point, is_rows=False):
    """Codes minus their zero point, as whole numbers that cannot overflow."""
    wide = x.to(torch.int32)
    if zero_point is None:
        return wide
    zero = zero_point.to(torch.int32)
    if zero.dim() == 1 and zero.numel() > 1:
        zero = zero.unsqueeze(-1) if is_rows else zero
    elif zero.numel() == 1:
        zero = zero.reshape([])
    return wide - zero


def integer_product(a, b, a_zero, b_zero):
    """(a - a_zero) @ (b - b_zero) in int32, exactly."""
    is_layer = a.dtype in (torch.uint8, torch.int8) and b.dtype == torch.int8 and b.dim() == 2
    if is_layer and (a_zero is None or a_zero.numel() == 1) and a.dim() > 0:
        return _low_bit_product(a, b, a_zero, b_zero)
    # Products of codes are whole numbers that float64 holds exactly.
    left, right = _shifted(a, a_zero, True).to(torch.float64), _shifted(b, b_zero).to(torch.float64)
    return torch.round(torch.matmul(left, right)).to(torch.int32)


def _low_bit_product(a, b, a_zero, b_zero):
    """By the int8 kernel; what the zero points add is a matter of sums of rows and columns."""
    rows = a.reshape(-1, a.shape[-1])
    shift = 0
    if a.dtype == torch.uint8:
        # The same bits, 128 lower.
        rows, shift = torch.bitwise_xor(rows, torch.full_like(rows, 128)).view(torch.int8), 128
    offset = shift if a_zero is None else shift - a_zero.reshape([]).to(torch.int32)
    total = torch._int_mm(rows.contiguous(), b)
    total = total + offset * torch.sum(b, dim=0, dtype=torch.int32)
    if b_zero is not None:
        sums = torch.sum(rows, dim=1, dtype=torch.int32) + offset * a.shape[-1]
        total = total - sums.unsqueeze(1) * b_zero.to(torch.int32)
    return total.reshape(*a.shape[:-1], b.shape[1])


@operator("MatMulInteger")
def matmul_integer(node, a, b, a_zero=None, b_zero=None):
    return integer_product(a, b, a_zero, b_zero)


@operator("QLinearMatMul")
def qlinear_matmul(node, a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
    total = integer_product(a, b, a_zero, b_zero)
    rows = a_scale.unsqueeze(-1) if a_scale.dim() == 1 and a_scale.numel() > 1 else a_scale
    return requantized(total, rows * b_scale / y_scale, y_zero)


def requantized(total, factor, zero):
    low, high = _RANGES[zero.dtype]
    codes = torch.round(total.to(torch.float32) * factor.to(torch.float32)) + zero.to(torch.float32)
    return torch.clamp(codes, low, high).to(zero.dtype)


# So many products of eight bits fit into the digits of a float32.
_MOST_EXACT = (1 << 24) // (255 * 128)


def _integer_conv(node, x, x_zero, weight, weight_zero):
    """The convolution of codes without their zero points, in int32, exactly."""
    rank = x.dim() - 2
    window = Window(node, x.shape[2:], weight.shape[2:])
    groups = node.get("group", 1)
    is_plain = rank == 2 and weight.dtype == torch.int8 and window.is_even and weight[0].numel() <= _MOST_EXACT
    if is_plain and (x_zero is None or x_zero.numel() == 1):
        zero = 0 if x_zero is None else x_zero.reshape([])
        zeros = None if weight_zero is None else weight_zero.reshape(-1).to(torch.int32)
        one = torch.ones(1, device=x.device)
        found = _ops._conv2d_int8(
            x, 1.0, zero, weight, one, zeros, None, window.strides, window.before, window.dilations, groups
        )
        return found.to(torch.int32)
    # Whole numbers that float64 holds: 2^53 is out of reach of any kernel's sum.
    codes, padding = _shifted(x, x_zero).to(torch.float64), window.before
    if not window.is_even:
        codes, padding = F.pad(codes, window.flat()), [0] * rank
    real = _shifted_weight(weight, weight_zero).to(torch.float64)
    found = _CONV[rank](codes, real, None, window.strides, padding, window.dilations, groups)
    return torch.round(found).to(torch.int32)


def _shifted_weight(weight, zero):
    wide = weight.to(torch.int32)
    if zero is None:
        return wide
    zero = zero.to(torch.int32)
    return wide - (zero.reshape(-1, *[1] * (weight.dim() - 1)) if zero.numel() > 1 else zero.reshape([]))


@operator("ConvInteger")
def conv_integer(node, x, weight, x_zero=None, weight_zero=None):
    return _integer_conv(node, x, x_zero, weight, weight_zero)


@operator("QLinearConv")
def qlinear_conv(node, x, x_scale, x_zero, weight, weight_scale, weight_zero, y_scale, y_zero, bias=None):
    total = _integer_conv(node, x, x_zero, weight, weight_zero)
    if bias is not None:
        total = total + bias.reshape(1, -1, *[1] * (x.dim() - 2))
    factor = x_scale * weight_scale / y_scale
    if factor.numel() > 1:
        factor = factor.reshape(1, -1, *[1] * (x.dim() - 2))
    return requantized(total, factor, y_zero)
