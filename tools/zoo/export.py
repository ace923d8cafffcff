"""Export models of the list to ONNX, with the inputs and the outputs that the runtime itself gives: what tools/zoo/exports.ts
compares with ONNX Runtime's. It judges nothing.

layerwise python tools/zoo/export.py OUT_FOLDER [--dynamic] KEY ...: one line of JSON per model."""

import json
import os
import pathlib
import sys
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import torch
from safetensors.torch import save_file

from measure import is_dead, settle_batch_norms, wake_zeros
from models import ENTRIES


def tensors_in(value, out):
    """All tensors of a nested result, in the order in which an exporter names them; caches are no outputs."""
    if isinstance(value, torch.Tensor):
        out.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            tensors_in(item, out)
    elif isinstance(value, (list, tuple)):
        for item in value:
            tensors_in(item, out)
    return out


def export(entry, place):
    torch.manual_seed(0)
    model = entry.build()
    model.eval()
    torch.manual_seed(1)
    inputs = entry.inputs()
    wake_zeros(model)
    if not entry.is_training and is_dead(model, inputs):
        settle_batch_norms(model, inputs)
    parameters = sum(p.numel() for p in model.parameters())
    torch.manual_seed(2)
    with torch.no_grad():
        outputs = tensors_in(model(**inputs), [])
    torch.manual_seed(2)
    torch.onnx.export(model, (), f"{place}.onnx", kwargs=dict(inputs))
    save_file({f"{i}": t.detach().contiguous().clone() for i, t in enumerate(outputs)}, f"{place}.outputs.safetensors")
    given = tensors_in(list(inputs.values()), [])
    save_file({f"{i}": t.contiguous().clone() for i, t in enumerate(given)}, f"{place}.inputs.safetensors")
    return parameters


def main():
    folder, *wanted = sys.argv[1:]
    for entry in ENTRIES:
        if entry.key not in wanted:
            continue
        result = {"key": entry.key}
        try:
            result["parameters"] = export(entry, str(pathlib.Path(folder) / entry.key.replace("/", "__")))
        except Exception as error:
            result["error"] = f"{type(error).__name__}: {error}"[:400]
        print(json.dumps(result), flush=True)
        # The one who reads has to be done with the files, which are large.
        sys.stdin.readline()


if __name__ == "__main__":
    main()
