"""torch.onnx: the names that models import. Exporting is _export.py's business."""

import enum

import torch
from torch._missing import _refusing
from torch.onnx._export import export
from torch.onnx._program import ONNXProgram
from torch.onnx.errors import OnnxExporterError, UnsupportedOperatorError

_WHY = "it belongs to the inside of PyTorch's own exporter: use torch.onnx.export"

dynamo_export = _refusing("torch.onnx", "dynamo_export", _WHY)


def is_in_onnx_export():
    """Is the model being called for its ops to be written down?"""
    return torch.compiler._is_exporting


def is_onnxrt_backend_supported():
    return False


def register_custom_op_symbolic(symbolic_name, symbolic_fn, opset_version):
    """Kept for nobody: there is no exporter that would ask."""


def unregister_custom_op_symbolic(symbolic_name, opset_version):
    pass


def select_model_mode_for_export(model, mode):
    import contextlib

    return contextlib.nullcontext()


class TrainingMode(enum.IntEnum):
    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


class OperatorExportTypes(enum.IntEnum):
    ONNX = 0
    ONNX_ATEN = 1
    ONNX_ATEN_FALLBACK = 2
    ONNX_FALLTHROUGH = 3


class TensorProtoDataType(enum.IntEnum):
    UNDEFINED = 0
    FLOAT = 1
    UINT8 = 2
    INT8 = 3
    UINT16 = 4
    INT16 = 5
    INT32 = 6
    INT64 = 7
    STRING = 8
    BOOL = 9
    FLOAT16 = 10
    DOUBLE = 11
    UINT32 = 12
    UINT64 = 13
    COMPLEX64 = 14
    COMPLEX128 = 15
    BFLOAT16 = 16


from torch.onnx import operators, symbolic_helper, symbolic_opset9, symbolic_opset11, symbolic_opset12
