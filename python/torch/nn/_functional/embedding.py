"""embedding with its options, embedding_bag as a segmented reduction, and one_hot's checks."""

import torch

from . import raw


def _no_grad_embedding_renorm_(weight, input, max_norm, norm_type):
    """Scale down, in place, the looked-up rows whose norm is above max_norm."""
    with torch.no_grad():
        rows = torch.unique(input.reshape(-1))
        looked_up = weight.index_select(0, rows)
        norms = looked_up.norm(norm_type, 1, keepdim=True)
        # The small constant keeps a row that is exactly at the limit from growing, as in PyTorch's kernel.
        scale = torch.where(norms > max_norm, max_norm / (norms + 1e-7), torch.ones_like(norms))
        weight.index_copy_(0, rows, looked_up * scale)


def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    if padding_idx is not None:
        n_rows = weight.size(0)
        if padding_idx >= n_rows or padding_idx < -n_rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        if padding_idx < 0:
            padding_idx += n_rows
    if max_norm is not None:
        input = input.contiguous()
        _no_grad_embedding_renorm_(weight, input, max_norm, norm_type)
    if scale_grad_by_freq or sparse:
        return raw.embedding(input, weight, padding_idx, None, 2.0, scale_grad_by_freq, sparse)
    return raw.embedding(input, weight, padding_idx)


def _bag_bounds(input, offsets, include_last_offset):
    """(flat indices, bag number of each index, number of bags)."""
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        n_bags, length = input.shape
        bag = torch.arange(n_bags, device=input.device).repeat_interleave(length)
        return input.reshape(-1), bag, n_bags
    if input.dim() != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    starts = offsets[:-1] if include_last_offset else offsets
    n_bags = starts.size(0)
    positions = torch.arange(input.size(0), device=input.device)
    # The bag of a position is the last one that starts at or before it; empty bags share their start with the next.
    bag = torch.searchsorted(starts.contiguous(), positions, right=True) - 1
    return input, bag, n_bags


def embedding_bag(
    input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean", sparse=False,
    per_sample_weights=None, include_last_offset=False, padding_idx=None,
):
    if input.is_floating_point():
        # PyTorch before 0.4.1 took (weight, input); it still swaps them.
        input, weight = weight, input
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None:
        if per_sample_weights.shape != input.shape:
            raise ValueError(
                f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have "
                f"the same shape as the input ({input.shape})"
            )
        if mode != "sum":
            raise NotImplementedError(
                "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                f"(got mode='{mode}'). Please open a feature request on GitHub."
            )
    if input.dim() == 2 and offsets is None and input.size(1) > 0:
        rows = embedding(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        if per_sample_weights is not None:
            rows = rows * per_sample_weights.unsqueeze(-1)
        return _even_bags(rows, mode, None if padding_idx is None else input != padding_idx % weight.size(0))
    indices, bag, n_bags = _bag_bounds(input, offsets, include_last_offset)
    rows = embedding(indices, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    if padding_idx is not None:
        padding_row = padding_idx % weight.size(0)
        kept = (indices != padding_row).nonzero().reshape(-1)
        rows, bag = rows.index_select(0, kept), bag.index_select(0, kept)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1).index_select(0, kept)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    options = {"dtype": weight.dtype, "device": weight.device}
    if mode == "sum":
        return torch.zeros(n_bags, weight.size(1), **options).index_add(0, bag, rows)
    counts = torch.zeros(n_bags, **options).index_add(0, bag, torch.ones_like(bag, dtype=weight.dtype)).unsqueeze(1)
    if mode == "mean":
        total = torch.zeros(n_bags, weight.size(1), **options).index_add(0, bag, rows)
        return total / counts.clamp_min(1)
    if rows.size(0) == 0:
        return torch.zeros(n_bags, weight.size(1), **options)
    return rows.gather(0, _first_largest(rows.detach(), bag, n_bags)).masked_fill(counts == 0, 0.0)


def _even_bags(rows, mode, is_kept):
    """The same for bags of one length, [bags, length, columns]: nothing is gathered by what the indices are."""
    if is_kept is not None:
        is_kept = is_kept.unsqueeze(-1)
        rows = rows.masked_fill(~is_kept, float("-inf") if mode == "max" else 0.0)
    if mode == "max":
        # Of equal numbers the first is the largest.
        largest = rows.max(1).values
        return largest if is_kept is None else largest.masked_fill(~is_kept.any(1), 0.0)
    total = rows.sum(1)
    if mode == "sum":
        return total
    return total / (rows.size(1) if is_kept is None else is_kept.sum(1).clamp_min(1))


def _first_largest(rows, bag, n_bags):
    """For every bag and column the first row that holds the maximum; row 0 for an empty bag."""
    bag = bag.unsqueeze(1).expand_as(rows)
    lowest = torch.full((n_bags, rows.size(1)), float("-inf"), dtype=rows.dtype, device=rows.device)
    largest = lowest.scatter_reduce(0, bag, rows, "amax")
    n = rows.size(0)
    position = torch.arange(n, device=rows.device).unsqueeze(1).expand_as(rows)
    candidate = torch.where(rows == largest.gather(0, bag), position, torch.full_like(position, n))
    last = torch.full((n_bags, rows.size(1)), n, dtype=torch.int64, device=rows.device)
    first = last.scatter_reduce(0, bag, candidate, "amin")
    return first.masked_fill(first == n, 0)
