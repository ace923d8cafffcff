"""What an exporter needs to know of functions that look at values: they are written down as one step, of its arguments and results."""

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
        described = json.dumps({"name": name, "given": [_described(value) for value in given], "results": [t.h for t in results]})
        return results
    finally:
        torch.compiler._is_exporting = True
        _core.export_close_step(described)


def _described(value):
    import torch

    if isinstance(value, torch.Tensor):
        return {"handle": value.h}
    if isinstance(value, (list, tuple)):
        return {"handles": [tensor.h for tensor in value]}
    return {"plain": value}
