"""Sessions of onnxruntime: what they say of a model, what they give, what they refuse."""

import os
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
quiet = ort.SessionOptions()
quiet.log_severity_level = 4


def attempt(call, *args, **kwargs):
    try:
        print("ok", call(*args, **kwargs))
    except Exception as error:
        print(type(error).__module__, type(error).__name__, "|", str(error).replace("\n", "|")[:160])


def saved(folder, name, nodes, inputs, outputs, initializers=(), opset=17, **about):
    graph = helper.make_graph(nodes, "net", inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, **about)
    path = os.path.join(folder, name)
    onnx.save(model, path)
    return path


folder = tempfile.mkdtemp()
os.chdir(folder)
weight = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3), "w")
value = helper.make_tensor_value_info
path = saved(
    "", "product.onnx",
    [helper.make_node("MatMul", ["x", "w"], ["m"], name="product"), helper.make_node("Relu", ["m"], ["y"]),
     helper.make_node("Shape", ["y"], ["size"])],
    [value("x", FLOAT, ["batch", 4])], [value("y", FLOAT, ["batch", 3]), value("size", TensorProto.INT64, [2])], [weight],
    producer_name="test", domain="own", doc_string="documented", model_version=3,
)  # fmt: skip

# What it is

session = ort.InferenceSession(path, quiet, providers=["CPUExecutionProvider"])
for item in (*session.get_inputs(), *session.get_outputs()):
    print(item.name, item.type, item.shape, item)
meta = session.get_modelmeta()
print(meta.producer_name, meta.graph_name, meta.domain, meta.description, meta.version, meta.custom_metadata_map)
print(session.get_providers(), session.get_provider_options(), ort.get_device(), "CPUExecutionProvider" in ort.get_available_providers())

# What it gives

x = np.arange(8, dtype=np.float32).reshape(2, 4)
print([(array.dtype.name, array.tolist()) for array in session.run(None, {"x": x})])
print(session.run(["size"], {"x": x})[0], session.run(["size", "y"], {"x": x[::2]})[1].tolist(), session.run([], {"x": x})[0].dtype)
print(session.run(["y"], {"x": x.T.copy().T})[0].tolist(), session.run(["y"], {"x": x[:0]})[0].shape)
print(session.run(["y"], {"x": [[1.0, 2, 3, 4]]})[0].tolist())
for content in (open(path, "rb").read(), onnx.load(path).SerializeToString()):
    print(ort.InferenceSession(content, quiet).run(["y"], {"x": x})[0].sum())

# What it refuses

attempt(session.run, None, {"x": x[:, :3]})
attempt(session.run, None, {"x": x[0]})
attempt(session.run, None, {"x": x.astype(np.float64)})
attempt(session.run, None, {"x": x.astype(np.int32)})
attempt(session.run, None, {"z": x})
attempt(session.run, None, {"x": x, "z": x})
attempt(session.run, ["q"], {"x": x})
attempt(session.run, None, {})
attempt(session.run, None, {"x": 3.0})
attempt(ort.InferenceSession, "nothing.onnx", quiet)
attempt(ort.InferenceSession, 3)
given = [value("x", FLOAT, [2])]
made = [value("y", FLOAT, [2])]
for name, nodes, opset in (
    ("unknown.onnx", [helper.make_node("Nothing", ["x"], ["y"])], 17),
    ("few.onnx", [helper.make_node("Add", ["x"], ["y"])], 17),
    ("attribute.onnx", [helper.make_node("Relu", ["x"], ["y"], slope=3)], 17),
    ("domain.onnx", [helper.make_node("Relu", ["x"], ["y"], domain="other")], 17),
):
    attempt(ort.InferenceSession, saved("", name, nodes, given, made, opset=opset), quiet)
for name, content in (("broken.onnx", b"no model"), ("cut.onnx", open(path, "rb").read()[:-20])):
    with open(name, "wb") as file:
        file.write(content)
    try:
        ort.InferenceSession(name, quiet)
    except ort.capi.onnxruntime_pybind11_state.InvalidProtobuf as error:
        print("InvalidProtobuf", str(error)[:40])
attempt(ort.InferenceSession(saved(
    "", "reshape.onnx", [helper.make_node("MatMul", ["x", "s"], ["y"])], [value("x", FLOAT, None), value("s", FLOAT, None)],
    [value("y", FLOAT, None)]), quiet).run, None, {"x": x, "s": x})  # fmt: skip

# Types

kinds = [
    (TensorProto.FLOAT, np.float32), (TensorProto.DOUBLE, np.float64), (TensorProto.FLOAT16, np.float16), (TensorProto.INT8, np.int8),
    (TensorProto.UINT8, np.uint8), (TensorProto.INT16, np.int16), (TensorProto.UINT16, np.uint16), (TensorProto.INT32, np.int32),
    (TensorProto.UINT32, np.uint32), (TensorProto.INT64, np.int64), (TensorProto.UINT64, np.uint64), (TensorProto.BOOL, np.bool_),
]  # fmt: skip
for kind, dtype in kinds:
    place = saved("", "kind.onnx", [helper.make_node("Identity", ["x"], ["y"])], [value("x", kind, [None])], [value("y", kind, [None])])
    one = ort.InferenceSession(place, quiet)
    array = np.array([0, 1, 3], dtype)
    found = one.run(None, {"x": array})[0]
    print(one.get_inputs()[0].type, found.dtype, found.tolist(), found.dtype == dtype)
    if dtype in (np.uint16, np.uint32, np.int8):
        top = np.iinfo(dtype).max
        print(one.run(None, {"x": np.array([top, np.iinfo(dtype).min], dtype)})[0].tolist())

# Values and bindings

held = ort.OrtValue.ortvalue_from_numpy(x)
print(held.shape(), held.data_type(), held.device_name(), held.is_tensor(), held.numpy().sum(), session.run(["y"], {"x": held})[0].sum())
print([type(item).__name__ for item in session.run_with_ort_values(["y"], {"x": held})])
binding = session.io_binding()
binding.bind_cpu_input("x", x)
binding.bind_output("y")
session.run_with_iobinding(binding)
print(binding.copy_outputs_to_cpu()[0].tolist(), len(binding.get_outputs()))
target = ort.OrtValue.ortvalue_from_shape_and_type([2, 3], np.float32)
binding.clear_binding_outputs()
binding.bind_ortvalue_output("y", target)
session.run_with_iobinding(binding)
print(target.numpy().tolist())

# Options

options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
options.intra_op_num_threads = 1
options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
options.log_severity_level = 3
options.optimized_model_filepath = "optimized.onnx"
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
print(options.get_session_config_entry("session.intra_op.allow_spinning"), options.graph_optimization_level)
print(ort.InferenceSession(path, options).run(["y"], {"x": x})[0].tolist())
print([node.op_type for node in onnx.load("optimized.onnx").graph.node])
attempt(options.get_session_config_entry, "nothing")
apart = os.path.join("apart", "model.onnx")
os.mkdir("apart")
onnx.save(onnx.load(path), apart, save_as_external_data=True, location="weights.bin", size_threshold=0)
print(sorted(os.listdir("apart")), ort.InferenceSession(apart, quiet).run(["y"], {"x": x})[0].sum())
profiled = ort.SessionOptions()
profiled.enable_profiling = True
profiled.log_severity_level = 3
timed = ort.InferenceSession(path, profiled)
timed.run(None, {"x": x})
written = timed.end_profiling()
print(written.startswith("onnxruntime_profile_"), '"MatMul"' in open(written).read())
