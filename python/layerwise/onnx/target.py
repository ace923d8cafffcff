"""An .onnx file as a target of the verbs: how to build it and what to call it with. Chooses no inputs: the host has."""

import os
import types

import torch

from layerwise import failures, onnx
from layerwise.onnx.model import argument_names
from layerwise.plan import Choice, Plan, on_device


class OnnxPlan(Plan):
    """The model of a file, with inputs by the names that Python can write."""

    def __init__(self, path, inputs):
        super().__init__(types.ModuleType("onnx_model"), None, "class")
        self.path = path
        for plain, name in argument_names(inputs).items():
            text, origin, why = inputs[name]
            self.inputs[plain] = Choice(name, text, origin, why)

    def build(self, device=None):
        with on_device(device):
            model = onnx.load(self.path)
        model.eval()
        return model if device is None else model.to(device)

    def is_taken(self, model, device):
        """Does the model take these inputs?"""
        try:
            with torch.no_grad():
                model(**self.arguments(device))
        except (RuntimeError, ValueError, IndexError):
            return False
        return True


def plan_of(path, inputs):
    return OnnxPlan(path, inputs)


def name_of(path):
    return os.path.splitext(os.path.basename(path))[0]


# What was handed out by handle lives until the next call.
_kept = []


def read_samples(inputs, place, prepare, most):
    """{"data", "samples": [{input: handle}, ...], "labels": [handle or None, ...]} of a data file, pictures or a function, for a model
    with these inputs; "classes" where folders of pictures are some. Labels are whole numbers; other targets are nothing that outputs
    are counted against."""
    import inspect

    from layerwise.proof.bad_data import BadData
    from layerwise.proof.named import samples_at
    from layerwise.proof.refused import Refused

    plan = OnnxPlan("", inputs)
    template = plan.arguments("cpu")
    names = {plain: choice.name for plain, choice in plan.inputs.items()}

    def model(**arguments):
        raise BadData(f"{place['shown']} calls the model: an .onnx file in ONNX Runtime cannot be called from Python")

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in template]
    model.__signature__ = inspect.Signature(parameters)
    try:
        found = samples_at(place, prepare, model, template, most)
    except (BadData, Refused) as error:
        failure = {"kind": "usage", "type": "data", "message": str(error)}
        return {"failure": {**failure, "hint": error.hint} if error.hint else failure}
    except BaseException as error:
        return {"failure": failures.describe(error)}
    _kept.clear()
    rows, labels = [], []
    for sample in found.items:
        arguments = {name: tensor.to(template[name].dtype).contiguous() for name, tensor in sample.arguments.items()}
        rows.append({names[name]: tensor.h for name, tensor in arguments.items()})
        target = sample.target
        is_label = isinstance(target, torch.Tensor) and not target.is_floating_point() and not target.is_complex()
        target = target.to(torch.int64).contiguous() if is_label else None
        labels.append(None if target is None else target.h)
        _kept.append((arguments, target))
    return {"data": found.plain(), "samples": rows, "labels": labels, "classes": found.classes}
