"""Messages of onnx: fields, presence, lists, text and bytes."""

import copy
import io
import math
import os
import pickle
import tempfile

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, helper


def attempt(call, *args, **kwargs):
    try:
        print("ok", call(*args, **kwargs))
    except Exception as error:
        print(type(error).__name__)


def assign(message, name, value):
    setattr(message, name, value)
    return getattr(message, name)


# What is there and what is not

value = ValueInfoProto()
print(value.HasField("type"), value.type.tensor_type.elem_type, value.HasField("type"))
value.type.tensor_type.shape.dim.extend([])
print(value.HasField("type"), value.type.HasField("tensor_type"), value.type.tensor_type.HasField("shape"))
print(value.type.WhichOneof("value"), value.type.HasField("value"))
value.type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.INT64
print(value.type.WhichOneof("value"))
print(value)
dim = TensorShapeProto.Dimension(dim_value=3)
dim.dim_param = "batch"
print(dim.WhichOneof("value"), dim.dim_value, dim)
dim.ClearField("value")
print(dim.WhichOneof("value"), [field.name for field, _ in dim.ListFields()])
attempt(value.HasField, "nothing")
attempt(NodeProto().HasField, "input")
attempt(dim.WhichOneof, "nothing")

# Scalars

node = NodeProto(op_type="Add", input=["a", "b"], output=["c"], name="sum")
attribute = node.attribute.add(name="numbers", i=2**62 + 1, type=AttributeProto.INT)
node.attribute.add(name="reals", f=0.1, floats=[1, 1e20, 3e-7, math.inf, -math.inf, math.nan, -0.0], type=AttributeProto.FLOATS)
node.attribute.add(name="texts", s=b"a\n\"\\'\xc3\xa9\x00", strings=[b"x", b""])
print(node)
print(attribute.i, node.attribute[1].f, list(node.attribute[1].floats)[:3], node.attribute[2].s)
attempt(assign, attribute, "i", "x")
attempt(assign, attribute, "i", 1.5)
attempt(assign, attribute, "i", 2**63)
attempt(assign, attribute, "f", 3)
attempt(assign, attribute, "name", 3)
attempt(assign, attribute, "name", b"bytes")
attempt(assign, attribute, "s", "text")
attempt(assign, attribute, "nothing", 1)
attempt(assign, attribute, "t", TensorProto())
attempt(assign, node, "input", ["a"])
attempt(NodeProto, nothing=1)
print(attribute.f, attribute.name)

# Lists

node.input.append("d")
node.input.insert(0, "first")
node.input[1] = "second"
node.input.remove("b")
print(list(node.input), len(node.input), node.input.pop(), node.input == ["first", "second"], "first" in node.input)
del node.input[:]
node.input.extend(["x", "y"])
print(node.input)
attempt(node.input.append, 3)
graph = GraphProto(name="g")
graph.node.append(node)
graph.node.extend([NodeProto(op_type="Relu"), NodeProto(op_type="Neg")])
graph.node.insert(0, NodeProto(op_type="Abs"))
node.op_type = "Changed"
print([part.op_type for part in graph.node])
graph.node.remove(graph.node[2])
graph.node.pop()
graph.node.add(op_type="Exp").input.append("z")
print([part.op_type for part in graph.node], graph.node[-1].input)
attempt(graph.node.__setitem__, 0, NodeProto())
graph.node.sort(key=lambda part: part.op_type)
print([part.op_type for part in graph.node], [part.op_type for part in reversed(graph.node)])

# Whole messages

other = GraphProto()
other.CopyFrom(graph)
print(other == graph, other is graph, copy.deepcopy(graph) == graph, copy.copy(graph) == graph, pickle.loads(pickle.dumps(graph)) == graph)
other.MergeFrom(graph)
print(len(other.node), other == graph, other != graph, graph == 3)
attempt(other.CopyFrom, NodeProto())
other.Clear()
print(other == GraphProto(), len(other.node), bool(other.node))
data = graph.SerializeToString()
print(GraphProto.FromString(data) == graph, GraphProto().ParseFromString(data) == len(data), graph.IsInitialized())
merged = GraphProto(name="kept")
merged.MergeFromString(NodeProto().SerializeToString())
print(merged)
attempt(ModelProto.FromString, b"no model")
attempt(ModelProto.FromString, "text")
print(ModelProto.FromString(b"") == ModelProto(), ModelProto.DESCRIPTOR.full_name, TypeProto.Tensor.DESCRIPTOR.full_name)

# Constants

print(TensorProto.DataType.Name(10), TensorProto.DataType.Value("BFLOAT16"), TensorProto.FLOAT16, AttributeProto.INTS, TensorProto.EXTERNAL)
print(AttributeProto.AttributeType.Name(2), TensorProto.DataType.keys()[:4], onnx.TensorProto.INT4, AttributeProto.AttributeType.items()[:2])
attempt(TensorProto.DataType.Name, 99)
attempt(TensorProto.DataType.Value, "NOTHING")

# Files

model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="test")
helper.set_model_props(model, {"key": "value"})
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.onnx")
    onnx.save(model, path)
    print(onnx.load(path) == model, onnx.load_model_from_string(model.SerializeToString()) == model)
    with open(path, "rb") as file:
        print(onnx.load(file) == model)
    buffer = io.BytesIO()
    onnx.save_model(model, buffer)
    buffer.seek(0)
    print(onnx.load_model(buffer) == model)
    attempt(onnx.load, os.path.join(folder, "nothing.onnx"))
    tensor = helper.make_tensor("t", TensorProto.INT8, [2], [1, -1])
    onnx.save_tensor(tensor, os.path.join(folder, "t.pb"))
    print(onnx.load_tensor(os.path.join(folder, "t.pb")) == tensor)
print(model)

# What nobody here looks at stays in a file

model.training_info.add().algorithm.name = "train"
model.configuration.add(name="two", num_devices=2, device=["a", "b"])
spec = model.graph.node[0].device_configurations.add(configuration_id="two").sharding_spec.add(tensor_name="t", device=[0, 1])
spec.sharded_dim.add(axis=1).simple_sharding.add(dim_param="n", num_shards=2)
spec.index_to_device_group_map.add(key=1, value=[2, 3])
model.graph.quantization_annotation.add(tensor_name="t").quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="s")
model.graph.initializer.append(TensorProto(name="t", dims=[1], data_type=1, segment=TensorProto.Segment(begin=1, end=2)))
model.graph.initializer[0].metadata_props.add(key="a", value="b")
model.graph.value_info.append(helper.make_value_info("m", helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(1, [2]))))
model.graph.value_info.add(name="o").type.opaque_type.name = "own"
model.graph.node[0].attribute.append(helper.make_attribute("types", [helper.make_tensor_type_proto(1, [2])]))
print(ModelProto.FromString(model.SerializeToString()) == model)
print(ModelProto.FromString(model.SerializeToString()))
