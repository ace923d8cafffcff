"""Connectionist temporal classification (Graves et al. 2006): the forward recursion in log space, batched over samples.

The gradient is PyTorch's, which presumes that the input comes from log_softmax; a long input keeps all its states.
"""

import torch


def _extended_targets(targets, target_lengths, blank):
    """Labels with a blank before, between and after them, one row per sample, and which of them may be skipped to."""
    n = target_lengths.size(0)
    lengths = target_lengths.tolist()
    longest = max(lengths) if lengths else 0
    labels = torch.full((n, max(longest, 1)), blank, dtype=torch.int64, device=targets.device)
    start = 0
    for i, length in enumerate(lengths):
        if targets.dim() == 1:
            labels[i, :length] = targets[start:start + length]
            start += length
        else:
            labels[i, :length] = targets[i, :length]
    labels = labels[:, :longest]
    extended = torch.full((n, 2 * longest + 1), blank, dtype=torch.int64, device=targets.device)
    extended[:, 1::2] = labels
    may_skip = torch.zeros_like(extended, dtype=torch.bool)
    if longest > 1:
        may_skip[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    return extended, may_skip


def _shifted(alpha, by, lowest):
    head = torch.full_like(alpha[:, :by], lowest)
    return torch.cat([head, alpha[:, :alpha.size(1) - by]], 1)


def _softmax_gradient(log_probs, input_lengths, impossible):
    """Zero, with exp(log_probs) as its gradient: log_softmax takes it out again, but PyTorch's gradient has it."""
    step = torch.arange(log_probs.size(0), device=log_probs.device)
    counted = (step.unsqueeze(1) < input_lengths) & ~impossible
    mass = torch.where(counted.unsqueeze(2), log_probs.exp(), torch.zeros_like(log_probs)).sum((0, 2))
    return mass - mass.detach()


def ctc_loss(
    log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False
):
    device = log_probs.device
    is_batched = log_probs.dim() == 3
    if not is_batched:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.dim() == 1 else targets
    input_lengths = torch.as_tensor(input_lengths, dtype=torch.int64, device=device).reshape(-1)
    target_lengths = torch.as_tensor(target_lengths, dtype=torch.int64, device=device).reshape(-1)
    n_steps, n, n_classes = log_probs.shape
    if not 0 <= blank < n_classes:
        raise RuntimeError("blank must be in label range")
    if input_lengths.numel() != n:
        raise RuntimeError("input_lengths must be of size batch_size")
    if target_lengths.numel() != n:
        raise RuntimeError("target_lengths must be of size batch_size")

    extended, may_skip = _extended_targets(targets, target_lengths, blank)
    # A finite floor keeps logsumexp's gradient free of NaN where no path leads.
    lowest = -1e30 if log_probs.dtype in (torch.float32, torch.float64) else -1e4
    n_states = extended.size(1)
    emitted = log_probs.gather(2, extended.unsqueeze(0).expand(n_steps, n, n_states))
    state = torch.arange(n_states, device=device)
    alpha = torch.where(state < 2, emitted[0], torch.full_like(emitted[0], lowest))
    if n_states > 1:
        alpha = torch.where((state == 1) & (target_lengths == 0).unsqueeze(1), torch.full_like(alpha, lowest), alpha)
    for t in range(1, n_steps):
        ways = [alpha]
        if n_states > 1:
            ways.append(_shifted(alpha, 1, lowest))
        if n_states > 2:
            skip = _shifted(alpha, 2, lowest)
            ways.append(torch.where(may_skip, skip, torch.full_like(skip, lowest)))
        following = torch.logsumexp(torch.stack(ways), 0) + emitted[t]
        alpha = torch.where((t < input_lengths).unsqueeze(1), following.clamp_min(lowest), alpha)

    last = (2 * target_lengths).unsqueeze(1)
    ends = alpha.gather(1, torch.cat([last, (last - 1).clamp_min(0)], 1))
    has_label = (target_lengths > 0).unsqueeze(1)
    ends = torch.cat([ends[:, :1], torch.where(has_label, ends[:, 1:], torch.full_like(ends[:, 1:], lowest))], 1)
    loss = -torch.logsumexp(ends, 1)
    impossible = loss > -lowest / 2
    loss = torch.where(impossible, torch.full_like(loss, 0.0 if zero_infinity else float("inf")), loss)
    loss = loss + _softmax_gradient(log_probs, input_lengths, impossible)
    if reduction == "mean":
        return (loss / target_lengths.clamp_min(1).to(loss.dtype)).mean()
    if reduction == "sum":
        return loss.sum()
    return loss if is_batched else loss.squeeze(0)
