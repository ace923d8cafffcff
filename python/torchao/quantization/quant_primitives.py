"""Scales, zero points and codes of tensors in blocks, by torchao's rules: half to even, products with the reciprocal of a scale.

Plain tensor functions; gradients go straight through fake quantization. Decides nothing about models.
"""

import enum

import torch


class MappingType(enum.Enum):
    """How a range of numbers becomes a range of codes."""

    SYMMETRIC = 1
    SYMMETRIC_NO_CLIPPING_ERR = 2
    ASYMMETRIC = 3


class ZeroPointDomain(enum.Enum):
    """What a zero point is: a code, a number, or nothing."""

    INT = 1
    FLOAT = 2
    NONE = 3


class TorchAODType(enum.Enum):
    """Names for dtypes of one to seven bits, from before PyTorch had its own."""

    INT1, INT2, INT3, INT4, INT5, INT6, INT7 = range(1, 8)


_BOUNDS = {getattr(torch, f"int{bits}"): (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (*range(1, 9), 16, 32)}
_BOUNDS |= {getattr(torch, f"uint{bits}"): (0, 2**bits - 1) for bits in range(1, 9)}
_BOUNDS |= {kind: (-(2 ** (kind.value - 1)), 2 ** (kind.value - 1) - 1) for kind in TorchAODType}
_STEPS = "zero_point_domain FLOAT with a symmetric mapping is not supported: symmetric codes have no zero point"


def bounds_of(dtype, low=None, high=None):
    """The smallest and the largest code of a dtype, or of a part of it."""
    if dtype not in _BOUNDS:
        raise ValueError(f"Unsupported dtype: {dtype}")
    least, most = _BOUNDS[dtype]
    low, high = least if low is None else low, most if high is None else high
    if low < least or high > most:
        raise ValueError(f"codes from {low} to {high} do not fit into {dtype}, which goes from {least} to {most}")
    return low, high


class _Straight(torch.autograd.Function):
    """What was rounded, with the gradient of what it was made of where `passes`."""

    @staticmethod
    def forward(ctx, x, rounded, passes):
        ctx.save_for_backward(passes)
        return rounded

    @staticmethod
    def backward(ctx, grad):
        (passes,) = ctx.saved_tensors
        return grad * passes, None, None


def _blocks(shape, block_size):
    """(the shape with blocks in dimensions of their own, those dimensions)."""
    if len(block_size) != len(shape):
        raise ValueError(f"block_size {tuple(block_size)} got a tensor of shape {tuple(shape)}: expected a size for each dimension")
    apart, inside = [], []
    for size, block in zip(shape, block_size):
        if size % block:
            raise ValueError(f"blocks of {tuple(block_size)} do not fill a tensor of shape {tuple(shape)}")
        if block not in (1, size):
            apart.append(size // block)
        if block != 1:
            inside.append(len(apart))
        apart.append(size if block == 1 else block)
    return apart, inside


def _ends(input, block_size):
    apart, inside = _blocks(input.shape, block_size)
    if not inside:
        return input, input
    grouped = input.reshape(apart)
    return grouped.amin(dim=inside), grouped.amax(dim=inside)


def choose_qparams_affine(
    input, mapping_type, block_size, target_dtype, quant_min=None, quant_max=None, eps=None, scale_dtype=None,
    zero_point_dtype=torch.int32, keepdim=False,
):
    """(scale, zero point) of each block."""
    low, high = _ends(input, block_size)
    scale, zero = choose_qparams_affine_with_min_max(
        low, high, mapping_type, block_size, target_dtype, quant_min, quant_max, eps, scale_dtype, zero_point_dtype
    )
    if keepdim:
        blocks = [size // block for size, block in zip(input.shape, block_size)]
        scale, zero = scale.reshape(blocks), zero.reshape(blocks)
    return scale, zero


def choose_qparams_affine_with_min_max(
    min_val, max_val, mapping_type, block_size=(), target_dtype=torch.int8, quant_min=None, quant_max=None, eps=None,
    scale_dtype=None, zero_point_dtype=torch.int32, preserve_zero=True, zero_point_domain=ZeroPointDomain.INT,
):
    """The same from ranges that somebody has watched."""
    low, high = bounds_of(target_dtype, quant_min, quant_max)
    eps = torch.finfo(min_val.dtype).eps if eps is None else eps
    scale_dtype = scale_dtype or min_val.dtype
    least = min_val.clamp(max=0) if preserve_zero else min_val
    most = max_val.clamp(min=0) if preserve_zero else max_val
    if mapping_type in (MappingType.SYMMETRIC, MappingType.SYMMETRIC_NO_CLIPPING_ERR):
        if zero_point_domain == ZeroPointDomain.FLOAT:
            raise ValueError(_STEPS)
        if mapping_type == MappingType.SYMMETRIC:
            scale = torch.maximum(-least, most) / ((high - low) / 2)
        else:
            scale = torch.maximum(least / low, most / high)
        scale = scale.clamp(min=eps)
        zero = torch.full_like(scale, int((high + low + 1) / 2))
    else:
        scale = ((most - least) / (high - low)).clamp(min=eps)
        if zero_point_domain == ZeroPointDomain.FLOAT:
            zero = least + scale * ((high + low + 1) / 2)
        else:
            zero = (low - torch.round(least / scale)).clamp(low, high)
    if zero_point_domain == ZeroPointDomain.NONE:
        return scale.to(scale_dtype), None
    return scale.to(scale_dtype), zero.to(zero_point_dtype or scale_dtype)


def _spread(numbers, apart, inside):
    return numbers.reshape([1 if at in inside else size for at, size in enumerate(apart)])


def _coded(input, block_size, scale, zero_point, low, high, domain):
    """(codes as whole numbers, in blocks and not yet cut off; their scales; their zero points)."""
    apart, inside = _blocks(input.shape, block_size)
    grouped = input.reshape(apart)
    step = _spread(scale, apart, inside)
    zero = None if zero_point is None else _spread(zero_point, apart, inside)
    if domain == ZeroPointDomain.FLOAT:
        middle = (high + low + 1) / 2
        return torch.round((grouped - (zero - step * middle)) / step), step, zero
    steps = torch.round(grouped * (1.0 / step))
    return steps if zero is None else steps + zero, step, zero


def _uncoded(codes, step, zero, low, high, domain):
    if domain == ZeroPointDomain.FLOAT:
        return (codes - (high + low + 1) / 2) * step + zero
    return (codes if zero is None else codes - zero) * step


def quantize_affine(
    input, block_size, scale, zero_point, output_dtype, quant_min=None, quant_max=None, zero_point_domain=ZeroPointDomain.INT,
):
    """The codes of input."""
    low, high = bounds_of(output_dtype, quant_min, quant_max)
    codes = _coded(input, block_size, scale, zero_point, low, high, zero_point_domain)[0].clamp(low, high)
    plain = output_dtype if output_dtype in (torch.int8, torch.uint8, torch.int16, torch.int32) else torch.int8 if low < 0 else torch.uint8
    return codes.reshape(input.shape).to(plain)


def dequantize_affine(
    input, block_size, scale, zero_point, input_dtype, quant_min=None, quant_max=None, output_dtype=torch.float32,
    zero_point_domain=ZeroPointDomain.INT,
):
    """What codes stand for."""
    low, high = bounds_of(input_dtype, quant_min, quant_max)
    apart, inside = _blocks(input.shape, block_size)
    zero = None if zero_point is None else _spread(zero_point, apart, inside).to(output_dtype)
    codes = input.reshape(apart).to(output_dtype)
    return _uncoded(codes, _spread(scale, apart, inside), zero, low, high, zero_point_domain).reshape(input.shape).to(output_dtype)


def fake_quantize_affine(
    input, block_size, scale, zero_point, quant_dtype, quant_min=None, quant_max=None, zero_point_domain=ZeroPointDomain.INT,
):
    """Input after rounding to codes and back; gradients pass where nothing was cut off."""
    low, high = bounds_of(quant_dtype, quant_min, quant_max)
    with torch.no_grad():
        codes, step, zero = _coded(input, block_size, scale, zero_point, low, high, zero_point_domain)
        cut = codes.clamp(low, high)
        rounded = _uncoded(cut, step, zero, low, high, zero_point_domain).reshape(input.shape).to(input.dtype)
        if not input.requires_grad:
            return rounded
        passes = (codes == cut).reshape(input.shape)
    return _Straight.apply(input, rounded, passes)
