"""An ONNX graph as a torch.nn.Module: nodes run one after the other on our own ops, floating initializers are parameters,
and the paths in names become a tree of modules. Computes nothing itself: ops/ does."""

import collections
import contextlib
import itertools
import keyword
import re

import torch

from layerwise.onnx import registry
from layerwise.onnx.file import Graph, Initializer, ModelRefused, Texts
from layerwise.onnx.integers import take_integers
from layerwise.onnx.layers import take_layers
from layerwise.onnx.passes import Passes
from layerwise.onnx.values import BORROWED, TYPE_NAMES, as_tensor, known_of, wrapped

# Inputs that are statistics, scales and settings: never trained, though they are floating numbers.
FIXED_INPUTS = {
    "BatchNormalization": (3, 4),
    "QuantizeLinear": (1, 2),
    "DequantizeLinear": (1, 2),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "MatMulNBits": (1, 2, 3, 4),
    "GatherBlockQuantized": (0, 2, 3),
    "Resize": (1, 2, 3),
    "Upsample": (1,),
    "Clip": (1, 2),
    "Pad": (1, 2),
    "Range": (0, 1, 2),
    "Pow": (1,),
    "Dropout": (1,),
    "OneHot": (1, 2),
}


def _sources(graph):
    """The tensors of which nodes have made something that they keep."""
    for node in graph.nodes:
        yield from (source for source, _, _ in node.made.values())
        for inner in [*_graphs_of(node), *([] if node.body is None else [node.body])]:
            yield from _sources(inner)


class Block(torch.nn.Module):
    """A part of the model that its names put together. It can be called more than once in one run."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def forward(self, run, steps):
        for step in steps:
            if isinstance(step, Call):
                step.block(run, step.steps)
            else:
                run.node(step)


class Call:
    """The nodes of one block that stand together."""

    __slots__ = ("block", "steps")

    def __init__(self, block, steps):
        self.block = block
        self.steps = steps


class OnnxModel(Block):
    """Call it with the model's inputs, in order or by name; it gives the output, or a tuple of several."""

    def __init__(self, file):
        super().__init__("")
        self.input_types = file.graph.caller_inputs
        self.input_names = [item["name"] for item in self.input_types]
        self.output_names = [item["name"] for item in file.graph.outputs]
        self.output_kinds = [item["kind"] for item in file.graph.outputs]
        self.opsets = file.opsets
        self.producer = file.producer
        self._gives_tensors = all(item["kind"] == "tensor" for item in file.graph.outputs)
        self._passes = None
        self._graph = file.graph
        Registration(self, file).run()

    def forward(self, *in_order, **by_name):
        given = self._given(in_order, by_name)
        inputs = list(given.values())
        if self._gives_tensors and all(isinstance(x, torch.Tensor) for x in inputs):
            if self._passes is None or self._passes.model is not self:
                self._passes = Passes(self, lambda: _sources(self._graph))
            outputs = self._passes.call(inputs, lambda: self._outputs(given))
        else:
            outputs = self._outputs(given)
        return outputs[0] if len(outputs) == 1 else outputs

    def _outputs(self, given):
        device = self._device(given.values())
        run = Run(dict(given), None, device)
        # Operators that make tensors of nothing make them where the others are.
        with contextlib.nullcontext() if device.type == "cpu" else torch.device(device):
            run.graph(self._graph, self)
        return tuple(run.tensor(run.find(name)) for name in self.output_names)

    def _given(self, in_order, by_name):
        if len(in_order) > len(self.input_names):
            raise TypeError(f"the model has {len(self.input_names)} inputs, but {len(in_order)} were given")
        found = dict(zip(self.input_names, in_order))
        for name, value in by_name.items():
            real = name if name in self.input_names else argument_names(self.input_names).get(name)
            if real is None:
                raise TypeError(f"the model has no input '{name}': it has {', '.join(self.input_names)}")
            if real in found:
                raise TypeError(f"input '{name}' was given twice")
            found[real] = value
        for item in self.input_types:
            name = item["name"]
            if name not in found and item.get("kind") != "optional":
                raise TypeError(f"input '{name}' is missing: the model has {', '.join(self.input_names)}")
            _check(item, found.setdefault(name, None))
        return found

    def _device(self, values):
        for value in values:
            if isinstance(value, torch.Tensor):
                return value.device
        return next((tensor.device for tensor in self.parameters()), torch.get_default_device())

    def extra_repr(self):
        return f"inputs: {', '.join(self.input_names)}; outputs: {', '.join(self.output_names)}"


def argument_names(names):
    """{name in Python: name of the input}: an ONNX name need not be one that Python can write."""
    found = {}
    for name in names:
        plain = re.sub(r"\W", "_", name)
        plain = plain if plain.isidentifier() and not keyword.iskeyword(plain) else f"input_{plain}"
        while plain in found:
            plain += "_"
        found[plain] = name
    return found


def _check(item, value):
    if item.get("kind") != "tensor" or not isinstance(value, torch.Tensor) or item["dims"] is None:
        return
    dims = item["dims"]
    if len(dims) == value.dim() and all(isinstance(n, str) or n == size for n, size in zip(dims, value.shape)):
        return
    shown = ", ".join(map(str, dims))
    raise ValueError(f"input '{item['name']}' is [{shown}], not {list(value.shape)}")


class Run:
    """One pass through a graph: the values so far, by name. Graphs inside nodes see those around them."""

    def __init__(self, values, outer, device):
        self.values = values
        self.outer = outer
        self.device = device

    def find(self, name):
        run = self
        while run is not None:
            if name in run.values:
                return run.values[name]
            run = run.outer
        raise KeyError(name)

    def graph(self, graph, block=None):
        """Runs a whole graph into this run's values; `block` is the module in whose call this happens already."""
        for name, place in graph.places.items():
            if name not in self.values:
                self.values[name] = place.value()
        Block.forward(block, self, graph.steps)

    def inner(self, graph, values):
        """The outputs of a graph that stands in a node."""
        run = Run(dict(values), self, self.device)
        run.graph(graph)
        return [run.find(item["name"]) for item in graph.outputs]

    def node(self, node):
        inputs = [self.find(name) if name else None for name in node.inputs]
        try:
            outputs = self._outputs(node, inputs)
            if node.result_type is not None:
                outputs[0] = wrapped(self.tensor(outputs[0]), node.result_type)
        except Exception as error:
            if not getattr(error, "__notes__", None):
                error.add_note(f"in {node.operator} '{node.name}' of the ONNX model")
            raise
        for name, value in zip(node.outputs, outputs):
            if name:
                self.values[name] = value
        for name in node.drops:
            self.values.pop(name, None)

    def _outputs(self, node, inputs):
        if node.layer is not None:
            # Asked for anew each time: who compresses a model puts other layers in their places.
            return [node.layer.value()(*map(self.tensor, inputs))]
        if node.step is not None:
            return [node.step(*map(self.tensor, inputs))]
        return registry.call(node, self, inputs) if node.body is None else self._function(node.body, inputs)

    def _function(self, body, inputs):
        names = [item["name"] for item in body.inputs]
        given = [*inputs, *[None] * (len(names) - len(inputs))]
        # A function sees its arguments alone.
        run = Run(dict(zip(names, given)), None, self.device)
        run.graph(body)
        return [run.find(item["name"]) for item in body.outputs]

    def tensor(self, value):
        return as_tensor(value, self.device)


class Place:
    """Where an initializer lives: in a module under a name, so that training and `to` reach it, or as known numbers."""

    __slots__ = ("module", "name", "known")

    def __init__(self, module, name, known=None):
        self.module = module
        self.name = name
        self.known = known

    def value(self):
        return self.known if self.known is not None else getattr(self.module, self.name)


class Registration:
    """Puts a file's graphs into modules: blocks by the paths in names, parameters and buffers, nodes grouped in order."""

    def __init__(self, model, file):
        self.model = model
        self.file = file
        self.blocks = {(): model}
        self.fixed = set(file.metadata.get("layerwise.buffers", "").split("\n"))

    def run(self):
        self.add(self.file.graph, depth=0)

    def add(self, graph, depth):
        if depth > 32:
            raise ModelRefused("functions and graphs are nested more than 32 deep")
        self._constants(graph)
        _check_inputs(graph)
        _drop_identities(graph)
        integers = take_integers(graph, _uses)
        uses = _uses(graph)
        self._layers(graph, uses, integers)
        graph.places = {
            name: self._place(initializer, uses.get(name, ())) for name, initializer in graph.initializers.items()
        }
        declared = _borrowed_types(graph)
        for node in graph.nodes:
            _follow_borrowed(node, declared)
            function = self.file.functions.get((node.operator.domain, node.operator.op))
            if function is not None and not registry.is_known(node.operator):
                node.body = function.graph_for(node)
                self.add(node.body, depth + 1)
            elif node.step is None and node.layer is None and not registry.is_known(node.operator):
                where = f" (node '{node.name}')" if node.name else ""
                raise NotImplementedError(f"the ONNX operator {node.operator} is not done here{where}")
            for inner in _graphs_of(node):
                self.add(inner, depth + 1)
        _set_drops(graph)
        graph.steps = self._grouped([(_scope(node) if node.scope is None else node.scope, node) for node in graph.nodes], ())

    def _constants(self, graph):
        """Constant nodes are initializers in another form."""
        kept = []
        for node in graph.nodes:
            if node.operator.op != "Constant" or node.operator.domain != "":
                kept.append(node)
                continue
            graph.initializers[node.outputs[0]] = constant_of(node)
        graph.nodes = kept

    def _layers(self, graph, uses, integers):
        """Products and convolutions with weights of their own become layers, where the names of their nodes say; those on codes are."""

        def is_free(name):
            users = uses.get(name, ())
            return len(users) == 1 and self._is_trained(graph.initializers[name], users)

        scopes = collections.Counter()
        before = list(graph.nodes)
        layers = {**integers, **take_layers(graph, uses, is_free)}
        for node in before:
            scope = _scope(node)
            for depth in range(1, len(scope) + 1):
                scopes[scope[:depth]] += node in layers or node in graph.nodes
        for node, layer in layers.items():
            scope = _scope(node)
            # Alone in its scope, the layer is what the scope stands for.
            is_alone = len(scope) > 0 and scopes[scope] == 1 and scope not in self.blocks
            path, name = (scope[:-1], scope[-1]) if is_alone else (scope, _clean(node.name.rpartition("/")[2]) or "layer")
            block = self._block(path)
            while hasattr(block, name):
                name += "_"
            block.add_module(name, layer)
            node.layer = Place(block, name)
            node.scope = path

    def _place(self, initializer, users):
        tensor = initializer.tensor
        if isinstance(tensor, Texts):
            return Place(None, "", tensor)
        if not self._is_trained(initializer, users):
            known = known_of(tensor)
            # Numbers that a person could want to move or save stay in the module.
            if known is not None:
                return Place(None, "", known)
        path, leaf = _path_of(initializer.name, users)
        block = self._block(path)
        while hasattr(block, leaf):
            leaf += "_"
        if self._is_trained(initializer, users):
            block.register_parameter(leaf, torch.nn.Parameter(tensor))
        else:
            block.register_buffer(leaf, tensor)
        return Place(block, leaf)

    def _is_trained(self, initializer, users):
        tensor = initializer.tensor
        if isinstance(tensor, Texts) or not tensor.is_floating_point() or tensor.dim() == 0 or initializer.name in self.fixed:
            return False
        if initializer.is_constant and tensor.numel() == 1:
            return False
        return any(position not in FIXED_INPUTS.get(node.operator.op, ()) for node, position in users)

    def _block(self, path):
        known = self.blocks.get(path)
        if known is None:
            parent = self._block(path[:-1])
            known = self.blocks[path] = Block(".".join(path))
            name = path[-1]
            while hasattr(parent, name):
                name += "_"
            parent.add_module(name, known)
        return known

    def _grouped(self, nodes, path):
        """Steps of the block at `path`; nodes that stand together in one inner block become one call of it."""
        steps = []
        depth = len(path)
        for key, group in itertools.groupby(nodes, lambda item: item[0][depth] if len(item[0]) > depth else None):
            if key is None:
                steps.extend(node for _, node in group)
            else:
                inner = (*path, key)
                steps.append(Call(self._block(inner), self._grouped(list(group), inner)))
        return steps


def constant_of(node):
    """What a Constant node holds, in any of its forms."""
    name = node.outputs[0]
    for key, dtype in (("value_float", torch.float32), ("value_int", torch.int64)):
        if node.has(key):
            return Initializer(name, torch.tensor(node.get(key), dtype=dtype), "", is_constant=True)
    for key, dtype in (("value_floats", torch.float32), ("value_ints", torch.int64)):
        if node.has(key):
            return Initializer(name, torch.tensor(node.get(key), dtype=dtype), "", is_constant=True)
    if node.has("value_string"):
        return Initializer(name, Texts([node.get("value_string")], ()), "string")
    if node.has("value_strings"):
        return Initializer(name, Texts(node.get("value_strings"), (len(node.get("value_strings")),)), "string")
    value = node.get("value")
    if not isinstance(value, Initializer):
        node.refuse("it holds a sparse tensor" if node.has("sparse_value") else "it holds nothing")
    return Initializer(name, value.tensor, value.onnx_type, is_constant=True)


def _check_inputs(graph):
    """Whoever looks at nodes may count on the inputs that their operators cannot be without."""
    for node in graph.nodes:
        least = registry.least_inputs(node.operator)
        if len(node.inputs) < least:
            raise ModelRefused(
                f"node '{node.name}' ({node.operator}) has {len(node.inputs)} input{'s' * (len(node.inputs) != 1)}: "
                f"expected {least} at least"
            )


def _drop_identities(graph):
    """Who reads what an Identity gives reads what it was given, but for graphs inside of nodes and outputs."""
    inside = {name for node in graph.nodes for inner in _graphs_of(node) for name in _names_in(inner)}
    inside.update(item["name"] for item in graph.outputs)
    same, kept = {}, []
    for node in graph.nodes:
        node.inputs = [same.get(name, name) for name in node.inputs]
        is_idle = node.operator.op == "Identity" and node.operator.domain == "" and node.outputs[0] not in inside
        if is_idle and len(node.inputs) == 1 and node.inputs[0]:
            same[node.outputs[0]] = node.inputs[0]
        else:
            kept.append(node)
    graph.nodes = kept


def _names_in(graph):
    """What a graph reads, also from around it."""
    return {*_uses(graph), *(item["name"] for item in graph.outputs)}


# Operators that know what to do with types that live in wider ones, and how the result is called.
_BITWISE = ("BitShift", "BitwiseNot", "BitwiseAnd", "BitwiseOr", "BitwiseXor")
_ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Mod", "Pow", "Min", "Max", *_BITWISE)
_TO_BOOL = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
_ARRANGING = ("Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Concat", "Slice", "Gather")
_TAKE_BORROWED = ("DequantizeLinear", "QuantizeLinear", "Cast", "CastLike", *_TO_BOOL)


def _borrowed_types(graph):
    found = {name: item.onnx_type for name, item in graph.initializers.items() if item.onnx_type in BORROWED}
    for item in graph.inputs:
        if item.get("dtype") in BORROWED:
            found[item["name"]] = item["dtype"]
    return found


def _follow_borrowed(node, declared):
    """Notes the types of a node's inputs and outputs that no dtype here tells; refuses what would compute with others."""
    op = node.operator.op
    result = None
    for position, name in enumerate(node.inputs):
        if name not in declared:
            continue
        kind = node.onnx_types[position] = declared[name]
        if op in _ARITHMETIC and BORROWED[kind][1] >= 16 or op in _ARRANGING:
            # An exponent leaves the base what it is.
            result = kind if position == 0 or op != "Pow" else result
        elif op not in _TAKE_BORROWED:
            node.refuse(f"{kind} is no type that is computed with here")
    if op == "Cast":
        result = TYPE_NAMES.get(node.get("to"))
    elif op == "CastLike":
        result = node.onnx_types.get(1)
    elif op == "QuantizeLinear":
        result = node.onnx_types.get(2) or TYPE_NAMES.get(node.get("output_dtype", 0) or -1)
    if result in BORROWED:
        declared[node.outputs[0]] = result
        node.result_type = result


def _graphs_of(node):
    for value in node.attributes.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Graph):
                yield item


def _uses(graph):
    """{name: [(node, position)]}, those of graphs inside nodes too."""
    found = {}
    for node in graph.nodes:
        for position, name in enumerate(node.inputs):
            found.setdefault(name, []).append((node, position))
        for inner in _graphs_of(node):
            for name, users in _uses(inner).items():
                found.setdefault(name, []).extend(users)
            for item in inner.outputs:
                found.setdefault(item["name"], []).append((node, -1))
    return found


def _set_drops(graph):
    """A value is let go of after the last node that reads it."""
    kept = {item["name"] for item in graph.outputs}
    last = {}
    for node in graph.nodes:
        read = set(node.inputs)
        for inner in _graphs_of(node):
            read |= set(_uses(inner)) | {item["name"] for item in inner.outputs}
        for name in (*read, *node.outputs):
            last[name] = node
    drops = {}
    for name, node in last.items():
        if name and name not in kept:
            drops.setdefault(id(node), []).append(name)
    for node in graph.nodes:
        node.drops = tuple(drops.get(id(node), ()))


def _parts(text):
    return [part for part in re.split(r"[/.]|::", text) if part]


def _clean(part):
    return re.sub(r"\W", "_", part)


def _scope(node):
    """"/encoder/layers.0/attn/MatMul" stands in encoder.layers.0.attn."""
    whole, _, _ = node.name.rpartition("/")
    return tuple(_clean(part) for part in _parts(whole))


def _path_of(name, users):
    """Names with a path say where they belong; others go where they are used first."""
    parts = [_clean(part) for part in _parts(name)]
    if len(parts) > 1 and "::" not in name:
        return tuple(parts[:-1]), parts[-1]
    scope = _scope(users[0][0]) if users else ()
    return scope, parts[-1] if parts else "value"
