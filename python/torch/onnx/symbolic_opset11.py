"""Where custom operators find the symbols of an exporter. There is none yet: each name is a function that says so."""

from torch._missing import _refusing
from torch.onnx import _WHY


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _refusing("torch.onnx.symbolic_opset11", name, _WHY)
