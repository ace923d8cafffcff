"""The zoo in float64, for models whose float32 error says nothing: writes FOLDER/exact.json with the loss, and of each gradient its norm
and a sum of its elements. reference.py runs it under real PyTorch.

python tools/zoo/exact.py FOLDER NAME ..."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import torch

import measure
from models import ENTRIES


def in_double(inputs):
    return {name: t.double() if t.is_floating_point() else t for name, t in inputs.items()}


def exact(entry):
    torch.manual_seed(0)
    model = entry.build()
    model.train(entry.is_training)
    torch.manual_seed(1)
    inputs = entry.inputs()
    measure.wake_zeros(model)
    is_dead = measure.is_dead(model, inputs)
    model, inputs = model.double(), in_double(inputs)
    if is_dead:
        measure.settle_batch_norms(model, inputs)
    _, loss, gradients, _ = measure.differentiate(model, inputs)
    return [float(loss), *[[name, float(g.norm()), float(g.reshape(-1)[::7].sum())] for name, g in gradients]]


def main():
    found = {entry.key: exact(entry) for entry in ENTRIES if entry.key in sys.argv[2:]}
    (pathlib.Path(sys.argv[1]) / "exact.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
