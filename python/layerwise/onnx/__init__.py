"""ONNX models on our own runtime: `load` makes a torch.nn.Module of a file, which runs, profiles and trains like any other."""

from layerwise.onnx.file import ModelRefused, read_file
from layerwise.onnx.model import OnnxModel

__all__ = ["ModelRefused", "OnnxModel", "load"]


def load(f):
    """The model in an .onnx file, given by its path or open for reading, as a torch.nn.Module.

    Floating initializers are parameters, other tensors buffers; paths in the names of nodes and weights become modules.
    Raises ModelRefused where the file is broken and NotImplementedError, by name, for an operator that is not done.
    """
    # The operators are many, and needed only here.
    from layerwise.onnx import ops  # noqa: F401

    return OnnxModel(read_file(f))
