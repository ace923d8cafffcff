"""Graphs as people read them: one line a node, sizes joined by x. The form is that of onnx.helper.printable_graph."""

from onnx.onnx_ml_pb2 import TensorProto

_word = TensorProto.DataType.Name


def printable_dim(dim):
    which = dim.WhichOneof("value")
    return "?" if which is None else str(getattr(dim, which))


def printable_type(t):
    kind = t.WhichOneof("value")
    if kind is None:
        return ""
    if kind != "tensor_type":
        return f"Unknown type {kind}"
    text = _word(t.tensor_type.elem_type)
    if not t.tensor_type.HasField("shape"):
        return text
    return f"{text}, {'x'.join([printable_dim(dim) for dim in t.tensor_type.shape.dim]) or 'scalar'}"


def printable_value_info(v):
    return f"%{v.name}" + (f"[{printable_type(v.type)}]" if v.type else "")


def printable_tensor_proto(t):
    return f"%{t.name}[{_word(t.data_type)}, {'x'.join([str(n) for n in t.dims]) or 'scalar'}]"


def _real(value):
    return f"{value:.15g}"


def _text(value):
    return value.decode("ascii", errors="ignore") if isinstance(value, bytes) else value


def _tensor(tensor):
    from onnx._types import tensor_dtype_to_field

    return "<Tensor>" if tensor.dims else f"<Scalar Tensor {list(getattr(tensor, tensor_dtype_to_field(tensor.data_type)))}>"


# How each field of an attribute is shown, in the order in which they are looked for.
_SINGLE = {
    "f": _real,
    "i": str,
    "s": lambda value: repr(_text(value)),
    "t": _tensor,
    "g": lambda graph: f"<graph {graph.name}>",
    "tp": lambda kind: f"<Type Proto {kind}>",
    "sparse_tensor": lambda _: "<Sparse Tensor>",
}
_SEVERAL = {
    "floats": lambda values: f"[{', '.join(map(_real, values))}]",
    "ints": lambda values: f"[{', '.join(map(str, values))}]",
    "strings": lambda values: str([_text(value) for value in values]),
    "tensors": lambda _: "[<Tensor>, ...]",
    "sparse_tensors": lambda _: "[<Sparse Tensor>, ...]",
    "type_protos": lambda kinds: f"[ {', '.join([f'<Type Proto {kind}>' for kind in kinds])} ]",
    "graphs": lambda graphs: f"[ {', '.join([f'<graph {graph.name}>' for graph in graphs])} ]",
}


def printable_attribute(attr, subgraphs=False):
    shown = "<Unknown>"
    for name, show in (*_SINGLE.items(), *_SEVERAL.items()):
        if attr.HasField(name) if name in _SINGLE else getattr(attr, name):
            shown = show(getattr(attr, name))
            break
    text = f"{attr.name} = {shown}"
    inner = [attr.g] if attr.HasField("g") else list(attr.graphs)
    return (text, inner) if subgraphs else text


def printable_node(node, prefix="", subgraphs=False):
    texts, inner = [], []
    for attr in node.attribute:
        text, graphs = printable_attribute(attr, True)
        texts.append(text)
        inner += graphs
    given = ", ".join([f"%{name}" for name in node.input])
    made = ", ".join([f"%{name}" for name in node.output])
    attributes = f"[{', '.join(texts)}]" if texts else ""
    line = f"{prefix}{made + ' = ' if made else ''}{node.op_type}{attributes}({given})"
    return (line, inner) if subgraphs else line


def printable_graph(graph, prefix=""):
    inside = prefix + "  "
    held = {tensor.name for tensor in graph.initializer}
    named = {item.name for item in graph.input}
    groups = [
        ("", [printable_value_info(item) for item in graph.input if item.name not in held]),
        ("optional inputs with matching initializers ", [printable_value_info(item) for item in graph.input if item.name in held]),
        ("initializers ", [printable_tensor_proto(tensor) for tensor in graph.initializer if tensor.name not in named]),
    ]
    head, lines = f"graph {graph.name}", []
    if graph.input:
        head += " "
        for title, rows in groups:
            # Without inputs of a caller's own, the brackets around them stay.
            if not rows and not title:
                head += "( ) "
            if rows:
                lines.append(f"{prefix}{head}{title}(")
                lines += [inside + row for row in rows]
                head = ") "
        head = head.rstrip()
    inner = []
    lines.append(f"{prefix}{head} {{")
    for node in graph.node:
        line, graphs = printable_node(node, inside, True)
        lines.append(line)
        inner += graphs
    results = ", ".join([f"%{item.name}" for item in graph.output])
    lines.append(f"{inside}return {results}".rstrip())
    lines.append(f"{prefix}}}")
    return "\n".join([*lines, *["\n" + printable_graph(part) for part in inner]])
