"""onnx.checker: is a model well formed? Names, order, tensors, and nodes against the figures of onnx.defs. Shapes are looked at with
full_check alone, by shape_inference."""

import math
import os

from onnx import defs
from onnx._enums import AttributeType, DataType
from onnx._types import tensor_dtype_to_field, tensor_dtype_to_string
from onnx.onnx_ml_pb2 import (
    IR_VERSION,
    AttributeProto,
    FunctionProto,
    GraphProto,
    ModelProto,
    NodeProto,
    SparseTensorProto,
    TensorProto,
    ValueInfoProto,
)

MAXIMUM_PROTOBUF = 2147483648


class ValidationError(Exception):
    """What is wrong with a model: one sentence, and where."""


class CheckerContext:
    """What nodes are held against."""

    def __init__(self):
        self.ir_version = IR_VERSION
        self.opset_imports = {"": defs.onnx_opset_version()}
        self.check_custom_domain = False
        # Where data of their own files are looked for; None: they are not.
        self.folder = None
        self.functions = set()


class LexicalScopeContext:
    """Names that can be read: those of a graph, and of those around it."""

    def __init__(self, outer=None):
        self.outer = outer
        self.names = set()

    def has(self, name):
        return name in self.names or (self.outer is not None and self.outer.has(name))


DEFAULT_CONTEXT = CheckerContext()
LEXICAL_SCOPE_CONTEXT = LexicalScopeContext()


def check_model(model, full_check=False, skip_opset_compatibility_check=False, check_custom_domain=False):
    """Raises ValidationError where a model, or the file at a path, is not well formed."""
    folder = None
    if isinstance(model, (str, os.PathLike)):
        import onnx

        path, folder = os.fspath(model), os.path.dirname(os.path.abspath(os.fspath(model)))
        if not os.path.isfile(path):
            raise ValidationError(f"Unable to open proto file: {path}. Please check if it is a valid proto. ")
        model = onnx.load_model(path, load_external_data=False)
    elif isinstance(model, bytes):
        model = ModelProto.FromString(model)
    _require(model, ModelProto)
    if not model.ir_version:
        raise ValidationError("The model does not have an ir_version set properly.")
    if model.ir_version > IR_VERSION:
        raise ValidationError(f"Your model ir_version {model.ir_version} is higher than the checker's ({IR_VERSION}).")
    keys = [entry.key for entry in model.metadata_props]
    if len(keys) != len(set(keys)):
        raise ValidationError("Your model has duplicate keys in metadata_props.")
    ctx = CheckerContext()
    ctx.ir_version, ctx.check_custom_domain, ctx.folder = model.ir_version, check_custom_domain, folder
    ctx.opset_imports = {"" if item.domain == "ai.onnx" else item.domain: item.version for item in model.opset_import}
    if model.ir_version >= 3 and "" not in ctx.opset_imports and not (ctx.opset_imports and model.ir_version >= 8):
        raise ValidationError("model with IR version >= 3 must specify opset_import for ONNX")
    ctx.functions = {(function.domain, function.name) for function in model.functions}
    check_graph(model.graph, ctx, LexicalScopeContext())
    for function in model.functions:
        check_function(function, ctx, LexicalScopeContext())
    if full_check:
        from onnx import shape_inference

        shape_inference.infer_shapes(model, check_type=True, strict_mode=True)


def check_graph(graph, ctx=DEFAULT_CONTEXT, lex_ctx=LEXICAL_SCOPE_CONTEXT):
    _require(graph, GraphProto)
    _nonempty(graph, "name", "graph")
    # What a branch gives is known from what it computes.
    if not lex_ctx.names and lex_ctx.outer is None:
        for item in (*graph.input, *graph.output):
            check_value_info(item, ctx)
    scope = LexicalScopeContext(lex_ctx)
    for item in graph.input:
        if item.name in scope.names:
            raise ValidationError(
                f"Graph must be in single static assignment (SSA) form, however '{item.name}' has been used as graph input names multiple times."
            )
        scope.names.add(item.name)
    given = set(scope.names)
    seen = set()
    for tensor in graph.initializer:
        if not tensor.name:
            raise ValidationError("Field 'name' of 'init' is required but missing.")
        if tensor.name in seen:
            raise ValidationError(f"{tensor.name} initializer name is not unique")
        seen.add(tensor.name)
        check_tensor(tensor, ctx)
        if ctx.ir_version <= 3 and tensor.name not in given:
            raise ValidationError(f"{tensor.name} in initializer but not in graph input")
        scope.names.add(tensor.name)
    for sparse in graph.sparse_initializer:
        check_sparse_tensor(sparse, ctx)
        scope.names.add(sparse.values.name)
    for node in graph.node:
        for name in node.input:
            if name and not scope.has(name):
                raise ValidationError(
                    f"Nodes in a graph must be topologically sorted, however input '{name}' of node: \nname: {node.name} OpType: "
                    f"{node.op_type}\n is not output of any previous nodes."
                )
        check_node(node, ctx, scope)
        for name in node.output:
            if not name:
                continue
            if name in scope.names:
                raise ValidationError(
                    f"Graph must be in single static assignment (SSA) form, however '{name}' has been used as output names multiple times."
                )
            scope.names.add(name)
    for item in graph.output:
        if not scope.has(item.name):
            raise ValidationError(f"Graph output '{item.name}' is not an output of any node in graph.")


def check_function(function, ctx=DEFAULT_CONTEXT, lex_ctx=LEXICAL_SCOPE_CONTEXT):
    _require(function, FunctionProto)
    _nonempty(function, "name", "function")
    own = CheckerContext()
    vars(own).update(vars(ctx))
    own.opset_imports = {"" if item.domain == "ai.onnx" else item.domain: item.version for item in function.opset_import} or ctx.opset_imports
    scope = LexicalScopeContext(lex_ctx)
    for name in function.input:
        if name in scope.names:
            raise ValidationError(f"function ({function.name}) should not have duplicate inputs specified.")
        scope.names.add(name)
    for node in function.node:
        for name in node.input:
            if name and not scope.has(name):
                raise ValidationError(
                    f"Nodes in a function must be topologically sorted, however input '{name}' of node: \nName: {node.name} OpType: "
                    f"{node.op_type}\n is neither output of any previous nodes nor input of the function."
                )
        check_node(node, own, scope)
        scope.names.update(filter(None, node.output))


def check_node(node, ctx=DEFAULT_CONTEXT, lex_ctx=LEXICAL_SCOPE_CONTEXT):
    _require(node, NodeProto)
    try:
        _node(node, ctx, lex_ctx)
    except ValidationError as error:
        text = str(error)
        if "==> Context: Bad node spec" in text:
            raise
        raise ValidationError(f"{text}\n\n==> Context: Bad node spec for node. Name: {node.name} OpType: {node.op_type}") from None


def _node(node, ctx, lex_ctx):
    _nonempty(node, "op_type", "node")
    if not node.input and not node.output:
        raise ValidationError(f"NodeProto (name: {node.name}, type: {node.op_type}) has zero input and zero output.")
    for attribute in node.attribute:
        check_attribute(attribute, ctx, lex_ctx)
    domain = "" if node.domain == "ai.onnx" else node.domain
    version = ctx.opset_imports.get(domain)
    if version is None:
        if domain == "" or ctx.ir_version >= 3:
            raise ValidationError(f"No opset import for domain '{domain}'")
        version = 1
    if (node.domain, node.op_type) in ctx.functions:
        return
    schema = defs._find(node.op_type, version, domain)
    if schema is None:
        if domain in ("", "ai.onnx.ml", "ai.onnx.preview.training") or ctx.check_custom_domain:
            raise ValidationError(f"No Op registered for {node.op_type} with domain_version of {version}")
        return
    if schema.deprecated:
        raise ValidationError(f"Op registered for {node.op_type} is deprecated in domain_version of {version}")
    _counts(node, schema, "input", len(node.input), schema.min_input, schema.max_input)
    _counts(node, schema, "output", len(node.output), schema.min_output, schema.max_output)
    given = set()
    for attribute in node.attribute:
        if attribute.name in given:
            raise ValidationError(f"Attribute '{attribute.name}' appeared multiple times.")
        given.add(attribute.name)
        known = schema.attributes.get(attribute.name)
        if known is None:
            # Notes that frameworks leave.
            if attribute.name.startswith("__"):
                continue
            raise ValidationError(f"Unrecognized attribute: {attribute.name} for operator {node.op_type}")
        if not attribute.ref_attr_name and attribute.type != known.type:
            raise ValidationError(
                f"Mismatched attribute type in '{node.name} : {attribute.name}'. Expected: '{AttributeType.Name(known.type)}', actual: "
                f"'{AttributeType.Name(attribute.type)}'"
            )
    for name, known in schema.attributes.items():
        if known.required and name not in given:
            raise ValidationError(f"Required attribute '{name}' is missing.")


def _counts(node, schema, what, n, least, most):
    if not least <= n <= most:
        raise ValidationError(
            f"Node with schema({schema.domain}::{schema.name}:{schema.since_version}) has {what} size {n} not in range [min={least}, max={most}]."
        )


# Fields that hold what an attribute is, by its type.
_HELD = {
    AttributeProto.FLOAT: "f", AttributeProto.INT: "i", AttributeProto.STRING: "s", AttributeProto.TENSOR: "t", AttributeProto.GRAPH: "g",
    AttributeProto.SPARSE_TENSOR: "sparse_tensor", AttributeProto.TYPE_PROTO: "tp", AttributeProto.FLOATS: "floats",
    AttributeProto.INTS: "ints", AttributeProto.STRINGS: "strings", AttributeProto.TENSORS: "tensors", AttributeProto.GRAPHS: "graphs",
    AttributeProto.SPARSE_TENSORS: "sparse_tensors", AttributeProto.TYPE_PROTOS: "type_protos",
}  # fmt: skip


def check_attribute(attr, ctx=DEFAULT_CONTEXT, lex_ctx=LEXICAL_SCOPE_CONTEXT):
    _require(attr, AttributeProto)
    _nonempty(attr, "name", "attr")
    if ctx.ir_version >= 2 and not attr.HasField("type"):
        raise ValidationError("Field 'type' of 'attr' is required but missing.")
    used = [kind for kind, field in _HELD.items() if _is_used(attr, field)]
    if attr.ref_attr_name:
        if used:
            raise ValidationError(f"Attribute proto {attr.name} should not have value fields when it refers to another attribute")
        return
    if len(used) > 1 or (used and used[0] != attr.type) or (not used and attr.type < AttributeProto.FLOATS):
        raise ValidationError(f"type field and data field mismatch in attribute {attr.name}.")
    for tensor in [attr.t] if attr.HasField("t") else attr.tensors:
        check_tensor(tensor, ctx)
    for sparse in [attr.sparse_tensor] if attr.HasField("sparse_tensor") else attr.sparse_tensors:
        check_sparse_tensor(sparse, ctx)
    for graph in [attr.g] if attr.HasField("g") else attr.graphs:
        check_graph(graph, ctx, lex_ctx)


def _is_used(attr, field):
    value = attr._values.get(field)
    return bool(value) if isinstance(value, list) else value is not None


def check_tensor(tensor, ctx=DEFAULT_CONTEXT):
    _require(tensor, TensorProto)
    where = f"TensorProto (tensor name: {tensor.name})"
    if tensor.data_type == TensorProto.UNDEFINED:
        raise ValidationError(f"setting data_type field (tensor name: {tensor.name}) to UNDEFINED is not allowed")
    if tensor.data_type not in DataType.values():
        raise ValidationError(f"Unrecognized data_type (tensor name: {tensor.name}): {tensor.data_type}")
    if any(n < 0 for n in tensor.dims):
        raise ValidationError(f"{where} has a negative dimension: {list(tensor.dims)}")
    count = math.prod(tensor.dims)
    lists = [name for name in ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data") if getattr(tensor, name)]
    held = lists + (["raw_data"] if tensor.HasField("raw_data") else [])
    if tensor.HasField("data_location") and tensor.data_location == TensorProto.EXTERNAL:
        if held:
            raise ValidationError(f"Data of {where} is stored externally and should not have data field: {held[0]}")
        _external(tensor, ctx)
        return
    if count == 0:
        if held and not (held == ["raw_data"] and not tensor.raw_data):
            raise ValidationError(f"{where} is 0-element but contains data!")
        return
    if len(held) != 1:
        raise ValidationError(f"{where} should contain one and only one value field.")
    word = tensor_dtype_to_string(tensor.data_type).removeprefix("TensorProto.")
    if held == ["raw_data"]:
        if tensor.data_type == TensorProto.STRING:
            raise ValidationError(f"STRING data (tensor name: {tensor.name}) should not be stored in raw_data field")
        from onnx.numpy_helper import bytes_for

        needed, there = bytes_for(tensor.data_type, count), len(tensor.raw_data)
        if there != needed:
            raise ValidationError(
                f"{where} raw_data size ({there} bytes) is too {'small' if there < needed else 'large'} for the declared shape and type "
                f"({needed} bytes required)."
            )
        return
    field = tensor_dtype_to_field(tensor.data_type)
    if held != [field]:
        raise ValidationError(f"values of data_type '{tensor.data_type}' should be stored in field '{field}' instead of '{held[0]}'")
    needed = 2 * count if word.startswith("COMPLEX") else (count + 1) // 2 if word in ("INT4", "UINT4", "FLOAT4E2M1") else count
    if word in ("INT2", "UINT2"):
        needed = (count + 3) // 4
    if len(getattr(tensor, field)) < needed:
        kind = field.removesuffix("_data")
        raise ValidationError(
            f"{where} {field} size ({len(getattr(tensor, field))}) is too small for the declared shape ({needed} {kind} values required)."
        )


def _external(tensor, ctx):
    from onnx import external_data_helper

    info = external_data_helper.ExternalDataInfo(tensor)
    if not info.location:
        raise ValidationError(f"TensorProto (tensor name: {tensor.name}) is stored externally but doesn't have a location.")
    if ctx.folder is not None:
        external_data_helper._place(ctx.folder, info.location, tensor.name, True)


def check_sparse_tensor(sparse, ctx=DEFAULT_CONTEXT):
    _require(sparse, SparseTensorProto)
    check_tensor(sparse.values, ctx)
    if len(sparse.values.dims) != 1:
        raise ValidationError("Sparse tensor values must have rank 1.")
    if not sparse.dims:
        raise ValidationError("Sparse tensor must have a dense-rank > 0")
    if any(n <= 0 for n in sparse.dims):
        raise ValidationError("Sparse tensor dimensions are not positive.")
    if sparse.values.dims[0]:
        check_tensor(sparse.indices, ctx)
        if sparse.indices.data_type != TensorProto.INT64:
            raise ValidationError(f"Sparse tensor indices ({sparse.indices.name}) must have INT64 type.")


def check_value_info(value_info, ctx=DEFAULT_CONTEXT):
    _require(value_info, ValueInfoProto)
    _nonempty(value_info, "name", "value_info")
    if not value_info.HasField("type"):
        raise ValidationError("Field 'type' of 'value_info' is required but missing.")
    kind = value_info.type.WhichOneof("value")
    if kind is None:
        raise ValidationError(f"Unrecognized type value case (value_info name: {value_info.name}): 0")
    part = getattr(value_info.type, kind)
    for name in ("elem_type", "key_type", "value_type"):
        if name in type(part).DESCRIPTOR.fields_by_name and not part.HasField(name):
            raise ValidationError(f"Field '{name}' of '{kind}' is required but missing.")
    if kind in ("tensor_type", "sparse_tensor_type") and not part.HasField("shape"):
        raise ValidationError("Field 'shape' of 'type' is required but missing.")


def _nonempty(message, field, what):
    if not getattr(message, field):
        raise ValidationError(f"Field '{field}' of '{what}' is required to be non-empty.")


def _require(message, kind):
    if not isinstance(message, kind):
        raise TypeError(f"'{message}' is not an instance of {kind.__name__}")
