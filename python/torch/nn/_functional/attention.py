"""multi_head_attention_forward: projections, masks and heads around scaled dot-product attention."""

import math
import warnings

import torch

from . import raw
from .dropout import dropout
from .padding import pad


def _none_or_dtype(input):
    return None if input is None else input.dtype


def _canonical_mask(mask, mask_name, other_type, other_name, target_type, check_other=True):
    """A mask as numbers to add: minus infinity where a boolean mask is True."""
    if mask is None:
        return None
    is_float = mask.is_floating_point()
    if mask.dtype != torch.bool and not is_float:
        raise RuntimeError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype != other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. "
            "Use same type for both instead.",
            stacklevel=2,
        )
    if is_float:
        return mask
    return torch.zeros_like(mask, dtype=target_type).masked_fill_(mask, float("-inf"))


def _check_key_padding_mask(key_padding_mask, src_len, bsz):
    if key_padding_mask.shape[0] != bsz:
        raise AssertionError(f"Expected key_padded_mask.shape[0] to be {bsz}, but got {key_padding_mask.shape[0]}")
    if key_padding_mask.shape[1] != src_len:
        raise AssertionError(f"Expected key_padded_mask.shape[1] to be {src_len}, but got {key_padding_mask.shape[1]}")


def _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads):
    """True for batched input; complains about anything whose rank does not fit the query's."""
    if query.dim() not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query tensor"
        )
    is_batched = query.dim() == 3
    kind, rank, mask_rank = ("batched (3-D)", 3, 2) if is_batched else ("unbatched (2-D)", 2, 1)
    if key.dim() != rank or value.dim() != rank:
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {rank}-D "
            f"but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != mask_rank:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {mask_rank}-D "
            f"but found {key_padding_mask.dim()}-D tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3):
            raise AssertionError(
                f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D "
                f"but found {attn_mask.dim()}-D tensor instead"
            )
        if attn_mask.dim() == 3 and not is_batched:
            expected_shape = (num_heads, query.shape[0], key.shape[0])
            if tuple(attn_mask.shape) != expected_shape:
                raise AssertionError(f"Expected `attn_mask` shape to be {expected_shape} but got {attn_mask.shape}")
    return is_batched


def _in_projection_packed(q, k, v, w, b=None):
    """The three projections of one stacked weight, in one matmul when the inputs are one tensor."""
    e = q.size(-1)
    if k is v:
        if q is k:
            return raw.linear(q, w, b).chunk(3, -1)
        w_q, w_kv = w.split([e, e * 2])
        b_q, b_kv = (None, None) if b is None else b.split([e, e * 2])
        return raw.linear(q, w_q, b_q), *raw.linear(k, w_kv, b_kv).chunk(2, -1)
    w_q, w_k, w_v = w.chunk(3)
    b_q, b_k, b_v = (None, None, None) if b is None else b.chunk(3)
    return raw.linear(q, w_q, b_q), raw.linear(k, w_k, b_k), raw.linear(v, w_v, b_v)


def _in_projection(q, k, v, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    e = q.size(-1)
    expected = (("query", w_q, e), ("key", w_k, k.size(-1)), ("value", w_v, v.size(-1)))
    for name, weight, in_size in expected:
        wanted = (e, in_size)
        if tuple(weight.shape) != wanted:
            raise AssertionError(f"expecting {name} weights shape of {wanted}, but got {weight.shape}")
    return raw.linear(q, w_q, b_q), raw.linear(k, w_k, b_k), raw.linear(v, w_v, b_v)


def _attention_mask_4d(attn_mask, tgt_len, src_len, bsz, num_heads):
    n_heads_in_batch = bsz * num_heads
    wanted = (tgt_len, src_len) if attn_mask.dim() == 2 else (n_heads_in_batch, tgt_len, src_len)
    if tuple(attn_mask.shape) != wanted:
        raise RuntimeError(
            f"The shape of the {attn_mask.dim()}D attn_mask is {attn_mask.shape}, but should be {wanted}."
        )
    shape = (1, 1, tgt_len, src_len) if attn_mask.dim() == 2 else (bsz, num_heads, tgt_len, src_len)
    return attn_mask.view(shape)


def _static(static, name, bsz, num_heads, head_dim):
    if static.size(0) != bsz * num_heads:
        raise AssertionError(f"expecting {name}.size(0) of {bsz * num_heads}, but got {static.size(0)}")
    if static.size(2) != head_dim:
        raise AssertionError(f"expecting {name}.size(2) of {head_dim}, but got {static.size(2)}")
    return static.view(bsz, num_heads, -1, head_dim)


def multi_head_attention_forward(
    query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
    dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True,
    attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None,
    static_k=None, static_v=None, average_attn_weights=True, is_causal=False,
):
    """Attention of query (L, N, E) over key and value (S, N, E): returns (L, N, E) and the weights when asked."""
    is_batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not is_batched:
        is_self, is_shared = query is key, key is value
        query = query.unsqueeze(1)
        key = query if is_self else key.unsqueeze(1)
        value = key if is_shared else value.unsqueeze(1)
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    tgt_len, bsz, embed_dim = query.shape
    src_len = key.shape[0]

    key_padding_mask = _canonical_mask(
        key_padding_mask, "key_padding_mask", _none_or_dtype(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and key_padding_mask is None and not need_weights:
        # Scaled dot-product attention makes the causal mask itself.
        attn_mask = None
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, check_other=False)
        if key_padding_mask is not None:
            is_causal = False
    if embed_dim != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}")
    head_dim = embed_dim // num_heads
    if head_dim * num_heads != embed_dim:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
            )
    elif key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")

    if use_separate_proj_weight:
        biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = _in_projection(query, key, value, q_proj_weight, k_proj_weight, v_proj_weight, *biases)
    else:
        q, k, v = _in_projection_packed(query, key, value, in_proj_weight, in_proj_bias)
    if attn_mask is not None:
        attn_mask = _attention_mask_4d(attn_mask, tgt_len, src_len, bsz, num_heads)
    if bias_k is not None and bias_v is not None:
        k = torch.cat([k, bias_k.repeat(1, bsz, 1)])
        v = torch.cat([v, bias_v.repeat(1, bsz, 1)])
        attn_mask, key_padding_mask = _one_more_key(attn_mask, key_padding_mask)

    # (steps, batch, features) to (batch, head, steps, head_dim), without a copy.
    q = q.view(tgt_len, bsz, num_heads, head_dim).permute(1, 2, 0, 3)
    if static_k is None:
        k = k.view(k.shape[0], bsz, num_heads, head_dim).permute(1, 2, 0, 3)
    else:
        k = _static(static_k, "static_k", bsz, num_heads, head_dim)
    if static_v is None:
        v = v.view(v.shape[0], bsz, num_heads, head_dim).permute(1, 2, 0, 3)
    else:
        v = _static(static_v, "static_v", bsz, num_heads, head_dim)
    if add_zero_attn:
        zero = torch.zeros(bsz, num_heads, 1, head_dim, dtype=k.dtype, device=k.device)
        k = torch.cat([k, zero], 2)
        v = torch.cat([v, zero], 2)
        attn_mask, key_padding_mask = _one_more_key(attn_mask, key_padding_mask)
    src_len = k.size(2)
    if key_padding_mask is not None:
        _check_key_padding_mask(key_padding_mask, src_len, bsz)
        spread = key_padding_mask.view(bsz, 1, 1, src_len)
        attn_mask = spread if attn_mask is None else attn_mask + spread
    dropout_p = dropout_p if training else 0.0

    if need_weights:
        attended, weights = _attend_with_weights(q, k, v, attn_mask, dropout_p)
    else:
        attended, weights = raw.scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal), None
    attended = attended.permute(2, 0, 1, 3).reshape(tgt_len, bsz, embed_dim)
    output = raw.linear(attended, out_proj_weight, out_proj_bias)
    if weights is not None and average_attn_weights:
        weights = weights.mean(1)
    if not is_batched:
        output = output.squeeze(1)
        weights = None if weights is None else weights.squeeze(0)
    return output, weights


def _one_more_key(attn_mask, key_padding_mask):
    masks = (attn_mask, key_padding_mask)
    return tuple(None if mask is None else pad(mask, (0, 1)) for mask in masks)


def _attend_with_weights(q, k, v, attn_mask, dropout_p):
    scores = torch.matmul(q * math.sqrt(1.0 / float(q.size(-1))), k.transpose(-2, -1))
    if attn_mask is not None:
        scores = scores + attn_mask
    weights = torch.softmax(scores, -1)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p)
    return torch.matmul(weights, v), weights
