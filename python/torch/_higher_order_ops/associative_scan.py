"""associative_scan, under the module name where libraries look for it."""

import torch
from torch.utils import _pytree as pytree


def associative_scan(combine_fn, xs, dim, reverse=False, combine_mode="pointwise"):
    """All running combinations along dim. In pointwise mode combine_fn works on whole slices, log2(n) times; in generic mode on one
    element at a time."""
    if not callable(combine_fn):
        raise ValueError("Combine_fn must be a callable, but got {combine_fn}")
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(f"Combine_mode must either 'pointwise' or 'generic', but got {combine_mode}")
    leaves, spec = pytree.tree_flatten(xs)
    if not leaves:
        raise ValueError("Expected at least 1 xs leaf")
    current = [leaf.movedim(dim, 0) for leaf in leaves]
    n = current[0].shape[0]
    if reverse:
        current = [leaf.flip(0) for leaf in current]

    def combine(a, b):
        return pytree.tree_leaves(combine_fn(pytree.tree_unflatten(a, spec), pytree.tree_unflatten(b, spec)))

    if combine_mode == "pointwise":
        shift = 1
        while shift < n:
            ahead = combine([leaf[:-shift] for leaf in current], [leaf[shift:] for leaf in current])
            current = [torch.cat([leaf[:shift], new]) for leaf, new in zip(current, ahead)]
            shift *= 2
    elif n:
        rows = [[leaf[0] for leaf in current]]
        for i in range(1, n):
            rows.append(combine(rows[-1], [leaf[i] for leaf in current]))
        current = [torch.stack(column) for column in zip(*rows)]
    if reverse:
        current = [leaf.flip(0) for leaf in current]
    return pytree.tree_unflatten([leaf.movedim(0, dim) for leaf in current], spec)
