"""One model through the runtime's quantizer: read, rewritten, given back."""

import io
import json
import os

import _core
import numpy as np
from onnxruntime._types import number_of
from torch._files import Reading, checked, writing


def model_of(model_input):
    """A message in one piece, of a path or of one that is there."""
    import onnx

    if isinstance(model_input, (str, os.PathLike)):
        return onnx.load_model(model_input)
    if isinstance(model_input, onnx.ModelProto):
        return model_input
    raise TypeError(f"expected a path or an onnx.ModelProto, got {type(model_input).__name__}")


def quantized(model, samples=(), **request):
    """The rewritten model, and what was done: names of nodes, and which were left and why."""
    import onnx

    held, given = [], []
    for sample in samples:
        row = {}
        for name, value in sample.items():
            array = value if isinstance(value, np.ndarray) else np.asarray(value)
            held.append(array)
            row[name] = [array._t.h, number_of(array.dtype)]
        given.append(row)
    target = io.BytesIO()
    with Reading(io.BytesIO(model.SerializeToString())) as source, writing(target) as file_id:
        report = json.loads(checked(_core.onnx_quantize(source, json.dumps(request), json.dumps(given), file_id), ""))
    return onnx.ModelProto.FromString(target.getvalue()), report


def save(model, path, use_external_data_format=False):
    import onnx

    path = os.fspath(path)
    location = f"{os.path.basename(path)}.data" if use_external_data_format else None
    onnx.save_model(model, path, save_as_external_data=bool(use_external_data_format), location=location)


def refuse(function, option, why):
    raise NotImplementedError(f"onnxruntime.quantization.{function}: {option} is not available here: {why}")
