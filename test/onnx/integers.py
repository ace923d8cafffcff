"""Loads the models of a folder on our own engine; prints for each its outputs, its layers on codes and the operators that are left.

    layerwise python integers.py FOLDER
"""

import json
import os
import sys

import torch

from layerwise import onnx
from layerwise.onnx.file import read_value


def operators(block, steps, found):
    for step in steps:
        if hasattr(step, "steps"):
            operators(step.block, step.steps, found)
        else:
            found.append(str(step.operator))
    return found


found = {}
for name in sorted(entry for entry in os.listdir(sys.argv[1]) if os.path.isdir(os.path.join(sys.argv[1], entry))):
    place = os.path.join(sys.argv[1], name)
    model = onnx.load(os.path.join(place, "model.onnx")).eval()
    x = read_value(os.path.join(place, "test_data_set_0", "input_0.pb"))
    with torch.no_grad():
        y = model(x)
    found[name] = {
        "dtype": str(y.dtype).removeprefix("torch."),
        "numbers": y.to(torch.float64).reshape(-1).tolist(),
        "operators": operators(model, model._graph.steps, []),
        "parameters": [key for key, value in model.named_parameters()],
    }
print(json.dumps(found))
