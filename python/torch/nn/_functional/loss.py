"""Losses: argument checks, class weights, label smoothing and reduction; the arithmetic is a few tensor operations."""

import math
import warnings

import torch

from . import raw
from .. import _reduction
from .shuffle import cosine_similarity, pairwise_distance


def _reduction_from(size_average, reduce, reduction):
    if size_average is not None or reduce is not None:
        return _reduction.legacy_get_string(size_average, reduce)
    if reduction not in ("none", "mean", "sum", "batchmean"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _reduce(loss, reduction):
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def _weighted(loss, weight, reduction):
    if weight is None:
        return _reduce(loss, reduction)
    loss = loss * weight
    if reduction == "mean":
        return loss.sum() / weight.expand_as(loss).sum()
    return _reduce(loss, reduction)


def _warn_different_size(input, target):
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    reduction = _reduction_from(size_average, reduce, reduction)
    _warn_different_size(input, target)
    return _weighted((input - target).abs(), weight, reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    reduction = _reduction_from(size_average, reduce, reduction)
    _warn_different_size(input, target)
    if weight is None:
        return raw.mse_loss(input, target, reduction=reduction)
    return _weighted((input - target).square(), weight, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    reduction = _reduction_from(size_average, reduce, reduction)
    _warn_different_size(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    distance = (input - target).abs()
    if beta == 0.0:
        return _reduce(distance, reduction)
    loss = torch.where(distance < beta, 0.5 * distance * distance / beta, distance - 0.5 * beta)
    return _reduce(loss, reduction)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    reduction = _reduction_from(None, None, reduction)
    _warn_different_size(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    distance = (input - target).abs()
    loss = torch.where(distance <= delta, 0.5 * distance * distance, delta * (distance - 0.5 * delta))
    # Unlike mse_loss and l1_loss, the mean here is over elements, not over weights.
    return _reduce(loss if weight is None else loss * weight, reduction)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    return raw.nll_loss(input, target, weight=weight, ignore_index=ignore_index, reduction=reduction)


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
    label_smoothing=0.0,
):
    """Negative log-likelihood of `target` under softmax(input): class numbers, or one distribution per position."""
    reduction = _reduction_from(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.shape == target.shape and target.is_floating_point():
        return _cross_entropy_with_probabilities(input, target, weight, reduction, label_smoothing)
    if target.is_floating_point() and target.dim() == input.dim():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype}"
            if not target.is_floating_point()
            else f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {target.dim()}"
        )
    return raw.cross_entropy(
        input, target, weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
    )


def _cross_entropy_with_probabilities(input, target, weight, reduction, label_smoothing):
    class_dim = 0 if input.dim() == 1 else 1
    n_classes = input.size(class_dim)
    if label_smoothing > 0.0:
        target = target * (1 - label_smoothing) + label_smoothing / n_classes
    log_probs = torch.log_softmax(input, class_dim)
    loss = log_probs * target
    if weight is not None:
        shape = [1] * input.dim()
        shape[class_dim] = n_classes
        loss = loss * weight.view(shape)
    if reduction == "mean":
        n_positions = input.numel() // n_classes
        return -loss.sum() / n_positions
    if reduction == "sum":
        return -loss.sum()
    return -loss.sum(class_dim)


def linear_cross_entropy(
    input, linear_weight, target, *, linear_bias=None, weight=None, reduction="mean", ignore_index=None,
    label_smoothing=0.0, options=None,
):
    """cross_entropy(linear(input, linear_weight, linear_bias), target) with classes last in `input`'s place."""
    logits = raw.linear(input, linear_weight, linear_bias)
    if logits.dim() > 2:
        logits = logits.movedim(-1, 1)
    return cross_entropy(
        logits, target, weight=weight, ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction, label_smoothing=label_smoothing,
    )


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(torch.broadcast_shapes(weight.size(), target.size()))
    return raw.binary_cross_entropy(input, target, weight=weight, reduction=reduction)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    reduction = _reduction_from(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return raw.binary_cross_entropy_with_logits(
        input, target, weight=weight, reduction=reduction, pos_weight=pos_weight
    )


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    if size_average is not None or reduce is not None:
        reduction = _reduction.legacy_get_string(size_average, reduce)
    elif reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = torch.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return loss.sum() / input.size(0) if input.dim() > 0 else loss.sum()
    return _reduce(loss, reduction)


def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    reduction = _reduction_from(size_average, reduce, reduction)
    if log_input:
        loss = torch.exp(input) - target * input
    else:
        loss = input - target * torch.log(input + eps)
    if full:
        stirling = target * torch.log(target) - target + 0.5 * torch.log(2 * math.pi * target)
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return _reduce(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * torch.ones_like(input)
    elif torch.any(var < 0):
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = torch.unsqueeze(var, -1)
        elif not (input.ndim == var.ndim and all(v in (i, 1) for i, v in zip(input.shape, var.shape))):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    # The clamp is not part of the function that is differentiated.
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (torch.log(var) + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduce(loss, reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    return _reduce(torch.log1p(torch.exp(-target * input)), reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    zero = torch.zeros_like(input)
    apart = torch.where(target != 1, (margin - input).clamp_min(0), zero)
    together = torch.where(target != -1, input, zero)
    return _reduce(apart + together, reduction)


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _reduce((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    if not (target.dim() + 1 == input1.dim() and target.dim() + 1 == input2.dim()):
        kind = "multi-target" if target.dim() == 1 else "0D target"
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.size())} and {list(input2.size())}." if target.dim() in (0, 1)
            else f"0D or 1D target tensor expected, {kind} not supported"
        )
    # Added under the root, as PyTorch does here (its cosine_similarity clamps instead).
    dot = (input1 * input2).sum(-1)
    square1 = (input1 * input1).sum(-1) + 1e-12
    square2 = (input2 * input2).sum(-1) + 1e-12
    cosine = dot / (square1 * square2).sqrt()
    zero = torch.zeros_like(cosine)
    together = torch.where(target == 1, 1 - cosine, zero)
    apart = torch.where(target == -1, (cosine - margin).clamp_min(0), zero)
    return _reduce(together + apart, reduction)


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"
):
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _triplet(
        anchor, positive, negative, lambda a, b: pairwise_distance(a, b, p, eps), margin, swap,
        _reduction_from(size_average, reduce, reduction),
    )


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            f"The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(anchor, positive, negative, distance, margin, swap, reduction):
    to_positive = distance(anchor, positive)
    to_negative = distance(anchor, negative)
    if swap:
        to_negative = torch.minimum(to_negative, distance(positive, negative))
    return _reduce((margin + to_positive - to_negative).clamp_min(0), reduction)


def multi_margin_loss(
    input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"
):
    reduction = _reduction_from(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    is_batched = input.dim() == 2
    scores = input if is_batched else input.unsqueeze(0)
    target = target.reshape(-1, 1)
    correct = scores.gather(1, target)
    loss = (margin - correct + scores).clamp_min(0)
    if p == 2:
        loss = loss * loss
    if weight is not None:
        loss = loss * weight[target]
    loss = loss.scatter(1, target, 0.0).sum(1) / scores.size(1)
    return _reduce(loss if is_batched else loss.squeeze(0), reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    reduction = _reduction_from(size_average, reduce, reduction)
    is_batched = input.dim() == 2
    scores = input if is_batched else input.unsqueeze(0)
    labels = target if is_batched else target.unsqueeze(0)
    # Labels count up to the first negative one.
    is_label = (labels >= 0).to(torch.int64).cumprod(1).bool()
    safe = labels.clamp_min(0)
    is_target = torch.zeros_like(scores).scatter_add(1, safe, is_label.to(scores.dtype)) > 0
    margins = 1 - scores.gather(1, safe).unsqueeze(2) + scores.unsqueeze(1)
    counted = is_label.unsqueeze(2) & ~is_target.unsqueeze(1)
    loss = torch.where(counted, margins.clamp_min(0), torch.zeros_like(margins)).sum((1, 2)) / scores.size(1)
    return _reduce(loss if is_batched else loss.squeeze(0), reduction)


def multilabel_soft_margin_loss(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean"
):
    reduction = _reduction_from(size_average, reduce, reduction)
    loss = -(target * raw.logsigmoid(input) + (1 - target) * raw.logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(input.dim() - 1) / input.size(input.dim() - 1)
    return _reduce(loss, reduction)
