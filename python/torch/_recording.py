"""What an exporter needs to know of functions that look at values: they are one step of its recording, branches and loops with bodies."""

import json

import _core

# How long the longest sequence was, for each step of the recording that cut its result to it.
longest = []


def is_recording():
    import torch

    return torch.compiler._is_exporting


def as_one_step(name, given, compute):
    """compute(), a tuple of tensors, as one step of the recording; `given` are its arguments in the order of its signature."""
    import torch

    _core.export_open_step()
    described = ""
    torch.compiler._is_exporting = False
    try:
        results = compute()
        described = _step(name, given, results)
        return results
    finally:
        torch.compiler._is_exporting = True
        _core.export_close_step(described)


def cond(pred, true_fn, false_fn, operands):
    """Both branches are written down; the result is that of the one that is taken."""
    import torch
    from torch.utils import _pytree as pytree

    if not isinstance(pred, torch.Tensor):
        return true_fn(*operands) if pred else false_fn(*operands)
    _core.export_open_step()
    described = ""
    try:
        (then, spec), (otherwise, other) = [_body((), lambda function=function: function(*operands)) for function in (true_fn, false_fn)]
        if spec != other:
            raise RuntimeError(f"torch.cond: the branches give {spec} and {other}, expected the same structure")
        chosen = [tensor.clone() for tensor in (then if pred else otherwise)]
        described = _step("_cond", [pred, then, otherwise], chosen)
        return pytree.tree_unflatten(chosen, spec)
    finally:
        _core.export_close_step(described)


def while_loop(cond_fn, body_fn, carried_inputs):
    """One turn is written down, on tensors that stand for what is carried; then all of them run."""
    import torch
    from torch.utils import _pytree as pytree

    carried, spec = pytree.tree_flatten(carried_inputs)
    if not all(isinstance(tensor, torch.Tensor) for tensor in carried):
        raise RuntimeError("torch.while_loop: expected tensors alone to be carried where the model is exported")
    first = cond_fn(*carried_inputs)
    if not isinstance(first, torch.Tensor):
        raise RuntimeError(f"torch.while_loop: cond_fn gives {type(first).__name__}: expected a tensor where the model is exported")
    _core.export_open_step()
    described = ""
    try:
        inside = [tensor.clone() for tensor in carried]

        def turn():
            values = body_fn(*pytree.tree_unflatten(inside, spec))
            return [cond_fn(*values), *pytree.tree_leaves(values)]

        outputs, _ = _body(carried, turn, inside)
        torch.compiler._is_exporting = False
        try:
            values = carried_inputs
            while cond_fn(*values):
                values = body_fn(*values)
            results = [tensor.clone() for tensor in pytree.tree_leaves(values)]
        finally:
            torch.compiler._is_exporting = True
        described = _step("_while_loop", [first, carried, outputs], results)
        return pytree.tree_unflatten(results, spec)
    finally:
        _core.export_close_step(described)


def _body(given, function, inputs=()):
    """What function() gives, flat and with its structure, written down as a body."""
    from torch.utils import _pytree as pytree

    _core.export_open_body(json.dumps({"given": [tensor.h for tensor in given], "inputs": [tensor.h for tensor in inputs]}))
    leaves, spec = pytree.tree_flatten(function())
    _core.export_close_body(json.dumps([tensor.h for tensor in leaves]))
    return leaves, spec


def _step(name, given, results):
    return json.dumps({"name": name, "given": [_described(value) for value in given], "results": [t.h for t in results]})


def _described(value):
    import torch

    if isinstance(value, torch.Tensor):
        return {"handle": value.h}
    if isinstance(value, (list, tuple)):
        return {"handles": [tensor.h for tensor in value]}
    return {"plain": value}
