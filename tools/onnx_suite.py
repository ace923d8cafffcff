"""Runs models against recorded outputs on our own runtime, in the layout of ONNX's tests: NAME/model.onnx and
NAME/test_data_set_*/{input,output}_*.pb. Prints one JSON document; a model is passed, refused by name, or failed.

    layerwise python tools/onnx_suite.py FOLDER [WORD ...]
"""

import json
import os
import sys

import torch

from layerwise import onnx
from layerwise.onnx.file import read_value

# What float16 and bfloat16 keep; the recorded outputs round after every step, too.
ROUNDING = {torch.float16: 2.0**-9, torch.bfloat16: 2.0**-6}
# Drawn anew in every run: only their form can be compared.
RANDOM = ("bernoulli", "training_dropout", "random")


class Different(Exception):
    pass


def compare(found, wanted, relative, absolute, name):
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            raise Different(f"{name} is no sequence of {len(wanted)}")
        for position, (a, b) in enumerate(zip(found, wanted)):
            compare(a, b, relative, absolute, f"{name}[{position}]")
        return
    if wanted is None:
        if found is not None:
            raise Different(f"{name} is there, though nothing was expected")
        return
    if tuple(found.shape) != tuple(wanted.shape):
        raise Different(f"{name} has shape {list(found.shape)}, expected {list(wanted.shape)}")
    if found.dtype != wanted.dtype:
        raise Different(f"{name} is {found.dtype}, expected {wanted.dtype}")
    if relative is None or found.numel() == 0:
        return
    relative = max(relative, ROUNDING.get(wanted.dtype, 0.0))
    if found.is_complex():
        found, wanted = torch.view_as_real(found), torch.view_as_real(wanted)
    a, b = _wide(found), _wide(wanted)
    is_same = (a == b) | (torch.isnan(a) & torch.isnan(b)) | (torch.abs(a - b) <= absolute + relative * torch.abs(b))
    n_wrong = int((~is_same).sum())
    if n_wrong:
        shown = f"{a[~is_same][:3].tolist()}, expected {b[~is_same][:3].tolist()}"
        raise Different(f"{n_wrong} of {a.numel()} elements of {name} differ: {shown}")


def _wide(x):
    # float8 goes by way of float32.
    return x.to(torch.float32).to(torch.float64) if x.is_floating_point() else x.to(torch.float64)


def run(folder, name):
    relative, absolute = 1e-3, 1e-7
    settings = os.path.join(folder, "data.json")
    if os.path.exists(settings):
        with open(settings) as file:
            found = json.load(file)
        relative, absolute = found.get("rtol", relative), found.get("atol", absolute)
    if any(word in name for word in RANDOM):
        relative = None
    with torch.no_grad():
        model = onnx.load(os.path.join(folder, "model.onnx")).eval()
        for data in sorted(entry for entry in os.listdir(folder) if entry.startswith("test_data_set")):
            place = os.path.join(folder, data)
            inputs = _values(place, "input", [item["kind"] for item in model.input_types])
            outputs = _values(place, "output", model.output_kinds)
            # Once as it is, and once as calls are repeated: written down with other numbers of the same shapes.
            for is_repeated in (False, True):
                if is_repeated:
                    _warm(model, inputs)
                found = model(*inputs)
                found = found if isinstance(found, tuple) else (found,)
                for output, actual, wanted in zip(model.output_names, found, outputs):
                    compare(actual, wanted, relative, absolute, output + (", repeated" if is_repeated else ""))


def _warm(model, inputs):
    try:
        for _ in range(2):
            model(*map(_other, inputs))
    except Exception:
        # Some inputs are indices or sizes, and not every number is one.
        pass


def _other(x):
    if not isinstance(x, torch.Tensor) or x.dim() == 0 or x.numel() == 0:
        return x
    return (x * 0.5 + 0.25).to(x.dtype) if x.dtype in (torch.float32, torch.float64) else x.flip(0)


def _values(place, word, kinds):
    paths = [os.path.join(place, f"{word}_{position}.pb") for position in range(len(kinds))]
    return [read_value(path, kind) for path, kind in zip(paths, kinds) if os.path.exists(path)]


def main(root, words):
    passed, refused, failed = [], {}, {}
    for name in sorted(os.listdir(root)):
        folder = os.path.join(root, name)
        is_wanted = not words or any(word in name for word in words)
        if not is_wanted or not os.path.exists(os.path.join(folder, "model.onnx")):
            continue
        try:
            run(folder, name)
            passed.append(name)
        except NotImplementedError as error:
            refused[name] = str(error)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    print(json.dumps({"passed": passed, "refused": refused, "failed": failed}))


main(sys.argv[1], sys.argv[2:])
