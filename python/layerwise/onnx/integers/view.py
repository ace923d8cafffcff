"""A graph as patterns are looked for in it: who makes a value, who reads it, what is known of it. Notes what nodes are replaced by."""

import torch

from layerwise.onnx.file import Node, Operator
from layerwise.onnx.values import number
from layerwise.quantizing.flow.steps import Scale

_ENDS = {torch.uint8: (0, 255), torch.int8: (-128, 127)}
# Numbers of these types in a file.
_BYTE_TYPES = {2: torch.uint8, 3: torch.int8}


def is_plain(node, *ops):
    """One of these operators of ONNX itself."""
    return node.operator.domain == "" and node.operator.op in ops


def is_own(node, *ops):
    """One of these operators of ONNX Runtime's."""
    return node.operator.domain == "com.microsoft" and node.operator.op in ops


def made_node(like, op, inputs, outputs, step=None):
    """A node that stands where another stood and does what `step` does, a function of tensors; without one a layer will do it."""
    node = Node(Operator("layerwise", op, 1), like.name, list(inputs), list(outputs), {}, like.source)
    node.step = step
    return node


def _lies_along_rows(shape, numbers):
    """[1, rows, 1, ...]: what biases of convolutions are brought to."""
    sizes = shape.tolist()
    return len(sizes) >= 2 and sizes[0] == 1 and sizes[1] in (-1, numbers.numel()) and all(size == 1 for size in sizes[2:])


class View:
    """Makers and readers are those of the graph as it was when this was made; names of values keep their meaning."""

    def __init__(self, graph, uses):
        self.graph = graph
        self.uses = uses
        self.makers = {name: (node, i) for node in graph.nodes for i, name in enumerate(node.outputs) if name}
        self.outputs = {item["name"] for item in graph.outputs}
        self.own = set(graph.nodes)
        self.gone = set()
        self._instead = {}
        # {name: dtype} of codes whose maker says it.
        self.code_types = {}
        for node in graph.nodes:
            scale = self.scale_of(node) if is_plain(node, "QuantizeLinear") else None
            if scale is not None:
                self.code_types[node.outputs[0]] = scale.dtype

    def constant(self, name):
        """The tensor of an initializer whose numbers are at hand; None for other values."""
        item = self.graph.initializers.get(name) if name else None
        tensor = None if item is None else item.tensor
        return tensor if isinstance(tensor, torch.Tensor) and not tensor.is_meta else None

    def number(self, name):
        """The number of an initializer that holds one."""
        tensor = self.constant(name)
        return number(tensor) if tensor is not None and tensor.numel() == 1 else None

    def maker(self, name, *ops):
        """The node whose first output this is, where it is one of these operators of ONNX."""
        node, position = self.makers.get(name, (None, 0))
        return node if node is not None and position == 0 and is_plain(node, *ops) else None

    def only_reader(self, name):
        """(node, position) of the one that reads a value which nobody else sees; (None, 0) where there are more."""
        users = self.uses.get(name, ())
        if len(users) != 1 or name in self.outputs or users[0][1] < 0 or users[0][0] not in self.own or users[0][0] in self.gone:
            return None, 0
        return users[0]

    def n_readers(self, name):
        """How many places saw a value when this was made; one more for an output of the graph."""
        return len(self.uses.get(name, ())) + (name in self.outputs)

    def scale_of(self, node, at=1):
        """What codes mean for a node that says it at this input and the next, in one number each; None where it says more, or
        other codes than those of eight bits."""
        names = [*node.inputs[at : at + 2], "", ""]
        scale = self.constant(names[0])
        value = None if scale is None or scale.dtype != torch.float32 else self.number(names[0])
        if value is None or not 0 < value < float("inf") or node.get("block_size", 0):
            return None
        if names[1]:
            zero = self.constant(names[1])
            if zero is None or zero.dtype not in _ENDS or zero.numel() != 1:
                return None
            return Scale(value, int(zero.item()), *_ENDS[zero.dtype])
        if is_plain(node, "QuantizeLinear"):
            dtype = _BYTE_TYPES.get(node.get("output_dtype", 0) or 2)
        else:
            codes = self.constant(node.inputs[0])
            dtype = self.code_types.get(node.inputs[0]) if codes is None else codes.dtype
        return Scale(value, 0, *_ENDS[dtype]) if dtype in _ENDS else None

    def codes_of(self, name):
        """(name of the codes, Scale) of a value that is codes turned into real numbers."""
        node = self.maker(name, "DequantizeLinear")
        if node is None or not node.inputs or node.get("output_dtype", 0) not in (0, 1) or node.inputs[0] in self.graph.initializers:
            return None
        scale = self.scale_of(node)
        return None if scale is None else (node.inputs[0], scale)

    def real(self, name):
        """The numbers of an initializer, also of one that is stored as codes, in float32."""
        tensor = self.constant(name)
        if tensor is not None:
            return tensor if tensor.dtype == torch.float32 else None
        reshape = self.maker(name, "Reshape")
        if reshape is not None:
            inside, shape = (self.constant(part) for part in [*reshape.inputs, "", ""][:2])
            is_list = inside is not None and shape is not None and inside.dtype == torch.float32 and inside.dim() == shape.dim() == 1
            return inside.reshape(-1, *[1] * (shape.numel() - 2)) if is_list and _lies_along_rows(shape, inside) else None
        node = self.maker(name, "DequantizeLinear")
        parts = [] if node is None or node.get("block_size", 0) else [self.constant(part) for part in node.inputs]
        if len(parts) < 2 or parts[0] is None or parts[1] is None or parts[1].dtype != torch.float32:
            return None
        if parts[1].numel() not in (1, *parts[0].shape[node.get("axis", 1) % max(1, parts[0].dim()) :][:1]):
            return None
        codes, scale, zero = [*parts, None][:3]
        if len(parts) > 2 and node.inputs[2] and (zero is None or zero.numel() not in (1, scale.numel())):
            return None
        sizes = [1] * codes.dim()
        if scale.numel() > 1:
            sizes[node.get("axis", 1) % codes.dim()] = scale.numel()
        spread = lambda t: t.reshape(sizes) if codes.dim() else t.reshape([])
        wide = codes.to(torch.float32)
        return (wide if zero is None else wide - spread(zero).to(torch.float32)) * spread(scale)

    def replace(self, gone, *made):
        """In place of these nodes others, where the last of them stood."""
        self.gone.update(gone)
        self._instead[max(gone, key=self._place)] = made
        for node in made:
            self.makers.update((name, (node, i)) for i, name in enumerate(node.outputs))

    def _place(self, node):
        if not hasattr(self, "_places"):
            self._places = {each: i for i, each in enumerate(self.graph.nodes)}
        return self._places[node]

    def done(self):
        nodes = []
        for node in self.graph.nodes:
            nodes.extend(self._instead.get(node, ()) if node in self.gone else (node,))
        self.graph.nodes = nodes
