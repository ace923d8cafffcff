"""Control flow as functions: here they run as plain Python would; exporters see branches and loops."""

import torch
from torch import _recording
from torch.utils import _pytree as pytree
from torch._higher_order_ops.associative_scan import associative_scan

__all__ = ["associative_scan", "cond", "map", "scan", "while_loop"]


def cond(pred, true_fn, false_fn, operands=()):
    if not isinstance(pred, (bool, torch.Tensor)):
        raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
    if isinstance(pred, torch.Tensor) and pred.numel() != 1:
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if not callable(true_fn) or not callable(false_fn):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, (tuple, list)):
        raise RuntimeError(
            "Expect operands to be a tuple of possibly nested dict/list/tuple that only consists of tensor leaves, but got "
            f"{operands}."
        )
    if _recording.is_recording():
        return _recording.cond(pred, true_fn, false_fn, operands)
    return true_fn(*operands) if pred else false_fn(*operands)


def while_loop(cond_fn, body_fn, carried_inputs):
    if _recording.is_recording():
        return _recording.while_loop(cond_fn, body_fn, carried_inputs)
    values = carried_inputs
    while cond_fn(*values):
        values = body_fn(*values)
    return values


def map(f, xs, *args):
    """f over the first dim of xs, results stacked."""
    leaves, spec = pytree.tree_flatten(xs)
    results = [f(pytree.tree_unflatten([leaf[i] for leaf in leaves], spec), *args) for i in range(leaves[0].shape[0])]
    return pytree.tree_map(lambda *parts: torch.stack(parts), *results)


def scan(combine_fn, init, xs, *, dim=0, reverse=False):
    """carry, y = combine_fn(carry, x) along dim; the last carry and the stacked ys."""
    leaves, spec = pytree.tree_flatten(xs)
    n = leaves[0].shape[dim]
    carry, outputs = init, [None] * n
    for i in reversed(range(n)) if reverse else range(n):
        carry, outputs[i] = combine_fn(carry, pytree.tree_unflatten([leaf.select(dim, i) for leaf in leaves], spec))
    return carry, pytree.tree_map(lambda *parts: torch.stack(parts), *outputs)
