"""onnx.shape_inference: ONNX's own inference, which is a part of ONNX Runtime: a model is opened there without any rewriting, with every
value among its outputs, and what it then says of them is taken over. What ONNX Runtime cannot open has no shapes here, and that is said."""

import os

from onnx import helper
from onnx.onnx_ml_pb2 import ModelProto


class InferenceError(Exception):
    """Shapes or types of a model contradict each other."""


def infer_shapes(model, check_type=False, strict_mode=False, data_prop=False):
    """A copy of a model that also says the types and shapes of the values inside of its graph."""
    if isinstance(model, bytes):
        model = ModelProto.FromString(model)
    if isinstance(model, str):
        raise TypeError("infer_shapes only accepts ModelProto or bytes,you can use infer_shapes_path for the model path (String).")
    if not isinstance(model, ModelProto):
        raise TypeError(f"infer_shapes only accepts ModelProto or bytes, incorrect type: {type(model)}")
    return _inferred(model, None, strict_mode)


def infer_shapes_path(model_path, output_path="", check_type=False, strict_mode=False, data_prop=False):
    """The same for a file, whose data may lie beside it; written over it unless another path is given."""
    import onnx

    model = onnx.load_model(model_path, load_external_data=False)
    made = _inferred(model, os.path.dirname(os.path.abspath(model_path)), strict_mode)
    onnx.save_model(made, output_path or model_path)


def _inferred(model, folder, is_strict):
    made = ModelProto()
    made.CopyFrom(model)
    found = _types(made, folder)
    known = {item.name: item for item in made.graph.value_info}
    outputs = {item.name: item for item in made.graph.output}
    for node in made.graph.node:
        for name in node.output:
            inferred = _constant(node) or found.get(name)
            if not name or inferred is None:
                continue
            place = outputs.get(name) or known.get(name)
            if place is None:
                place = known[name] = made.graph.value_info.add(name=name)
            try:
                _merge(place, inferred.type)
            except InferenceError as error:
                if is_strict:
                    raise InferenceError(f"[ShapeInferenceError] Inference error(s): (op_type:{node.op_type}): {error}") from None
    return made


def _merge(place, inferred):
    """Add what was inferred to what a value is said to be; where both say something, it must be the same."""
    if not place.HasField("type") or place.type.WhichOneof("value") is None:
        place.type.CopyFrom(inferred)
        return
    if place.type.WhichOneof("value") != "tensor_type":
        return
    mine, other = place.type.tensor_type, inferred.tensor_type
    if not mine.elem_type:
        mine.elem_type = other.elem_type
    elif mine.elem_type != other.elem_type:
        raise InferenceError(
            f"[TypeInferenceError] Inferred elem type differs from existing elem type: ({other.elem_type}) vs ({mine.elem_type})"
        )
    if not other.HasField("shape"):
        return
    if not mine.HasField("shape"):
        mine.shape.CopyFrom(other.shape)
        return
    sizes, others = mine.shape.dim, other.shape.dim
    if len(sizes) != len(others):
        raise InferenceError(f"[ShapeInferenceError] Inferred shape and existing shape differ in rank: ({len(others)}) vs ({len(sizes)})")
    for i, (size, new) in enumerate(zip(sizes, others)):
        both = size.HasField("dim_value") and new.HasField("dim_value")
        if both and size.dim_value != new.dim_value:
            raise InferenceError(
                f"[ShapeInferenceError] Inferred shape and existing shape differ in dimension {i}: ({new.dim_value}) vs ({size.dim_value})"
            )
        if new.HasField("dim_value") or size.WhichOneof("value") is None:
            size.MergeFrom(new)


def _types(model, folder):
    """What ONNX Runtime infers of each value that a node makes."""
    opened = ModelProto()
    opened.CopyFrom(model)
    graph = opened.graph
    del graph.output[:]
    for node in graph.node:
        if not _constant(node):
            for name in filter(None, node.output):
                graph.output.add(name=name)
    found = _outputs(opened, folder)
    # A number and a value of unknown rank look the same: Shape of one has no elements, of the other nobody knows how many.
    open_names = [name for name, (kind, sizes) in found.items() if kind and not sizes]
    ranks = {}
    if open_names:
        for i, name in enumerate(open_names):
            graph.node.append(helper.make_node("Shape", [name], [f"{_RANK}{i}"]))
            graph.output.add(name=f"{_RANK}{i}")
        shapes = _outputs(opened, folder)
        ranks = {name: shapes[f"{_RANK}{i}"][1] == [0] for i, name in enumerate(open_names)}
    return {
        name: helper.make_tensor_value_info(name, kind, sizes if sizes or ranks[name] else None)
        for name, (kind, sizes) in found.items()
        if kind
    }


_RANK = "layerwise.rank."


def _outputs(model, folder):
    from onnxruntime._session import output_types
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    if not model.graph.output:
        return {}
    try:
        return output_types(model.SerializeToString(), folder)
    except (errors.Fail, errors.InvalidGraph, errors.InvalidArgument, errors.NotImplemented, errors.InvalidProtobuf) as error:
        raise InferenceError(f"[ShapeInferenceError] {error}") from None


def _constant(node):
    """What a node that holds a tensor gives; ONNX Runtime makes initializers of such nodes."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx") or not node.attribute:
        return None
    attribute = node.attribute[0]
    if attribute.name == "value":
        return helper.make_tensor_value_info(node.output[0], attribute.t.data_type, list(attribute.t.dims))
    kinds = {"value_float": (1, []), "value_int": (7, []), "value_string": (8, [])}
    if attribute.name in kinds:
        return helper.make_tensor_value_info(node.output[0], *kinds[attribute.name])
    lists = {"value_floats": (1, attribute.floats), "value_ints": (7, attribute.ints), "value_strings": (8, attribute.strings)}
    if attribute.name in lists:
        kind, values = lists[attribute.name]
        return helper.make_tensor_value_info(node.output[0], kind, [len(values)])
    return None
