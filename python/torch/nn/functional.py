"""torch.nn.functional: generated ops as they are, and above them what is written in Python (see _functional/)."""


import torch
from torch import _recording


from ._functional import raw as _raw
from ._functional.raw import *
from . import _reduction
from ._functional.activation import (
    _get_softmax_dim,
    celu,
    celu_,
    elu,
    elu_,
    glu,
    gumbel_softmax,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    log_softmax,
    mish,
    relu,
    relu6,
    relu_,
    rrelu,
    rrelu_,
    selu,
    selu_,
    sigmoid,
    silu,
    softmax,
    softmin,
    softsign,
    tanh,
    tanhshrink,
    threshold,
    threshold_,
)
from ._functional.attention import (
    _canonical_mask,
    _check_key_padding_mask,
    _in_projection,
    _in_projection_packed,
    _mha_shape_check,
    _none_or_dtype,
    multi_head_attention_forward,
)
from ._functional.ctc import ctc_loss
from ._functional.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from ._functional.embedding import _no_grad_embedding_renorm_, embedding, embedding_bag
from ._functional.grid import affine_grid, grid_sample
from ._functional.interpolate import interpolate, upsample, upsample_bilinear, upsample_nearest
from ._functional.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine_embedding_loss,
    cross_entropy,
    gaussian_nll_loss,
    hinge_embedding_loss,
    huber_loss,
    kl_div,
    l1_loss,
    linear_cross_entropy,
    margin_ranking_loss,
    mse_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
    smooth_l1_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from ._functional.norm import (
    _verify_batch_size,
    _verify_spatial_size,
    batch_norm,
    group_norm,
    instance_norm,
    local_response_norm,
    normalize,
)
from ._functional.padding import pad
from ._functional.pooling import (
    _unpool_output_size,
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from ._functional.shuffle import (
    channel_shuffle,
    cosine_similarity,
    native_channel_shuffle,
    pairwise_distance,
    pdist,
    pixel_shuffle,
    pixel_unshuffle,
)
from .modules.utils import _list_with_default, _pair, _single, _triple

Tensor = torch.Tensor
_layer_norm = _raw.layer_norm


def rms_norm(input, normalized_shape, weight=None, eps=None):
    return _raw.rms_norm(input, normalized_shape, weight, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05):
    return _layer_norm(input, normalized_shape, weight, bias, eps)


def conv_tbc(input, weight, bias, pad=0):
    """Convolution along time of (time, batch, channels) input with a (width, in, out) weight."""
    result = _raw.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad)
    return result.permute(2, 0, 1)


def grouped_mm(mat_a, mat_b, *, offs=None, bias=None, out_dtype=None):
    """One matmul per group: groups are rows of mat_a or a shared inner dimension cut at `offs`, or batches of both."""
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if mat_a.dim() == 3 and mat_b.dim() == 3:
        result = torch.bmm(mat_a, mat_b)
    elif mat_a.dim() == 2 and mat_b.dim() == 3 and _recording.is_recording():
        (result,) = _recording.as_one_step("_grouped_mm", [mat_a, mat_b, offs], lambda: (_in_groups(mat_a, mat_b, offs),))
    else:
        result = _in_groups(mat_a, mat_b, offs)
    return result if out_dtype is None else result.to(out_dtype)


def _in_groups(mat_a, mat_b, offs):
    ends = offs.tolist()
    starts = [0, *ends[:-1]]
    if mat_a.dim() == 2 and mat_b.dim() == 3:
        result = torch.cat([mat_a[s:e] @ mat_b[i] for i, (s, e) in enumerate(zip(starts, ends))])
        missing = mat_a.size(0) - result.size(0)
        return torch.cat([result, result.new_zeros(missing, result.size(1))]) if missing else result
    if mat_a.dim() == 3 and mat_b.dim() == 2:
        return torch.cat([mat_a[i] @ mat_b[:, s:e] for i, (s, e) in enumerate(zip(starts, ends))], 1)
    return torch.stack([mat_a[:, s:e] @ mat_b[s:e] for s, e in zip(starts, ends)])


def assert_int_or_pair(arg, arg_name, message):
    if not (isinstance(arg, int) or len(arg) == 2):
        raise AssertionError(message.format(arg_name))


from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.nn.functional", _known.FUNCTIONAL)

# Checkpoints of whole modules name their activations so, as PyTorch's do.
for _name, _value in list(globals().items()):
    if str(getattr(_value, "__module__", "")).startswith(("torch.nn._functional", "torch._gen")) and getattr(_value, "__name__", "") == _name:
        _value.__module__ = "torch.nn.functional"
