"""onnx.helper, numpy_helper, checker, shape_inference and data beside a model."""

import os
import tempfile

import numpy as np
import onnx
import onnx.utils
from onnx import AttributeProto, TensorProto, checker, defs, helper, numpy_helper, shape_inference

FLOAT = TensorProto.FLOAT


def attempt(call, *args, **kwargs):
    try:
        found = call(*args, **kwargs)
        print("ok", str(found).replace("\n", " ") if hasattr(found, "SerializeToString") else found)
    except Exception as error:
        print(type(error).__name__, "|", str(error).replace("\n", "|"))


def model_of(nodes, opset=17, inputs=None, outputs=None, initializers=(), ir_version=8, name="g"):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", FLOAT, [2])] if inputs is None else inputs,
        [helper.make_tensor_value_info("y", FLOAT, [2])] if outputs is None else outputs,
        list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)


def check(*args, **kwargs):
    attempt(checker.check_model, model_of(*args, **kwargs))


relu = helper.make_node("Relu", ["x"], ["y"])

# What is well formed and what is not

check([relu])
check([helper.make_node("Nothing", ["x"], ["y"])])
check([helper.make_node("Relu", ["z"], ["y"])])
check([helper.make_node("Relu", ["x"], ["y"], domain="other")])
check([helper.make_node("Add", ["x"], ["y"])])
check([helper.make_node("Relu", ["x"], ["y"], slope=3)])
check([helper.make_node("Relu", ["x"], ["t"]), helper.make_node("Relu", ["x"], ["t"]), helper.make_node("Relu", ["t"], ["y"])])
check([helper.make_node("Relu", ["t"], ["y"]), helper.make_node("Relu", ["x"], ["t"])])
check([helper.make_node("Cast", ["x"], ["y"])])
check([helper.make_node("Cast", ["x"], ["y"], to="float")])
check([helper.make_node("Upsample", ["x"], ["y"])])
check([helper.make_node("Relu", ["x"], ["x"])])
check([helper.make_node("", ["x"], ["y"])])
check([helper.make_node("Relu", ["x"], ["q"])])
check([relu], name="")
check([relu], initializers=[TensorProto(name="w", data_type=FLOAT, dims=[3], raw_data=b"1234")])
check([relu], initializers=[TensorProto(name="w", data_type=FLOAT, dims=[3], float_data=[1.0])])
check([relu], initializers=[TensorProto(dims=[1], data_type=FLOAT, float_data=[1.0])])
check([relu], initializers=[helper.make_tensor("w", FLOAT, [1], [1.0])] * 2)
check([relu], inputs=[onnx.ValueInfoProto(name="x")])
check([relu], outputs=[helper.make_tensor_value_info("y", FLOAT, None)])
for field in ("ir_version", "graph", "opset_import"):
    model = model_of([relu])
    model.ClearField(field)
    attempt(checker.check_model, model)
attempt(checker.check_model, "nothing.onnx")
attempt(checker.check_tensor, helper.make_tensor("t", TensorProto.INT64, [2], [1, 2]))
attempt(checker.check_model, onnx.ModelProto())

# Attributes

for value in (
    3, 2.5, "text", b"bytes", [1, 2], [1.0, 2], ["a", b"b"], np.float32(2), np.int64(3), True, (1, 2), [], helper.make_tensor("t", 1, [1], [2.0]),
):
    attempt(helper.make_attribute, "key", value)
attempt(helper.make_attribute, "key", [], attr_type=AttributeProto.INTS)
node = helper.make_node(
    "Conv", ["x", "w", ""], ["y"], name="c", kernel_shape=[3, 3], alpha=0.1, mode='a\n"', scalar=helper.make_tensor("t", FLOAT, [], [1.0]),
    texts=["a", "b"], nothing=None,
)
print(helper.printable_node(node))
print({item.name: helper.get_attribute_value(item) for item in node.attribute if item.name != "scalar"})
print(helper.get_node_attr_value(node, "kernel_shape"))
attempt(helper.get_node_attr_value, node, "other")

# Tensors

for args in (
    ("t", FLOAT, [2, 2], [1, 2, 3, 4]), ("t", TensorProto.FLOAT16, [2], [1.5, 2]), ("t", TensorProto.INT64, [1], [2**40]),
    ("t", TensorProto.BOOL, [2], [True, False]), ("t", TensorProto.BFLOAT16, [2], [1.0, 3.14]), ("t", TensorProto.UINT8, [2], [1, 255]),
    ("t", TensorProto.STRING, [2], ["a", b"b"]), ("t", FLOAT, [3], [1, 2]), ("t", TensorProto.DOUBLE, [], [1.5]),
    ("t", TensorProto.COMPLEX64, [1], [1 + 2j]), ("t", TensorProto.UINT64, [1], [2**62]), ("t", FLOAT, [1], b"abcd", True),
    ("t", FLOAT, [1], b"abcde", True),
):
    attempt(helper.make_tensor, *args)
for array in (
    np.arange(6, dtype=np.float32).reshape(2, 3), np.array(3), np.array([True, False]), np.array([1.5], np.float16),
    np.array([1, 65535], np.uint16), np.zeros((0, 2), np.int8), np.array([2**40]), np.array([1 + 2j]),
):
    tensor = numpy_helper.from_array(array, "a")
    back = numpy_helper.to_array(tensor)
    print(back.dtype, back.shape, back.tolist(), list(tensor.dims), tensor.data_type, len(tensor.raw_data))
for tensor in (
    helper.make_tensor("t", TensorProto.FLOAT16, [2], [1.5, 2]), helper.make_tensor("t", TensorProto.COMPLEX64, [1], [1 + 2j]),
    helper.make_tensor("t", TensorProto.INT8, [2], [-1, 2]), helper.make_tensor("t", TensorProto.BOOL, [1], [True]),
):
    print(numpy_helper.to_array(tensor))

# Types of values

for made in (
    helper.make_tensor_value_info("x", FLOAT, ["b", None, 3]), helper.make_tensor_value_info("x", FLOAT, ()),
    helper.make_tensor_value_info("x", FLOAT, None), helper.make_tensor_sequence_value_info("s", FLOAT, [2]),
    helper.make_value_info("o", helper.make_optional_type_proto(helper.make_tensor_type_proto(FLOAT, [1]))),
):
    print(made)
attempt(helper.make_tensor_value_info, "x", FLOAT, [1.5])
print(helper.tensor_dtype_to_np_dtype(FLOAT), helper.np_dtype_to_tensor_dtype(np.dtype("int8")), helper.tensor_dtype_to_field(TensorProto.BOOL))
print(helper.find_min_ir_version_for([helper.make_opsetid("", 17)]), helper.find_min_ir_version_for([helper.make_opsetid("", 21)]))
print(defs.get_schema("Conv", 17).since_version, defs.has("Relu"), defs.has("Nothing"), defs.get_schema("Relu", 13).since_version)

# A graph with branches


def branch(name):
    return helper.make_graph([helper.make_node("Relu", ["c"], [name])], f"{name}_graph", [], [helper.make_tensor_value_info(name, FLOAT, None)])


graph = helper.make_graph(
    [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Constant", [], ["k"], value=helper.make_tensor("k", TensorProto.INT64, [2], [0, -1])),
        helper.make_node("Reshape", ["c", "k"], ["r"]),
        helper.make_node("ReduceMean", ["r"], ["m"], keepdims=0),
        helper.make_node("If", ["cond"], ["y"], then_branch=branch("a"), else_branch=branch("b")),
    ],
    "net",
    [helper.make_tensor_value_info("x", FLOAT, ["b", 3, 8, 8]), helper.make_tensor_value_info("cond", TensorProto.BOOL, [])],
    [helper.make_tensor_value_info("y", FLOAT, ["b", 4, 8, 8])],
    [numpy_helper.from_array(np.zeros((4, 3, 3, 3), np.float32), "w")],
    doc_string="documented",
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
print(helper.printable_graph(model.graph))
print(helper.printable_graph(model_of([relu], initializers=[helper.make_tensor("x", FLOAT, [2], [1, 2])]).graph))
attempt(checker.check_model, model, full_check=True)
inferred = shape_inference.infer_shapes(model)
for item in inferred.graph.value_info:
    print(helper.printable_value_info(item))
wrong = model_of([relu], outputs=[helper.make_tensor_value_info("y", FLOAT, [3])])
attempt(checker.check_model, wrong)
try:
    checker.check_model(wrong, full_check=True)
except Exception as error:
    print(type(error).__name__, "(2) vs (3)" in str(error))
function = helper.make_function("own", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)])
called = model_of([helper.make_node("F", ["x"], ["y"], domain="own")])
called.functions.append(function)
called.opset_import.append(helper.make_opsetid("own", 1))
attempt(checker.check_model, called)

# Data beside a model

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.onnx")
    onnx.save(model, path, save_as_external_data=True, location="model.data", size_threshold=0)
    print(sorted(os.listdir(folder)), model.graph.initializer[0].HasField("raw_data"))
    apart = onnx.load(path, load_external_data=False).graph.initializer[0]
    print([(entry.key, entry.value) for entry in apart.external_data], apart.data_location)
    attempt(checker.check_model, path)
    loaded = onnx.load(path)
    print(numpy_helper.to_array(loaded.graph.initializer[0]).shape, numpy_helper.to_array(apart, folder).shape)
    for location in ("../model.data", "/etc/passwd", "nothing.data"):
        apart.external_data[0].value = location
        try:
            onnx.external_data_helper.load_external_data_for_tensor(apart, folder)
        except Exception as error:
            print(type(error).__name__)

# A part of a model

with tempfile.TemporaryDirectory() as folder:
    whole, part = os.path.join(folder, "whole.onnx"), os.path.join(folder, "part.onnx")
    onnx.save(loaded, whole)
    onnx.utils.extract_model(whole, part, ["c"], ["m"])
    cut = onnx.load(part)
    print([node.op_type for node in cut.graph.node], [helper.printable_value_info(item) for item in (*cut.graph.input, *cut.graph.output)])
