"""Export models of the list to ONNX and import them again on the runtime itself: the outputs must be the model's own. One line
of JSON per model; it judges nothing.

layerwise python tools/zoo/imports.py KEY ...      or a number: all models with fewer parameters than so many millions"""

import io
import json
import sys
import time

# Prepares the path and the environment as well.
from export import ENTRIES, is_dead, settle_batch_norms, tensors_in, wake_zeros

import torch

import layerwise


def outputs_of(model, *args, **kwargs):
    torch.manual_seed(2)
    with torch.no_grad():
        return tensors_in(model(*args, **kwargs), [])


def import_back(entry, most):
    torch.manual_seed(0)
    model = entry.build()
    model.eval()
    parameters = sum(p.numel() for p in model.parameters())
    if parameters > most:
        return None
    torch.manual_seed(1)
    inputs = entry.inputs()
    wake_zeros(model)
    if not entry.is_training and is_dead(model, inputs):
        settle_batch_norms(model, inputs)
    wanted = outputs_of(model, **inputs)
    written = io.BytesIO()
    torch.onnx.export(model, (), written, kwargs=dict(inputs))
    del model
    written.seek(0)
    again = layerwise.load_onnx(written).eval()
    began = time.perf_counter()
    found = outputs_of(again, *tensors_in(list(inputs.values()), []))
    seconds = time.perf_counter() - began
    worst = 0.0
    for a, b in zip(found, wanted, strict=True):
        if tuple(a.shape) != tuple(b.shape):
            raise ValueError(f"an output is {list(a.shape)} and was {list(b.shape)}")
        if b.is_floating_point() and b.numel():
            worst = max(worst, ((a - b).abs().max() / b.abs().max().clamp(min=1e-30)).item())
    return {"parameters": parameters, "relative": worst, "seconds": round(seconds, 3)}


def main():
    wanted = sys.argv[1:]
    most = float("inf")
    if len(wanted) == 1 and wanted[0].replace(".", "").isdigit():
        most = float(wanted[0]) * 1e6
        wanted = [entry.key for entry in ENTRIES]
    for entry in ENTRIES:
        if entry.key not in wanted:
            continue
        try:
            result = import_back(entry, most)
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"[:300]}
        if result is not None:
            print(json.dumps({"key": entry.key, **result}), flush=True)


main()
