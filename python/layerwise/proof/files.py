"""A file of a compressed model is done when a model that was read from it gives what the written one gave."""

import math

import torch

from layerwise.proof.difference import numbers_of
from layerwise.proof.report import floating_outputs


# Of a number and none, or of two shapes: infinity is no number of JSON.
_FAR = 1e308


def _apart(before, after):
    """The largest difference; masks are full of infinities, which are the same."""
    differ = (before != after) & ~(before.isnan() & after.isnan())
    if not bool(differ.any()):
        return 0.0
    largest = (before[differ].double() - after[differ].double()).abs().max().item()
    return largest if math.isfinite(largest) else _FAR


def check_outputs(model, sample, wanted, tolerance=0.0):
    """ExportCheck of a model against `wanted`, [(name, tensor)]; `tolerance` is relative to an output's largest value."""
    with torch.no_grad():
        found = floating_outputs(sample.run(model))
    outputs = []
    for (name, before), (_, after) in zip(wanted, found):
        absolute = _apart(numbers_of(before), numbers_of(after)) if before.shape == after.shape else _FAR
        finite = numbers_of(before)[numbers_of(before).isfinite()]
        largest = finite.abs().max().item() if finite.numel() else 0.0
        relative = absolute / largest if 0 < largest and absolute < _FAR else absolute
        outputs.append({"name": name, "shape": list(after.shape), "absolute": absolute, "relative": relative})
    is_complete = len(wanted) == len(found)
    return {"sizes": {}, "outputs": outputs, "ok": is_complete and all(part["relative"] <= tolerance for part in outputs)}
