"""The same convolutions on PyTorch and ONNX Runtime, where this interpreter has them: one JSON line of microseconds by case."""

import sys

sys.path.insert(0, "bench/conv")

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from shapes import CONVS, least, measured, name, report

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)


def runtime(n, c, size, o, kernel, stride, padding, groups):
    out = (size + 2 * padding - kernel) // stride + 1
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], strides=[stride] * 2, pads=[padding] * 4, group=groups)
    weights = {
        "w": numpy.random.randn(o, c // groups, kernel, kernel).astype(numpy.float32),
        "b": numpy.random.randn(o).astype(numpy.float32),
    }
    shape = [n, c, size, size]
    graph = helper.make_graph(
        [node], "one", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [n, o, out, out])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = numpy.random.randn(*shape).astype(numpy.float32)
    return lambda: session.run(None, {"x": x})


found = {}
measured(torch, found, "torch")
for shape in CONVS:
    found[name(shape)]["onnxruntime"] = least(runtime(*shape))
report(found)
