"""An .onnx file as a target of the verbs: how to build it and what to call it with. Chooses no inputs: the host has."""

import os
import types

import torch

from layerwise import onnx
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


def plan_of(path, inputs):
    return OnnxPlan(path, inputs)


def name_of(path):
    return os.path.splitext(os.path.basename(path))[0]
