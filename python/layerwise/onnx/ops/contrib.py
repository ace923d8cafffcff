"""Operators of ONNX Runtime's own domain, com.microsoft, that its optimizers and quantizers write."""

import torch
import torch.nn.functional as F
from torch._gen import functions as _ops

from layerwise.onnx.ops.attention import _heads, rotated
from layerwise.onnx.ops.indexing import positive
from layerwise.onnx.ops.quantized import dynamic_quantize, integer_product, requantized
from layerwise.onnx.registry import operator

_OWN = "com.microsoft"


@operator("FusedMatMul", domain=_OWN)
def fused_matmul(node, a, b):
    if node.get("transBatchA", 0) or node.get("transBatchB", 0):
        node.refuse("transposed batches")
    a = a.transpose(-1, -2) if node.get("transA", 0) else a
    b = b.transpose(-1, -2) if node.get("transB", 0) else b
    alpha = node.get("alpha", 1.0)
    found = torch.matmul(a, b)
    return found if alpha == 1 else found * alpha


@operator("Gelu", domain=_OWN)
def gelu(node, x):
    return F.gelu(x)


@operator("FastGelu", domain=_OWN)
def fast_gelu(node, x, bias=None):
    return F.gelu(x if bias is None else x + bias, approximate="tanh")


@operator("BiasGelu", domain=_OWN)
def bias_gelu(node, x, bias):
    return F.gelu(x + bias)


@operator("QuickGelu", domain=_OWN)
def quick_gelu(node, x):
    return x * torch.sigmoid(node.get("alpha", 1.702) * x)


def _normalized(x, scale, bias, epsilon):
    return F.layer_norm(x, x.shape[-1:], scale, bias, epsilon)


@operator("SkipLayerNormalization", domain=_OWN)
def skip_layer_norm(node, x, skip, gamma, beta=None, bias=None):
    total = x + skip if bias is None else x + skip + bias
    return _normalized(total, gamma, beta, node.get("epsilon", 1e-12)), None, None, total


@operator("SimplifiedLayerNormalization")
def simplified_layer_norm(node, x, scale):
    return F.rms_norm(x, x.shape[-1:], scale, node.get("epsilon", 1e-5)), None


@operator("SkipSimplifiedLayerNormalization", domain=_OWN)
def skip_simplified_layer_norm(node, x, skip, gamma, bias=None):
    total = x + skip if bias is None else x + skip + bias
    return F.rms_norm(total, x.shape[-1:], gamma, node.get("epsilon", 1e-12)), None, None, total


@operator("RotaryEmbedding", domain=_OWN)
def rotary_embedding(node, x, positions, cos, sin):
    shape = x.shape
    if x.dim() == 4:
        work = x.transpose(1, 2)
    else:
        heads = node.get("num_heads", 0)
        width = node.get("rotary_embedding_dim", 0) or 2 * cos.shape[-1]
        work = x.reshape(*x.shape[:2], heads or x.shape[-1] // width, -1)
    steps = torch.arange(work.shape[1], device=x.device)
    places = positions + steps if positions.numel() == 1 else positions
    places = places.reshape(-1, work.shape[1]).expand(work.shape[0], -1)
    width = node.get("rotary_embedding_dim", 0) or work.shape[-1]
    found = rotated(
        work,
        F.embedding(places, cos).unsqueeze(2),
        F.embedding(places, sin).unsqueeze(2),
        width,
        bool(node.get("interleaved", 0)),
    )
    return found.transpose(1, 2) if x.dim() == 4 else found.reshape(shape)


@operator("MultiHeadAttention", domain=_OWN)
def multi_head_attention(node, q, k=None, v=None, bias=None, padding=None, more=None, past_key=None, past_value=None):
    if k is None or v is None or k.dim() != 3 or padding is not None:
        node.refuse("packed keys and values, or a mask of padding")
    heads = node.get("num_heads")
    if bias is not None:
        width, value_width = q.shape[-1], v.shape[-1]
        q, k = q + bias[:width], k + bias[width : 2 * width]
        v = v + bias[2 * width : 2 * width + value_width]
    q, k, v = _heads(q, heads), _heads(k, heads), _heads(v, heads)
    if past_key is not None:
        k, v = torch.cat([past_key, k], dim=2), torch.cat([past_value, v], dim=2)
    scale = node.get("scale", 0.0) or None
    is_causal = bool(node.get("unidirectional", 0))
    found = F.scaled_dot_product_attention(q, k, v, attn_mask=more, is_causal=is_causal, scale=scale)
    return found.transpose(1, 2).reshape(found.shape[0], found.shape[2], -1), k, v


@operator("MatMulNBits", domain=_OWN)
def matmul_nbits(node, x, codes, scales, zeros=None, groups=None, bias=None):
    """Weights of 4 or 8 bits in blocks along the input: [N, blocks, bytes], a scale for each block."""
    if groups is not None:
        node.refuse("reordered columns")
    bits, block = node.get("bits", 4), node.get("block_size")
    # Level 4 lets x be rounded to eight bits, which it gains most from with weights of four.
    activations = "int8" if node.get("accuracy_level", 0) == 4 and bits == 4 else "float"
    columns, rows = node.get("K"), node.get("N")
    if bits not in (4, 8):
        node.refuse(f"{bits} bits")
    blocks = -(-columns // block)
    if block % 8 == 0 and columns % 2 == 0 and not scales.requires_grad and (zeros is None or zeros.dtype == torch.uint8):
        return _by_kernel(node, x, codes, scales, zeros, bias, (rows, columns, block, blocks, bits), activations)
    weight = _unpacked(codes, bits).reshape(rows, blocks, -1)[:, :, :block].to(x.dtype)
    if zeros is None:
        zero = float(1 << (bits - 1))
    elif zeros.is_floating_point():
        zero = zeros.reshape(rows, blocks, 1)
    else:
        zero = _unpacked(zeros.reshape(rows, -1), bits)[:, :blocks].reshape(rows, blocks, 1).to(x.dtype)
    weight = (weight - zero) * scales.reshape(rows, blocks, 1)
    return F.linear(x, weight.reshape(rows, -1)[:, :columns], bias)


def _by_kernel(node, x, codes, scales, zeros, bias, sizes, activations):
    """By the product that spells weights out block by block, whose codes of 8 bits have a sign."""
    rows, columns, block, blocks, bits = sizes
    weight = codes.reshape(rows, -1)[:, : columns * bits // 8].contiguous()

    def spelled(packed):
        zero = _unpacked(packed.reshape(rows, -1), bits)[:, :blocks].contiguous()
        return _lowered(zero) if bits == 8 else zero

    # Packed weights are remembered together with their zero points, which should be the same tensor in each call.
    zero = None if zeros is None else node.once("zero", zeros, spelled)
    if bits == 8:
        weight = _lowered(weight)
    scale = scales.reshape(rows, blocks).to(torch.float32)
    return _ops._linear_low_bit(x, weight, scale, zero, None, bias, f"int{bits}", block, activations)


def _lowered(codes):
    """128 less, as int8: the same bits but for the first."""
    return torch.bitwise_xor(codes, torch.full_like(codes, 128)).view(torch.int8)


def _unpacked(codes, bits):
    """Two codes of a byte, the lower half first."""
    if bits == 8:
        return codes
    low = torch.bitwise_and(codes, 15)
    high = torch.bitwise_right_shift(codes, torch.full_like(codes, 4))
    return torch.stack([low, high], dim=-1).reshape(*codes.shape[:-1], -1)


@operator("GatherBlockQuantized", domain=_OWN)
def gather_block_quantized(node, codes, index, scales, zeros=None):
    """Rows of a table of 4 or 8 bits in blocks along each of them; those that are looked up alone are spelled out."""
    bits, block, rank = node.get("bits", 4), node.get("block_size", 128), codes.dim()
    if codes.dtype != torch.uint8 or bits not in (4, 8):
        node.refuse(f"a table of {str(codes.dtype).removeprefix('torch.')} in {bits} bits")
    if rank != 2 or node.get("gather_axis", 0) % rank != 0 or node.get("quantize_axis", 1) % rank != 1:
        node.refuse("other axes than rows of a table that are looked up, and blocks along them")
    flat = positive(index, codes.shape[0]).reshape(-1)
    picked, scale = codes.index_select(0, flat), scales.index_select(0, flat)
    blocks = scale.shape[1]
    zero = None if zeros is None else _unpacked(zeros.index_select(0, flat), bits)[:, :blocks].contiguous()
    if bits == 8:
        picked, zero = _lowered(picked), None if zero is None else _lowered(zero)
    found = _ops._dequantize_low_bit(picked, scale.to(torch.float32), zero, None, f"int{bits}", block)
    return found.to(scales.dtype).reshape(*index.shape, -1)


@operator("DynamicQuantizeMatMul", domain=_OWN)
def dynamic_quantize_matmul(node, a, b, b_scale, b_zero=None, bias=None):
    codes, scale, zero = dynamic_quantize(node, a)
    found = integer_product(codes, b, zero, b_zero).to(torch.float32) * (scale * b_scale)
    return found if bias is None else found + bias


@operator("QGemm", domain=_OWN)
def qgemm(node, a, a_scale, a_zero, b, b_scale, b_zero, bias=None, y_scale=None, y_zero=None):
    a = a.transpose(0, 1) if node.get("transA", 0) else a
    b = b.transpose(0, 1) if node.get("transB", 0) else b
    total = integer_product(a, b, a_zero, b_zero)
    total = total if bias is None else total + bias
    factor = a_scale * b_scale * node.get("alpha", 1.0)
    return total.to(torch.float32) * factor if y_scale is None else requantized(total, factor / y_scale, y_zero)


@operator("MatMulIntegerToFloat", domain=_OWN)
def matmul_integer_to_float(node, a, b, a_scale, b_scale, a_zero=None, b_zero=None, bias=None):
    found = integer_product(a, b, a_zero, b_zero).to(torch.float32) * (a_scale * b_scale)
    return found if bias is None else found + bias


def _real(codes, scale, zero):
    return (codes.to(torch.float32) - (0.0 if zero is None else zero.to(torch.float32))) * scale


def _coded(x, scale, zero):
    return requantized(x, 1 / scale, zero)


def _two(name, function):
    def compute(node, a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
        return _coded(function(_real(a, a_scale, a_zero), _real(b, b_scale, b_zero)), y_scale, y_zero)

    operator(name, domain=_OWN)(compute)


_two("QLinearAdd", torch.add)
_two("QLinearMul", torch.mul)


def _one(name, function):
    def compute(node, x, x_scale, x_zero, y_scale, y_zero):
        return _coded(function(node, _real(x, x_scale, x_zero)), y_scale, y_zero)

    operator(name, domain=_OWN)(compute)


_one("QLinearSigmoid", lambda node, x: torch.sigmoid(x))
_one("QLinearLeakyRelu", lambda node, x: F.leaky_relu(x, node.get("alpha", 0.01)))
_one("QLinearSoftmax", lambda node, x: torch.softmax(x, dim=node.get("axis", -1)))
def _spatial_mean(node, x):
    dims = range(1, x.dim() - 1) if node.get("channels_last", 0) else range(2, x.dim())
    return torch.mean(x, dim=list(dims), keepdim=True)


_one("QLinearGlobalAveragePool", _spatial_mean)


@operator("QLinearConcat", domain=_OWN)
def qlinear_concat(node, y_scale, y_zero, *parts):
    items = [_real(*parts[i : i + 3]) for i in range(0, len(parts), 3)]
    return _coded(torch.cat(items, dim=node.get("axis")), y_scale, y_zero)


@operator("BiasAdd", domain=_OWN)
def bias_add(node, x, bias, skip):
    return x + bias + skip
