"""Channels through products of activations: attention, written out or in one call. Where it has heads, a head goes whole or not at all,
in queries, keys and values together; where it has none, the two sides of a sum go with each other, channel by channel."""

import torch

from layerwise.pruning.classes import FIXED
from layerwise.pruning.follow import line_of


def follow_attention(follower, call):
    """scaled_dot_product_attention(q, k, v): (..., heads, length, width)."""
    q, k, v = call.args[0], call.argument(1, "key"), call.argument(2, "value")
    reason = f"attention at {line_of()} takes a head whole"
    labels = [follower.labels(tensor) for tensor in (q, k, v)]
    if all(part is None for part in labels):
        return follower.set_all(call.result)
    if any(part is None for part in labels):
        return follower.refuse(call, f"attention at {line_of()}: not all of it comes from layers")
    if q.dim() < 4 or q.shape[-3] == 1:
        # One head: its scale is that of its width, and what it gives are columns of the values.
        for part in labels[:2]:
            follower.lock(part, f"attention at {line_of()} divides by the root of their number")
        return follower.set(call.result, labels[2].narrow(-2, 0, 1).expand(call.result.shape))
    n_queries, n_keys = q.shape[-3], k.shape[-3]
    if n_queries != n_keys:
        # Several heads of queries share one of keys.
        labels[1:] = [part.repeat_interleave(n_queries // part.shape[-3], -3) for part in labels[1:]]
    whole = _whole_heads(follower, labels, reason)
    if whole is None:
        return follower.refuse(call, f"attention at {line_of()}: its heads are no dimension of their own")
    out = labels[2].narrow(-2, 0, 1).expand(call.result.shape)
    follower.set(call.result, out)


def follow_product(follower, call, a, b):
    """matmul of two activations: a sum over one dimension, for each element of those in front."""
    out = call.result
    first, second = follower.labels(a), follower.labels(b)
    if first is None and second is None:
        return follower.set(out, None)
    if a.dim() < 2 or b.dim() < 2:
        return follower.refuse(call, f"a product of activations at {line_of()}")
    reason = f"a product of activations at {line_of()} takes them whole"
    if first is None or second is None:
        return _one_sided(follower, call, first, second)
    batch = out.shape[:-2]
    first = first.expand(*batch, *first.shape[-2:])
    second = second.expand(*batch, *second.shape[-2:])
    if (_varies(first, -1) or _varies(second, -2)) and not _is_same_in_front(first) and not _is_same_in_front(second):
        # A sum over channels that are others at each place in front: heads.
        whole = _whole(follower, [first, second], len(batch), reason)
        if whole is None:
            return follower.refuse(call, reason)
        return follower.set(out, whole.reshape(*batch, 1, 1).expand(out.shape))
    if _varies(first, -1) or _varies(second, -2):
        if _varies(first, -2) or _varies(second, -1):
            return follower.refuse(call, f"a product of activations at {line_of()}")
        one, other = follower.along(first, -1), follower.along(second, -2)
        if one is None or other is None:
            return follower.refuse(call, f"a product of activations at {line_of()}")
        follower.meet(one, other, f"a product of activations at {line_of()}")
        return follower.set(out, None)
    if _varies(first, -2):
        return follower.refuse(call, f"a product of activations at {line_of()}")
    # Over time, say: the first one's are the same for each place in front, the second one's columns are what comes out.
    rows = first[..., :1, :1].expand(out.shape)
    columns = second[..., :1, :].expand(out.shape)
    follower.set(out, follower.meet_everywhere(columns, rows, reason))


def _one_sided(follower, call, first, second):
    """Only one of the two has channels: they go through where the sum does not run over them."""
    out, reason = call.result, f"a product of activations at {line_of()}"
    if second is not None:
        if _varies(second, -2):
            return follower.refuse(call, reason)
        return follower.set(out, second[..., :1, :].expand(out.shape))
    if _varies(first, -1):
        return follower.refuse(call, reason)
    follower.set(out, first[..., :, :1].expand(out.shape))


def _is_same_in_front(labels):
    rows = labels.flatten(0, -3) if labels.dim() > 2 else labels[None]
    return torch.equal(rows.amin(0), rows.amax(0))


def _varies(labels, dim):
    return not torch.equal(labels.amin(dim), labels.amax(dim))


def _whole_heads(follower, labels, reason):
    """Each head's channels as one class; None where something of a head belongs to no channel."""
    size = labels[0].shape[:-2]
    return _whole(follower, [part.expand(*size, *part.shape[-2:]) for part in labels], len(size), reason)


def _whole(follower, labels, n_in_front, reason):
    """Unites what stands at each place of the dimensions in front: labels of these places, or None."""
    rows = torch.cat([part.flatten(n_in_front).flatten(0, n_in_front - 1) for part in labels], 1)
    if bool((rows == FIXED).any()):
        return None
    first = rows[:, :1].expand(rows.shape)
    pairs = torch.unique(torch.stack([first.flatten(), rows.flatten()], 1), dim=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]].tolist()
    follower.meet([one for one, _ in pairs], [other for _, other in pairs], reason)
    return rows[:, 0]
