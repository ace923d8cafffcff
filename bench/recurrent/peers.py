"""The same layers on PyTorch and, where this interpreter has it, ONNX Runtime: one JSON line of microseconds by case."""

import sys
import tempfile
import warnings

sys.path.insert(0, "bench/recurrent")
warnings.simplefilter("ignore")

import numpy
import torch
from shapes import SHAPES, least, measured, name, report

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)
found = {}
measured(torch, found, "torch")


def runtime(kind, shape):
    """(float session, dynamic one where there is one, input): one LSTM or GRU node of ONNX Runtime."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper
    from onnxruntime.quantization import QuantType, quantize_dynamic

    steps, batch, width = shape
    gates = {"LSTM": 4, "GRU": 3}[kind]
    sizes = {"W": (1, gates * width, width), "R": (1, gates * width, width), "B": (1, 2 * gates * width)}
    weights = {part: numpy.random.uniform(-0.1, 0.1, size).astype(numpy.float32) for part, size in sizes.items()}
    more = {"linear_before_reset": 1} if kind == "GRU" else {}
    node = helper.make_node(kind, ["x", "W", "R", "B"], ["y"], hidden_size=width, **more)
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, dims) for end, dims in (("x", [steps, batch, width]), ("y", None))]
    initializers = [onnx.numpy_helper.from_array(value, part) for part, value in weights.items()]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    sessions = [onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])]
    if kind == "LSTM":
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(made, f"{folder}/float.onnx")
            quantize_dynamic(f"{folder}/float.onnx", f"{folder}/int8.onnx", weight_type=QuantType.QInt8, per_channel=True)
            assert any(n.op_type == "DynamicQuantizeLSTM" for n in onnx.load(f"{folder}/int8.onnx").graph.node)
            sessions.append(onnxruntime.InferenceSession(f"{folder}/int8.onnx", options, providers=["CPUExecutionProvider"]))
    return sessions, {"x": numpy.random.randn(*shape).astype(numpy.float32)}


try:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
except ImportError:
    onnxruntime = None
if onnxruntime:
    for kind in ("LSTM", "GRU"):
        for shape in SHAPES:
            sessions, feed = runtime(kind, shape)
            for session, what in zip(sessions, ("forward", "dynamic int8")):
                found[name(kind, shape, what)]["onnxruntime"] = least(lambda: session.run(None, feed))
report(found)
