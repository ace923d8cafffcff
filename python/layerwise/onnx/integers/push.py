"""Operators that only move numbers move codes instead: what turns codes into real numbers goes behind them, and where codes of the same
meaning are made again nothing is left to do. Exact, whatever the numbers are."""

from layerwise.onnx.file import Node
from layerwise.onnx.integers.view import is_plain

_MOVING = (
    "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Slice", "Split", "DepthToSpace", "SpaceToDepth", "MaxPool",
    "Gather",
)


def push_down(view):
    # {name of real numbers: (name of their codes, Scale, the node that turned them)}
    real_from = {}
    same = {}
    nodes = []
    for node in view.graph.nodes:
        node.inputs = [same.get(name, name) for name in node.inputs]
        origin = real_from.get(node.inputs[0]) if node.inputs else None
        if is_plain(node, "DequantizeLinear"):
            scale = view.scale_of(node)
            is_table = node.inputs[0] in view.graph.initializers
            if scale is not None and node.get("output_dtype", 0) in (0, 1) and (not is_table or _is_looked_up(view, node)):
                real_from[node.outputs[0]] = node.inputs[0], scale, node
        elif origin is not None and is_plain(node, *_MOVING) and (len(node.outputs) == 1 or is_plain(node, "Split")):
            nodes.extend(_moved(node, origin, real_from, view))
            continue
        elif origin is not None and is_plain(node, "QuantizeLinear") and _is_inside(view, node.outputs[0]):
            scale = view.scale_of(node)
            if scale is not None and scale == origin[1]:
                same[node.outputs[0]] = origin[0]
                continue
        nodes.append(node)
    view.graph.nodes = nodes


def _is_looked_up(view, node):
    """Weights stay where they are, but for tables whose rows are picked."""
    return all(is_plain(reader, "Gather") and position == 0 for reader, position in view.uses.get(node.outputs[0], ()))


def _is_inside(view, name):
    return name not in view.outputs and all(reader in view.own and position >= 0 for reader, position in view.uses.get(name, ()))


def _moved(node, origin, real_from, view):
    codes, scale, turning = origin
    inside = [f"{name}::codes" if name else "" for name in node.outputs]
    yield _like(node, [codes, *node.inputs[1:]], inside)
    for name, outer in zip(inside, node.outputs):
        if not name:
            continue
        view.code_types[name] = scale.dtype
        again = _like(turning, [name, *turning.inputs[1:]], [outer])
        real_from[outer] = name, scale, again
        yield again


def _like(node, inputs, outputs):
    return Node(node.operator, node.name, inputs, outputs, node.attributes, node.source)
