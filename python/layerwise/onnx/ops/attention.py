"""Attention in the forms that ONNX has: with caches, masks, windows; rotary positions; linear attention."""

import math

import torch
import torch.nn.functional as F

from layerwise.onnx.registry import operator
from layerwise.onnx.values import dtype_of


def _heads(x, count):
    """[batch, length, heads * width] as [batch, heads, length, width]."""
    batch, length, width = x.shape
    return x.reshape(batch, length, count, width // count).transpose(1, 2)


@operator("Attention")
def attention(node, q, k, v, mask=None, past_key=None, past_value=None, lengths=None):
    is_packed = q.dim() == 3
    if is_packed:
        n_keys = node.get("kv_num_heads")
        q, k, v = _heads(q, node.get("q_num_heads")), _heads(k, n_keys), _heads(v, n_keys)
    if past_key is not None:
        k, v = torch.cat([past_key, k], dim=2), torch.cat([past_value, v], dim=2)
    present_key, present_value = k, v
    if q.shape[1] != k.shape[1]:
        times = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(times, dim=1), v.repeat_interleave(times, dim=1)
    found, scores = _attended(node, q, k, v, mask, past_key, lengths)
    if is_packed:
        found = found.transpose(1, 2).reshape(found.shape[0], found.shape[2], -1)
    return found, present_key, present_value, scores


def _attended(node, q, k, v, mask, past_key, lengths):
    scale = node.get("scale") or 1 / math.sqrt(q.shape[-1])
    is_causal = bool(node.get("is_causal", 0))
    limit = node.get("softcap") or 0.0
    left, right = node.get("left_window_size", -1), node.get("right_window_size", -1)
    wants_scores = len(node.outputs) > 3 and node.outputs[3]
    is_plain = limit == 0 and left < 0 and right < 0 and lengths is None and past_key is None and not wants_scores
    # A row that may attend to nothing gives zeros here; and causal masks are cut for equal lengths there.
    if is_plain and mask is None and not node.has("softmax_precision") and q.shape[2] == k.shape[2]:
        return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal, scale=scale), None
    bias = _bias(q, k, mask, past_key, lengths, is_causal, left, right)
    half = math.sqrt(scale)
    scores = torch.matmul(q * half, k.transpose(-1, -2) * half)
    mode = node.get("qk_matmul_output_mode", 0)
    shown = scores
    if limit > 0:
        scores = torch.tanh(scores / limit) * limit
        shown = scores if mode == 1 else shown
    if bias is not None:
        scores = scores + bias
    shown = scores if mode == 2 else shown
    wide = dtype_of(node.get("softmax_precision"), node) if node.has("softmax_precision") else scores.dtype
    weights = torch.softmax(scores.to(wide), dim=-1)
    if bias is not None:
        is_blind = torch.amax(bias, dim=-1, keepdim=True) == -math.inf
        weights = torch.where(is_blind, torch.zeros_like(weights), weights)
    weights = weights.to(q.dtype)
    shown = weights if mode == 3 else shown
    return torch.matmul(weights, v), shown if wants_scores else None


def _bias(q, k, mask, past_key, lengths, is_causal, left, right):
    """What is added to the scores: 0 where a query may look, -inf where not; None where it may everywhere."""
    rows, columns = q.shape[2], k.shape[2]
    zero = torch.zeros([], dtype=q.dtype, device=q.device)
    low = torch.full([], -math.inf, dtype=q.dtype, device=q.device)
    bias = None
    if mask is not None:
        missing = columns - mask.shape[-1]
        if missing > 0:
            fill = False if mask.dtype == torch.bool else -math.inf
            more = torch.full([*mask.shape[:-1], missing], fill, dtype=mask.dtype, device=mask.device)
            mask = torch.cat([mask, more], dim=-1)
        bias = torch.where(mask, zero, low) if mask.dtype == torch.bool else mask
    at = torch.arange(columns, device=q.device)
    row = torch.arange(rows, device=q.device).unsqueeze(1)
    if past_key is not None:
        row = row + past_key.shape[2]
    elif lengths is not None:
        row = row + (lengths.reshape(-1, 1, 1, 1) - rows)
    allowed = None
    if is_causal:
        allowed = at <= row
    if left >= 0:
        allowed = (row - at <= left) if allowed is None else allowed & (row - at <= left)
    if right >= 0:
        allowed = (at - row <= right) if allowed is None else allowed & (at - row <= right)
    if lengths is not None:
        is_there = at < lengths.reshape(-1, 1, 1, 1)
        allowed = is_there if allowed is None else allowed & is_there
    if allowed is not None:
        own = torch.where(allowed, zero, low)
        bias = own if bias is None else bias + own
    return bias


@operator("RotaryEmbedding")
def rotary_embedding(node, x, cos, sin, positions=None):
    is_heads_first = x.dim() == 4
    shape = x.shape
    if is_heads_first:
        x = x.transpose(1, 2)
    else:
        x = x.reshape(x.shape[0], x.shape[1], node.get("num_heads"), -1)
    width = node.get("rotary_embedding_dim", 0) or x.shape[-1]
    if positions is not None:
        cos, sin = F.embedding(positions, cos), F.embedding(positions, sin)
    found = rotated(x, cos.unsqueeze(2), sin.unsqueeze(2), width, bool(node.get("interleaved", 0)))
    return found.transpose(1, 2) if is_heads_first else found.reshape(shape)


def rotated(x, cos, sin, width, is_interleaved):
    part, rest = x[..., :width], x[..., width:]
    if is_interleaved:
        first, second = part[..., 0::2], part[..., 1::2]
    else:
        first, second = part.chunk(2, dim=-1)
    real, imaginary = cos * first - sin * second, sin * first + cos * second
    if is_interleaved:
        turned = torch.stack([real, imaginary], dim=-1).reshape(part.shape)
    else:
        turned = torch.cat([real, imaginary], dim=-1)
    return torch.cat([turned, rest], dim=-1)


@operator("LinearAttention")
def linear_attention(node, q, k, v, past=None, decay=None, beta=None):
    n_queries, n_keys = node.get("q_num_heads"), node.get("kv_num_heads")
    rule = node.choice("update_rule", "gated_delta", ("linear", "gated", "delta", "gated_delta"))
    dtype = q.dtype
    wide = [_heads(item.to(torch.float32), n) for item, n in ((q, n_queries), (k, n_keys), (v, n_keys))]
    query, key, value = wide
    batch, _, length, width = key.shape
    scale = node.get("scale", 0.0) or 1 / math.sqrt(query.shape[-1])
    state_dtype = dtype if past is None else past.dtype
    if past is None:
        state = torch.zeros((batch, n_keys, width, value.shape[-1]), device=q.device)
    else:
        state = past.to(torch.float32)
    gate = torch.exp(_heads(decay.to(torch.float32), n_keys)) if rule.startswith("gated") else None
    rate = beta.to(torch.float32).transpose(1, 2).unsqueeze(-1) if rule.endswith("delta") else None
    outputs = []
    for t in range(length):
        now_key, now_value = key[:, :, t], value[:, :, t]
        if gate is not None:
            state = state * gate[:, :, t].unsqueeze(-1)
        if rate is not None:
            known = torch.matmul(now_key.unsqueeze(-2), state).squeeze(-2)
            now_value = rate[:, :, t] * (now_value - known)
        state = state + now_key.unsqueeze(-1) * now_value.unsqueeze(-2)
        seen = state.repeat_interleave(n_queries // n_keys, dim=1) if n_queries != n_keys else state
        outputs.append(torch.matmul(query[:, :, t].unsqueeze(-2), seen).squeeze(-2) * scale)
    found = torch.stack(outputs, dim=2).transpose(1, 2).reshape(batch, length, -1)
    return found.to(dtype), state.to(state_dtype)


@operator("CausalConvWithState")
def causal_conv(node, x, weight, bias=None, past=None):
    activation = node.choice("activation", "none", ("none", "silu", "swish"))
    reach = weight.shape[2] - 1
    before = past if past is not None else x.new_zeros((x.shape[0], x.shape[1], reach))
    padded = torch.cat([before, x], dim=2)
    found = F.conv1d(padded, weight, bias, groups=x.shape[1])
    found = found if activation == "none" else F.silu(found)
    return found, padded[:, :, padded.shape[2] - reach :]
