"""Finite differences against every op of the registry that has a gradient: an op without a case here fails."""

import torch
import torch.nn.functional as F
from show import ramp
from torch._gen import functions as _f
from torch.autograd.gradcheck import gradcheck, gradgradcheck

t = torch.tensor
x, y, v = ramp(2, 3), ramp(2, 3, seed=1), ramp(3, seed=2)
positive, small, square = x.abs() + 0.2, x / 3, ramp(3, 3)
batch, image, kernel = ramp(2, 3, 4), ramp(1, 2, 4, 4), ramp(2, 2, 2, 2)
index = t([[0, 2, 1], [1, 1, 0]])
mask = t([[True, False, True], [False, True, False]])
target = t([0, 2])
same = """
add sub rsub mul true_divide maximum minimum fmax fmin atan2 hypot copysign remainder fmod logaddexp
lerp addcmul addcdiv
""".split()
unary = """
neg abs exp exp2 expm1 sin cos tan sinh cosh tanh sigmoid erf erfc atan asinh square relu floor ceil
trunc round sign frac sinc deg2rad rad2deg gelu silu mish softplus logsigmoid leaky_relu elu selu celu
hardtanh hardsigmoid hardswish hardshrink softshrink clone
""".split()
cases = {name: (getattr(_f, name), x) for name in unary if hasattr(_f, name)}
cases |= {
    name: (getattr(_f, name), positive) for name in "sqrt rsqrt reciprocal log log2 log10 log1p lgamma digamma".split()
}
cases |= {name: (getattr(_f, name), small) for name in "asin acos atanh erfinv".split()}
cases |= {name: (getattr(_f, name), x, y) for name in same if name not in ("lerp", "addcmul", "addcdiv")}
_state = ramp(2, 2, seed=3), ramp(2, 2, seed=4)
codes, scales = t([[3, -128, 127], [5, 0, -7]], dtype=torch.int8), t([[0.5], [0.25]])
filters = (torch.arange(16) * 5 % 13 - 6).view(2, 8).to(torch.int8)
cases |= {
    "_linear_low_bit": (lambda a, b: _f._linear_low_bit(a, codes, scales, None, None, b, "int8", 0), x, v[:2]),
    "_conv2d_low_bit": (
        lambda a, b: _f._conv2d_low_bit(a, filters, scales, None, None, b, "int8", 0, [2, 2, 2, 2], [1, 1], [1, 0], [1, 1], 1),
        ramp(1, 2, 3, 3), v[:2],
    ),
    # Packed, walked from the end: rows join and leave.
    "_lstm_sequence": (lambda *a: _f._lstm_sequence(*a, [2, 1], True, False, True)[:3], ramp(3, 8), *_state, ramp(8, 2), ramp(8)),
    "_gru_sequence": (
        lambda *a: _f._gru_sequence(*a, [2, 1], False, False, True)[:2], ramp(3, 6), _state[0], ramp(6, 2), ramp(6)
    ),
    "_rnn_sequence": (lambda *a: _f._rnn_sequence(*a, None, False, True), ramp(2, 3, 2), _state[1], ramp(2, 2), ramp(2)),
    "_rnn_sequence, relu": (
        lambda *a: _f._rnn_sequence(*a, None, True, False, True), ramp(3, 2, 2), _state[0], ramp(2, 2), ramp(2)
    ),
    "acosh": (_f.acosh, positive + 1),
    "logit": (_f.logit, positive / 4),
    "lerp": (_f.lerp, x, y, v),
    "addcmul": (_f.addcmul, x, y, v),
    "addcdiv": (_f.addcdiv, x, y, positive),
    "pow": (_f.pow, positive, y),
    "_rpow": (lambda a: 2.5**a, x),
    "_rdiv": (lambda a: 2.5 / a, positive),
    "_div_rounded": (lambda a: torch.div(a, 0.7, rounding_mode="floor"), x),
    "_binary_cross_entropy": (lambda a, b: _f._binary_cross_entropy(a.sigmoid(), b.sigmoid()), x, y),
    "logaddexp2": (_f.logaddexp2, x, y),
    "xlogy": (_f.xlogy, x, positive),
    "clamp": (lambda a: a.clamp(-0.5, 1), x),
    "clamp_min": (lambda a, b: a.clamp_min(b), x, v),
    "clamp_max": (lambda a, b: a.clamp_max(b), x, v),
    "_where": (lambda a, b: torch.where(mask, a, b), x, y),
    "masked_fill": (lambda a, b: a.masked_fill(mask, b), x, t(0.7).double()),
    "_nan_to_num": (torch.nan_to_num, x),
    "threshold": (lambda a: F.threshold(a, 0.1, 2.0), x),
    "prelu": (F.prelu, x, t([0.2]).double()),
    "_view": (lambda a: a.view(3, 2), x),
    "permute": (lambda a: a.permute(1, 0), x),
    "transpose": (lambda a: a.transpose(0, 1), x),
    "expand": (lambda a: a.expand(2, 2, 3), x),
    "unsqueeze": (lambda a: a.unsqueeze(1), x),
    "squeeze": (lambda a: a.squeeze(), x[:1]),
    "_alias": (lambda a: a[...], x),
    "_slice": (lambda a: a[:, ::2], x),
    "select": (lambda a: a[1], x),
    "diagonal": (lambda a: a.diagonal(1), x),
    "unfold": (lambda a: a.unfold(1, 2, 1), x),
    "as_strided": (lambda a: a.as_strided((3, 2), (1, 2)), x),
    "_cast": (lambda a: a.to(torch.float64) + a.float().double() * 0 + a.to(torch.float64, copy=True), x),
    "_contiguous": (lambda a: a.t().contiguous(), x),
    "_flip": (lambda a: a.flip(0), x),
    "cat": (lambda a, b: torch.cat([a, b], 1), x, y),
    "tril": (torch.tril, x),
    "triu": (torch.triu, x),
    "_embedding": (lambda w: F.embedding(index, w), square),
    "index_select": (lambda a: a.index_select(1, t([2, 2])), x),
    "index_add": (lambda a, b: a.index_add(0, t([1, 1]), b, alpha=2), x, y),
    "gather": (lambda a: a.gather(1, index), x),
    "scatter_add": (lambda a, b: a.scatter_add(1, index, b), x, y),
    "_scatter": (lambda a, b: a.scatter(1, t([[0, 2, 1], [1, 2, 0]]), b), x, y),
    "_scatter_reduce": (lambda a, b: a.scatter_reduce(1, index, b, "amax"), x, y),
    "_index": (lambda a: a[t([1, 0, 1])], x),
    "index_put": (lambda a, b: a.index_put((t([1]),), b), x, v),
    "sum": (lambda a: a.sum(1), x),
    "mean": (lambda a: a.mean(0), x),
    "amax": (lambda a: a.amax(1), x),
    "amin": (lambda a: a.amin(1), x),
    "_max_dim": (lambda a: a.max(1)[0], x),
    "_min_dim": (lambda a: a.min(1)[0], x),
    "_max_all": (lambda a: a.max(), x),
    "_min_all": (lambda a: a.min(), x),
    "_prod": (lambda a: a.prod(1) + a.prod(), x),
    "_var_mean": (lambda a: torch.var_mean(a, 1), x),
    "_std_mean": (lambda a: torch.std_mean(a, 1), x),
    "logsumexp": (lambda a: a.logsumexp(1), x),
    "_norm2": (lambda a: a.norm(2, 1), x),
    "_norm1": (lambda a: a.norm(1, 1), x),
    "cumsum": (lambda a: a.cumsum(1), x),
    "cumprod": (lambda a: a.cumprod(1), x),
    "logcumsumexp": (lambda a: a.logcumsumexp(1), x),
    "cummax": (lambda a: a.cummax(1)[0], x),
    "cummin": (lambda a: a.cummin(1)[0], x),
    "_sort": (lambda a: a.sort(1)[0], x),
    "topk": (lambda a: a.topk(2)[0], x),
    "softmax": (lambda a: a.softmax(1), x),
    "log_softmax": (lambda a: a.log_softmax(1), x),
    "mm": (torch.mm, x, square),
    "mv": (torch.mv, x, v),
    "dot": (torch.dot, v, ramp(3)),
    "linear": (F.linear, x, ramp(4, 3), ramp(4)),
    "_bmm": (torch.bmm, batch, ramp(2, 4, 2)),
    "glu": (F.glu, batch),
    "native_layer_norm": (lambda a, w, b: F.layer_norm(a, (3,), w, b), x, v, v + 1),
    "_fused_rms_norm": (lambda a, w: F.rms_norm(a, (3,), w), x, v),
    "copy_": (lambda a, b: torch.zeros(2, 3).double().copy_(a) * b, x, y),
    "fill_": (lambda a: torch.zeros(3).double().fill_(a), t(0.7).double()),
    "_index_put_": (lambda a, b: (a * 1).index_put_((t([1, 1]),), b, accumulate=True), x, v),
    "zero_": (lambda a: (a * 2).zero_() + a, x),
}
# Fused ones, whose second gradients are composed of ops.
cases |= {
    "group_norm": (lambda a, w, b: F.group_norm(a, 1, w, b), batch, v, v + 1),
    "_native_batch_norm": (lambda a, w, b: F.batch_norm(a, None, None, w, b, training=True), batch, v, v + 1),
    "_convolution2d": (lambda a, w, b: F.conv2d(a, w, b, padding=1), image, kernel, ramp(2)),
    "_convolution2d_input": (lambda a, w: F.conv_transpose2d(a, w, stride=2), image, kernel),
    "_max_pool2d": (lambda a: F.max_pool2d(a, 2), image),
    "avg_pool": (lambda a: F.avg_pool2d(a, 2), image),
    "_adaptive_avg_pool2d": (lambda a: F.adaptive_avg_pool2d(a, 3), image),
    "_attention": (
        lambda q, k, w: F.scaled_dot_product_attention(q, k, w),
        ramp(1, 3, 2),
        ramp(1, 3, 2, seed=3),
        ramp(1, 3, 2, seed=5),
    ),
    "_cross_entropy_reduced": (lambda a: F.cross_entropy(a, target), x),
    "cross_entropy of weighted classes": (
        lambda a: F.cross_entropy(a, target, torch.arange(1.0, 4.0, dtype=a.dtype), label_smoothing=0.2, ignore_index=2), x
    ),
    "cross_entropy of each row": (lambda a: F.cross_entropy(a, target, label_smoothing=0.1, reduction="none"), x),
    "cross_entropy summed": (lambda a: F.cross_entropy(a, target, reduction="sum"), x),
    "nll": (lambda a: F.nll_loss(a.log_softmax(1), target), x),
    "interpolate": (lambda a: F.interpolate(a, scale_factor=2, mode="bilinear"), image),
}
statistics = ramp(3, seed=4), ramp(3, seed=5).abs() + 0.5
zeros = t([[1.0, 0.0, 2.0, 0.0, 3.0], [2.0, 1.0, 0.5, 0.0, 1.0]]).double()
heads = ramp(1, 4, 3, 2), ramp(1, 2, 5, 2, seed=3), ramp(1, 2, 5, 3, seed=5)
allowed = t([[True, False, True], [True, True, False], [False, True, True]])
cases |= {
    "batch norm outside of training": (lambda a, w, b: F.batch_norm(a, *statistics, w, b), batch, v, v + 1),
    "instance_norm": (lambda a, w: F.instance_norm(a, weight=w), batch, v),
    "conv1d dilated": (lambda a, w: F.conv1d(a, w, dilation=2), ramp(2, 2, 7), ramp(4, 2, 3)),
    "conv3d": (lambda a, w: F.conv3d(a, w), ramp(1, 2, 3, 3, 3), ramp(2, 2, 2, 2, 2)),
    "max_pool with ceiling": (lambda a: F.max_pool2d(a, 3, 2, ceil_mode=True), ramp(1, 1, 6, 6)),
    "avg_pool with ceiling": (lambda a: F.avg_pool2d(a, 3, 2, ceil_mode=True, count_include_pad=False), ramp(1, 1, 6, 6)),
    "avg_pool padded": (lambda a: F.avg_pool2d(a, 2, padding=1, divisor_override=3), image),
    "cumprod at zeros": (lambda a: a.cumprod(1), zeros),
    "prod at zeros": (lambda a: a[:, :3].prod(1), zeros),
    "attention, shared heads": (lambda q, k, w: F.scaled_dot_product_attention(q, k, w, enable_gqa=True), *heads),
    "attention, causal": (
        lambda q, k, w: F.scaled_dot_product_attention(q, k, w, is_causal=True), heads[0], heads[0] / 2, heads[0] / 3
    ),
    "attention, masked": (
        lambda q, k, w: F.scaled_dot_product_attention(q, k, w, attn_mask=allowed), heads[0], heads[0] / 2, heads[0] / 3
    ),
    "attention, added mask": (
        lambda q, k, w, m: F.scaled_dot_product_attention(q, k, w, attn_mask=m), heads[0], heads[0] / 2, heads[0] / 3, square
    ),
    "i0 i1": (lambda a: torch.special.i0(a) + torch.special.i1(a), x),
    "i0e i1e": (lambda a: torch.special.i0e(a) + torch.special.i1e(a), x),
    "erfcx log_ndtr": (lambda a: torch.special.erfcx(a) + torch.special.log_ndtr(a), x),
    "ndtri": (torch.special.ndtri, positive / 4),
    "zeta": (lambda a: torch.special.zeta(t(2.5).double(), a), positive),
    "_polygamma": (lambda a: torch.polygamma(1, a), positive),
    "igamma igammac": (lambda a: torch.igamma(t(1.5).double(), a) - torch.igammac(t(2.5).double(), a), positive),
}
n = 0
for name, found in cases.items():
    function, *inputs = found
    leaves = [i.clone().requires_grad_() for i in inputs]
    for check in (gradcheck, gradgradcheck):
        if check is gradgradcheck and name in ("logcumsumexp", "as_strided"):
            continue
        try:
            check(function, leaves)
            n += 1
        except Exception as error:
            print(f"FAIL {name} {check.__name__}: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
print(f"{n} checked")
