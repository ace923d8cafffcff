"""A file of a compressed model is done when a model that was read from it gives what the written one gave."""

import torch

from layerwise.proof.report import floating_outputs


def check_outputs(model, sample, wanted, tolerance=0.0):
    """ExportCheck of a model against `wanted`, [(name, tensor)]; `tolerance` is relative to an output's largest value."""
    with torch.no_grad():
        found = floating_outputs(sample.run(model))
    outputs = []
    for (name, before), (_, after) in zip(wanted, found):
        absolute = (before.double() - after.double()).abs().max().item() if before.numel() else 0.0
        largest = before.abs().max().item() if before.numel() else 0.0
        relative = absolute / largest if largest > 0 else absolute
        outputs.append({"name": name, "shape": list(after.shape), "absolute": absolute, "relative": relative})
    is_complete = len(wanted) == len(found)
    return {"sizes": {}, "outputs": outputs, "ok": is_complete and all(part["relative"] <= tolerance for part in outputs)}
