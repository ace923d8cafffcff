"""onnx.helper: messages made from plain values, and values taken out of them again."""

import collections.abc
import math
import numbers

from onnx import defs
from onnx._printed import (
    printable_attribute,
    printable_dim,
    printable_graph,
    printable_node,
    printable_tensor_proto,
    printable_type,
    printable_value_info,
)
from onnx._types import (
    OP_SET_ID_VERSION_MAP,
    VERSION_TABLE,
    create_op_set_id_version_map,
    find_min_ir_version_for,
    get_all_tensor_dtypes,
    np_dtype_to_tensor_dtype,
    tensor_dtype_to_field,
    tensor_dtype_to_np_dtype,
    tensor_dtype_to_storage_tensor_dtype,
    tensor_dtype_to_string,
)
from onnx.onnx_ml_pb2 import (
    IR_VERSION,
    AttributeProto,
    FunctionProto,
    GraphProto,
    ModelProto,
    NodeProto,
    OperatorSetIdProto,
    SparseTensorProto,
    StringStringEntryProto,
    TensorProto,
    TensorShapeProto,
    TrainingInfoProto,
    TypeProto,
    ValueInfoProto,
)


def make_node(op_type, inputs, outputs, name=None, doc_string=None, domain=None, overload=None, **kwargs):
    """A node; what is given by other names are its attributes, None for one that is not there."""
    node = NodeProto(op_type=op_type)
    node.input.extend(inputs)
    node.output.extend(outputs)
    _set(node, name=name, doc_string=doc_string, overload=overload)
    if domain is not None:
        node.domain = domain
    for key, value in sorted(kwargs.items()):
        if value is not None:
            node.attribute.append(make_attribute(key, value))
    return node


def make_operatorsetid(domain, version):
    return OperatorSetIdProto(domain=domain, version=version)


make_opsetid = make_operatorsetid


def _set(message, **texts):
    """Fields that are written only when they say something."""
    for name, value in texts.items():
        if value:
            setattr(message, name, value)


def make_graph(nodes, name, inputs, outputs, initializer=None, doc_string=None, value_info=None, sparse_initializer=None):
    graph = GraphProto()
    graph.node.extend(nodes)
    graph.name = name
    graph.input.extend(inputs)
    graph.output.extend(outputs)
    graph.initializer.extend(initializer or ())
    graph.sparse_initializer.extend(sparse_initializer or ())
    graph.value_info.extend(value_info or ())
    _set(graph, doc_string=doc_string)
    return graph


def make_function(
    domain, fname, inputs, outputs, nodes, opset_imports, attributes=None, attribute_protos=None, doc_string=None, overload=None,
    value_info=None,
):  # fmt: skip
    function = FunctionProto(domain=domain, name=fname)
    function.input.extend(inputs)
    function.output.extend(outputs)
    function.node.extend(nodes)
    function.opset_import.extend(opset_imports)
    function.attribute.extend(attributes or ())
    function.attribute_proto.extend(attribute_protos or ())
    function.value_info.extend(value_info or ())
    _set(function, doc_string=doc_string, overload=overload)
    return function


def make_model(graph, **kwargs):
    """A model around a graph: `opset_imports`, `functions`, and fields by their names."""
    model = ModelProto(ir_version=IR_VERSION)
    model.graph.CopyFrom(graph)
    imports = kwargs.pop("opset_imports", None)
    model.opset_import.extend(imports if imports is not None else [make_opsetid("", defs.onnx_opset_version())])
    model.functions.extend(kwargs.pop("functions", None) or ())
    for name, value in kwargs.items():
        if name == "metadata_props":
            set_model_props(model, value)
        else:
            setattr(model, name, value)
    return model


def make_model_gen_version(graph, **kwargs):
    """As make_model, with the lowest IR version that the operator sets ask for."""
    if "opset_imports" in kwargs and "ir_version" not in kwargs:
        kwargs["ir_version"] = find_min_ir_version_for(kwargs["opset_imports"])
    return make_model(graph, **kwargs)


def make_training_info(algorithm, algorithm_bindings, initialization, initialization_bindings):
    made = TrainingInfoProto()
    made.algorithm.CopyFrom(algorithm)
    for key, value in algorithm_bindings:
        made.update_binding.add(key=key, value=value)
    if initialization is not None:
        made.initialization.CopyFrom(initialization)
    for key, value in initialization_bindings or ():
        made.initialization_binding.add(key=key, value=value)
    return made


def set_metadata_props(proto, dict_value):
    del proto.metadata_props[:]
    for key, value in dict_value.items():
        proto.metadata_props.add(key=key, value=value)


set_model_props = set_metadata_props


# Tensors


def make_tensor(name, data_type, dims, vals, raw=False):
    """A tensor of these values: a flat list of numbers, an array, or with `raw` their bytes."""
    import numpy as np
    from onnx import numpy_helper

    if data_type == TensorProto.STRING and raw:
        raise TypeError("Can not use raw_data to store string type.")
    tensor = TensorProto(data_type=data_type, name=name)
    tensor.dims.extend(dims)
    count = math.prod(int(n) for n in tensor.dims)
    if raw:
        expected = numpy_helper.bytes_for(data_type, count)
        if expected is not None and len(vals) != expected:
            raise ValueError(f"Raw data size does not match tensor's size. Expected {expected} bytes, but got {len(vals)} bytes.")
        tensor.raw_data = bytes(vals)
        return tensor
    if data_type == TensorProto.STRING:
        values = np_free(vals)
        if len(values) != count:
            raise ValueError(f"Number of values does not match tensor's size. Expected {count}, but it is {len(values)}. ")
        tensor.string_data.extend([to_bytes(value) for value in values])
        return tensor
    if data_type in (TensorProto.COMPLEX64, TensorProto.COMPLEX128):
        array = np.asarray(vals, dtype=tensor_dtype_to_np_dtype(data_type)).reshape(-1)
        flat = [part for value in array.tolist() for part in (value.real, value.imag)]
        size = array.size
    else:
        flat = numpy_helper.stored_values(data_type, vals)
        size = numpy_helper.count_of(vals)
    if size != count:
        raise ValueError(f"Number of values ({size}) does not match tensor dimensions requiring {count} elements.")
    getattr(tensor, tensor_dtype_to_field(data_type)).extend(flat)
    return tensor


def np_free(values):
    """Any nest of values as a flat list."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (list, tuple)):
        return [item for value in values for item in np_free(value)]
    return [values]


def make_sparse_tensor(values, indices, dims):
    made = SparseTensorProto()
    made.values.CopyFrom(values)
    made.indices.CopyFrom(indices)
    made.dims.extend(dims)
    return made


def to_bytes(value):
    return value.encode() if isinstance(value, str) else value


# Attributes


def make_attribute(key, value, doc_string=None, attr_type=None):
    """An attribute; its type is seen from the value, or said where the value is an empty list."""
    made = AttributeProto(name=key)
    _set(made, doc_string=doc_string)
    kind = _kind_of(key, value, attr_type)
    made.type = kind
    field = _FIELDS[kind]
    if kind == AttributeProto.STRING:
        made.s = to_bytes(value)
    elif kind == AttributeProto.STRINGS:
        made.strings.extend([to_bytes(item) for item in value])
    elif kind in (AttributeProto.FLOAT, AttributeProto.INT):
        setattr(made, field, int(value) if kind == AttributeProto.INT else float(value))
    elif isinstance(value, collections.abc.Iterable):
        getattr(made, field).extend(value)
    else:
        getattr(made, field).CopyFrom(value)
    if attr_type is not None and made.type != attr_type:
        raise TypeError(f"Inferred attribute type {_word(made.type)!r}({made.type}) mismatched with specified type {_word(attr_type)!r}({attr_type})")
    return made


_FIELDS = {
    AttributeProto.FLOAT: "f", AttributeProto.INT: "i", AttributeProto.STRING: "s", AttributeProto.TENSOR: "t", AttributeProto.GRAPH: "g",
    AttributeProto.SPARSE_TENSOR: "sparse_tensor", AttributeProto.TYPE_PROTO: "tp", AttributeProto.FLOATS: "floats",
    AttributeProto.INTS: "ints", AttributeProto.STRINGS: "strings", AttributeProto.TENSORS: "tensors", AttributeProto.GRAPHS: "graphs",
    AttributeProto.SPARSE_TENSORS: "sparse_tensors", AttributeProto.TYPE_PROTOS: "type_protos",
}  # fmt: skip
_OF_MESSAGE = {
    TensorProto: AttributeProto.TENSOR, SparseTensorProto: AttributeProto.SPARSE_TENSOR, GraphProto: AttributeProto.GRAPH,
    TypeProto: AttributeProto.TYPE_PROTO,
}  # fmt: skip
_LISTS = {
    AttributeProto.TENSOR: AttributeProto.TENSORS, AttributeProto.SPARSE_TENSOR: AttributeProto.SPARSE_TENSORS,
    AttributeProto.GRAPH: AttributeProto.GRAPHS, AttributeProto.TYPE_PROTO: AttributeProto.TYPE_PROTOS,
}  # fmt: skip
_word = AttributeProto.AttributeType.Name


def _kind_of(key, value, wanted):
    # Bytes and texts are sequences too.
    if isinstance(value, numbers.Integral):
        return AttributeProto.INT
    if isinstance(value, numbers.Real) or (hasattr(value, "__float__") and not hasattr(value, "__len__")):
        return AttributeProto.INT if hasattr(value, "__index__") else AttributeProto.FLOAT
    if isinstance(value, (str, bytes)):
        return AttributeProto.STRING
    if type(value) in _OF_MESSAGE:
        return _OF_MESSAGE[type(value)]
    if not isinstance(value, collections.abc.Iterable):
        raise TypeError(f"'{value}' is not an accepted attribute value.")
    items = list(value)
    if not items:
        if wanted is None:
            raise ValueError(f"Could not infer attribute `{key}` type from empty iterator")
        return wanted
    if all(isinstance(item, numbers.Integral) or hasattr(item, "__index__") for item in items):
        return AttributeProto.FLOATS if wanted == AttributeProto.FLOATS else AttributeProto.INTS
    if all(isinstance(item, numbers.Real) or hasattr(item, "__float__") for item in items):
        return AttributeProto.FLOATS
    if all(isinstance(item, (str, bytes)) for item in items):
        return AttributeProto.STRINGS
    kinds = {_OF_MESSAGE.get(type(item)) for item in items}
    if len(kinds) == 1 and None not in kinds:
        return _LISTS[kinds.pop()]
    there = sorted({type(item).__name__ for item in items})
    raise ValueError(f"Could not infer the attribute type from the elements of the passed Iterable value: {there}")


def make_attribute_ref_name(attr, name):
    made = AttributeProto()
    made.CopyFrom(attr)
    for field in _FIELDS.values():
        made.ClearField(field)
    made.ref_attr_name = name
    return made


def get_attribute_value(attr):
    """What an attribute holds, as a plain value or a list of them."""
    if attr.ref_attr_name:
        raise ValueError(f"Cannot get value of reference attribute: {attr}")
    if attr.type not in _FIELDS:
        raise ValueError(f"Unsupported ONNX attribute: {attr}")
    value = getattr(attr, _FIELDS[attr.type])
    return list(value) if isinstance(value, list) else value


def get_node_attr_value(node, attr_name):
    found = [attr for attr in node.attribute if attr.name == attr_name]
    if len(found) != 1:
        several = "Node has multiple attributes" if found else "Node has no attribute"
        raise ValueError(f"{several} with name {attr_name}")
    return get_attribute_value(found[0])


# Types of values


def make_tensor_type_proto(elem_type, shape, shape_denotation=None):
    """Sizes are numbers, names or None; a shape of None is not known at all."""
    made = TypeProto()
    _type_into(made.tensor_type, elem_type, shape, shape_denotation)
    return made


def make_sparse_tensor_type_proto(elem_type, shape, shape_denotation=None):
    made = TypeProto()
    _type_into(made.sparse_tensor_type, elem_type, shape, shape_denotation)
    return made


def _type_into(place, elem_type, shape, denotation):
    place.elem_type = elem_type
    if shape is None:
        return
    # A shape without sizes is that of a single number, and is there.
    place.shape.SetInParent()
    if denotation and len(denotation) != len(shape):
        raise ValueError("Invalid shape_denotation. Must be of the same length as shape.")
    for i, size in enumerate(shape):
        dim = place.shape.dim.add()
        if size is None:
            pass
        elif isinstance(size, str):
            dim.dim_param = size
        elif hasattr(size, "__index__"):
            dim.dim_value = size
        else:
            raise ValueError(f"Invalid item in shape: {size}. Needs to be of int or str.")
        if denotation:
            dim.denotation = denotation[i]


def make_sequence_type_proto(inner_type_proto):
    made = TypeProto()
    made.sequence_type.elem_type.CopyFrom(inner_type_proto)
    return made


def make_optional_type_proto(inner_type_proto):
    made = TypeProto()
    made.optional_type.elem_type.CopyFrom(inner_type_proto)
    return made


def make_map_type_proto(key_type, value_type):
    made = TypeProto()
    made.map_type.key_type = key_type
    made.map_type.value_type.CopyFrom(value_type)
    return made


def make_value_info(name, type_proto, doc_string=""):
    made = ValueInfoProto(name=name)
    if type_proto is not None:
        made.type.CopyFrom(type_proto)
    _set(made, doc_string=doc_string)
    return made


def make_empty_tensor_value_info(name):
    return make_value_info(name, None)


def make_tensor_value_info(name, elem_type, shape, doc_string="", shape_denotation=None):
    return make_value_info(name, make_tensor_type_proto(elem_type, shape, shape_denotation), doc_string)


def make_sparse_tensor_value_info(name, elem_type, shape, doc_string="", shape_denotation=None):
    return make_value_info(name, make_sparse_tensor_type_proto(elem_type, shape, shape_denotation), doc_string)


def make_tensor_sequence_value_info(name, elem_type, shape, doc_string="", elem_shape_denotation=None):
    inner = make_tensor_type_proto(elem_type, shape, elem_shape_denotation)
    return make_value_info(name, make_sequence_type_proto(inner), doc_string)


def strip_doc_string(proto):
    """Takes every doc_string out of a message and what it holds."""
    for field, value in proto.ListFields():
        if field.name == "doc_string":
            proto.ClearField("doc_string")
        elif field.message:
            for part in value if field.is_repeated else (value,):
                strip_doc_string(part)
