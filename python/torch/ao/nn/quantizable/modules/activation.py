"""nn.MultiheadAttention with projections that can be quantized; the products between them stay in float, between
stubs."""

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["MultiheadAttention"]


def _zero_rows(x):
    """One more row of zeros for each sequence, as x is quantized."""
    zeros = torch.zeros((x.size(0), 1, *x.size()[2:]))
    return torch.quantize_per_tensor(zeros, x.q_scale(), x.q_zero_point(), x.dtype) if x.is_quantized else zeros


class MultiheadAttention(nn.MultiheadAttention):
    _FLOAT_MODULE = nn.MultiheadAttention

    def __init__(
        self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None,
        vdim=None, batch_first=False, device=None, dtype=None,
    ):
        from torch.ao.nn.quantized.modules.functional_modules import FloatFunctional
        from torch.ao.quantization.stubs import DeQuantStub, QuantStub

        super().__init__(
            embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim, batch_first, device=device,
            dtype=dtype,
        )
        options = {"bias": bias, "device": device, "dtype": dtype}
        self.linear_Q = nn.Linear(self.embed_dim, self.embed_dim, **options)
        self.linear_K = nn.Linear(self.kdim, self.embed_dim, **options)
        self.linear_V = nn.Linear(self.vdim, self.embed_dim, **options)
        # A plain Linear: the one of nn.MultiheadAttention is left alone by dynamic quantization.
        self.out_proj = nn.Linear(self.embed_dim, self.embed_dim, **options)
        self.q_scaling_product = FloatFunctional()
        self.quant_attn_output = QuantStub()
        self.quant_attn_output_weights = QuantStub()
        self.dequant_q = DeQuantStub()
        self.dequant_k = DeQuantStub()
        self.dequant_v = DeQuantStub()

    def _get_name(self):
        return "QuantizableMultiheadAttention"

    @classmethod
    def from_float(cls, other):
        from torch.ao.quantization import prepare

        if type(other) is not cls._FLOAT_MODULE:
            raise AssertionError(f"Expected type {cls._FLOAT_MODULE}, got {type(other)}")
        if not hasattr(other, "qconfig"):
            raise AssertionError("The float module must have 'qconfig'")
        observed = cls(
            other.embed_dim, other.num_heads, other.dropout, other.in_proj_bias is not None, other.bias_k is not None,
            other.add_zero_attn, other.kdim, other.vdim, other.batch_first,
        )
        observed.bias_k = other.bias_k
        observed.bias_v = other.bias_v
        observed.qconfig = other.qconfig
        observed.out_proj.weight = other.out_proj.weight
        observed.out_proj.bias = other.out_proj.bias
        if other._qkv_same_embed_dim:
            weights = other.in_proj_weight.chunk(3)
        else:
            weights = (other.q_proj_weight, other.k_proj_weight, other.v_proj_weight)
        biases = (None,) * 3 if other.in_proj_bias is None else other.in_proj_bias.chunk(3)
        for name, weight, bias in zip("QKV", weights, biases):
            linear = getattr(observed, f"linear_{name}")
            linear.weight = nn.Parameter(weight.detach(), weight.requires_grad)
            linear.bias = None if bias is None else nn.Parameter(bias.detach(), bias.requires_grad)
        return prepare(observed.eval(), inplace=True)

    @classmethod
    def from_observed(cls, other):
        raise NotImplementedError(
            "It looks like you are trying to prepare an MHA module. Please, see the examples on quantizable MHAs."
        )

    def dequantize(self):
        """The float module with the numbers that the integers stand for."""
        made = self._FLOAT_MODULE(
            self.embed_dim, self.num_heads, self.dropout, self.linear_Q._weight_bias()[1] is not None,
            self.bias_k is not None, self.add_zero_attn, self.kdim, self.vdim, self.batch_first,
        )
        for name in ("bias_k", "bias_v"):
            if getattr(self, name) is not None:
                setattr(made, name, nn.Parameter(getattr(self, name).dequantize()))
        weight, bias = self.out_proj._weight_bias()
        made.out_proj.weight = nn.Parameter(weight.dequantize())
        if bias is not None:
            made.out_proj.bias = nn.Parameter(bias.detach())
        pairs = [getattr(self, f"linear_{name}")._weight_bias() for name in "QKV"]
        weights = [weight.dequantize() for weight, _ in pairs]
        if made._qkv_same_embed_dim:
            made.in_proj_weight = nn.Parameter(torch.cat(weights))
        else:
            made.q_proj_weight, made.k_proj_weight, made.v_proj_weight = (nn.Parameter(weight) for weight in weights)
        if made.in_proj_bias is not None:
            made.in_proj_bias = nn.Parameter(torch.cat([bias.detach() for _, bias in pairs]))
        return made

    def _heads(self, x, batch):
        return x.contiguous().view(-1, batch * self.num_heads, self.embed_dim // self.num_heads).transpose(0, 1)

    def _mask_of(self, attn_mask, batch, length, source):
        if attn_mask is None:
            return None
        if attn_mask.dtype == torch.uint8:
            attn_mask = attn_mask.to(torch.bool)
        if not attn_mask.is_floating_point() and attn_mask.dtype != torch.bool:
            raise AssertionError(f"Only float and bool types are supported for attn_mask, not {attn_mask.dtype}")
        if attn_mask.dim() == 2:
            attn_mask = attn_mask.unsqueeze(0)
        sizes = ([1, length, source], [batch * self.num_heads, length, source])
        if attn_mask.dim() != 3 or list(attn_mask.size()) not in sizes:
            raise RuntimeError(f"The size of the {attn_mask.dim()}D attn_mask is not correct.")
        return attn_mask

    def _weights(self, q, k, attn_mask, key_padding_mask, batch):
        """Softmax of the products, in float."""
        scores = torch.bmm(q, k.transpose(1, 2))
        if attn_mask is not None:
            scores = scores.masked_fill(attn_mask, float("-inf")) if attn_mask.dtype == torch.bool else scores + attn_mask
        if key_padding_mask is not None:
            by_head = scores.view(batch, self.num_heads, *scores.shape[1:])
            hidden = key_padding_mask.unsqueeze(1).unsqueeze(2)
            scores = by_head.masked_fill(hidden, float("-inf")).view(scores.shape)
        return F.dropout(F.softmax(scores, dim=-1), p=self.dropout, training=self.training)

    def forward(
        self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True,
        is_causal=False,
    ):
        if is_causal:
            raise AssertionError("Only allow causal mask or attn_mask" if attn_mask is not None else "causal mask not supported by AO MHA module")
        if self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        length, batch, width = query.size()
        if self.embed_dim != width:
            raise AssertionError(f"embed_dim mismatch: {self.embed_dim} != {width}")
        if key.size(0) != value.size(0) or key.size(1) != value.size(1):
            raise AssertionError(f"key and value size mismatch: key.size()={key.size()}, value.size()={value.size()}")
        attn_mask = self._mask_of(attn_mask, batch, length, key.size(0))
        if key_padding_mask is not None and key_padding_mask.dtype == torch.uint8:
            key_padding_mask = key_padding_mask.to(torch.bool)
        scaling = float(self.embed_dim // self.num_heads) ** -0.5
        q, k, v = self.linear_Q(query), self.linear_K(key), self.linear_V(value)
        q = self.q_scaling_product.mul_scalar(q, scaling)
        n_added = 0
        if self.bias_k is not None:
            k = torch.cat([k, self.bias_k.repeat(1, batch, 1)])
            v = torch.cat([v, self.bias_v.repeat(1, batch, 1)])
            n_added += 1
        q, k, v = (self._heads(x, batch) for x in (q, k, v))
        if self.add_zero_attn:
            k, v = torch.cat([k, _zero_rows(k)], dim=1), torch.cat([v, _zero_rows(v)], dim=1)
            n_added += 1
        if n_added and attn_mask is not None:
            attn_mask = F.pad(attn_mask, (0, n_added))
        if n_added and key_padding_mask is not None:
            key_padding_mask = F.pad(key_padding_mask, (0, n_added))
        q, k, v = self.dequant_q(q), self.dequant_k(k), self.dequant_v(v)
        weights = self._weights(q, k, attn_mask, key_padding_mask, batch)
        output = torch.bmm(weights, v)
        if self.batch_first:
            # PyTorch reads the heads' memory this way here, and not as it does below.
            output = output.view(batch, length, self.embed_dim)
        else:
            output = output.transpose(0, 1).contiguous().view(length, batch, self.embed_dim)
        output = self.out_proj(self.quant_attn_output(output))
        weights = self.quant_attn_output_weights(weights)
        if not need_weights:
            return output, None
        weights = weights.view(batch, self.num_heads, length, k.size(1))
        return output, weights.mean(dim=1) if average_attn_weights else weights
