"""An .onnx file as a target of the verbs: how to build it and what to call it with. Chooses no inputs: the host has."""

import os
import types

import torch

from layerwise import onnx
from layerwise.plan import Choice, Plan, on_device


class OnnxPlan(Plan):
    """The model of a file, with inputs by the names that Python can write."""

    def __init__(self, path, inputs):
        super().__init__(types.ModuleType("onnx_model"), None, "class")
        self.path = path
        self.real_names = {}
        for name, (text, origin, why) in inputs.items():
            plain = python_name(name, self.real_names)
            self.real_names[plain] = name
            self.inputs[plain] = Choice(name, text, origin, why)

    def build(self, device=None):
        torch.set_grad_enabled(True)
        with on_device(device):
            model = onnx.load(self.path)
        model.eval()
        return model if device is None else model.to(device)


def python_name(name, taken):
    plain = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name)
    while plain in taken or not plain.isidentifier():
        plain += "_" if plain[:1].isidentifier() else ""
        plain = plain if plain[:1].isidentifier() else f"_{plain}"
    return plain


def plan_of(path, inputs):
    return OnnxPlan(path, inputs)


def name_of(path):
    return os.path.splitext(os.path.basename(path))[0]
