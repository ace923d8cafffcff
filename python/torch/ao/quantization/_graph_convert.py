"""Graph mode, second half: observers become scales, layers are swapped for those of integers, and floats begin where
integers end."""

import torch
from torch.ao.quantization import _graph_tables as tables
from torch.ao.quantization._graph_prepare import is_observer, kind_of, module_of, set_module
from torch.fx import Graph, GraphModule
from torch.fx.node import map_arg


class _Value:
    """What a node of the prepared graph is in the new one: floats, integers, or both."""

    def __init__(self, floats=None, integers=None):
        self.floats = floats
        self.integers = integers


class Converter:
    def __init__(self, model):
        self.model = model
        self.scopes = model._quantization_scopes
        self.roles = model._quantization_roles
        self.numbers = model._quantization_numbers
        self.graph = Graph()
        self.values = {}
        self.skipped = set()
        self.names = self._names_of_scales()

    # Values in the new graph

    def floats_of(self, node):
        value = self.values[node]
        if value.floats is None:
            value.floats = self.graph.call_method("dequantize", (value.integers,))
        return value.floats

    def integers_of(self, node):
        found = self.values[node].integers
        return self.floats_of(node) if found is None else found

    def is_watched(self, node):
        return node.op == "call_module" and is_observer(module_of(self.model, node))

    # Scales: buffers named after the module in which the value comes about, or, for what comes from outside, goes in.

    def _names_of_scales(self):
        found, counts = {}, {}
        for node in self.model.graph.nodes:
            if not self.is_watched(node):
                continue
            value = node.args[0]
            if value.name in self.roles:
                prefix = self.path_of(value)
            else:
                prefix = f"{self.path_of(next((user for user in node.users), node))}_input"
            prefix = prefix.replace(".", "_")
            found[node] = (prefix, counts.get(prefix, 0))
            counts[prefix] = counts.get(prefix, 0) + 1
        return found

    def path_of(self, node):
        return node.target if node.op == "call_module" else self.scopes.get(node.name, "")

    def scale_nodes(self, watching):
        scale, zero_point = module_of(self.model, watching).calculate_qparams()
        prefix, number = self.names[watching]
        values = {"scale": torch.tensor(float(scale)), "zero_point": torch.tensor(int(zero_point))}
        for kind, value in values.items():
            self.model.register_buffer(f"{prefix}_{kind}_{number}", value)
        return tuple(self.graph.get_attr(f"{prefix}_{kind}_{number}") for kind in values)

    def quantize(self, node, observer):
        """Integers where an observed value is still floats: at the model's input, and behind what computes in float."""
        scale, zero_point = self.scale_nodes(node)
        floats = self.floats_of(node.args[0])
        return self.graph.call_function(torch.quantize_per_tensor, (floats, scale, zero_point, observer.dtype))

    # Nodes

    def convert(self):
        for node in self.model.graph.nodes:
            if node in self.skipped:
                continue
            if node.op == "output":
                self.graph.output(map_arg(node.args[0], self.floats_of))
            elif self.is_watched(node):
                self._watched(node)
            elif self.roles.get(node.name):
                self._quantized(node)
            else:
                # Sizes are asked of the integers.
                take = self.integers_of if node.name in self.numbers else self.floats_of
                self.values[node] = _Value(self.graph.node_copy(node, take))
        self.graph.eliminate_dead_code()
        made = GraphModule(self.model, self.graph)
        made.delete_all_unused_submodules()
        return made

    def _watched(self, node):
        observer = module_of(self.model, node)
        before = self.values[node.args[0]]
        if getattr(observer, "is_dynamic", False) or before.integers is not None:
            self.values[node] = before
        else:
            self.values[node] = _Value(integers=self.quantize(node, observer))

    def _watching(self, node):
        """The observer's node behind a node, or None."""
        return next((user for user in node.users if self.is_watched(user)), None)

    def _quantized(self, node):
        role = self.roles[node.name]
        kind = kind_of(self.model, node)
        if role in ("dynamic", "weight"):
            table = tables.DYNAMIC if role == "dynamic" else tables.TABLES
            self._swap(node, table[kind], None)
            self.values[node] = _Value(self.graph.node_copy(node, self.floats_of))
            return
        if kind in tables.SWAPPED:
            watching = self._watching(node)
            self._swap(node, tables.SWAPPED[kind], None if watching is None else module_of(self.model, watching))
            self.values[node] = _Value(integers=self.graph.node_copy(node, self.integers_of))
        elif kind in tables.BINARY:
            self._binary(node, tables.BINARY[kind])
        elif kind in tables.PRODUCTS:
            self._operator(node, "matmul", node.args[:2])
        elif kind in tables.WITH_SCALE:
            self._with_scale(node, tables.WITH_SCALE[kind])
        else:
            # Functions and modules that take quantized tensors as they are.
            self.values[node] = _Value(integers=self.graph.node_copy(node, self.integers_of))

    def _swap(self, node, made, observer):
        module = module_of(self.model, node)
        if observer is not None:
            module.activation_post_process = observer
        if tables.is_sequence(module):
            module[0].qconfig = module.qconfig
        set_module(self.model, node.target, made.from_float(module))

    def _operator(self, node, name, args):
        scale, zero_point = self.scale_nodes(self._watching(node))
        found = map_arg(tuple(args), self.integers_of)
        self.values[node] = _Value(integers=self.graph.call_function(getattr(torch.ops.quantized, name), (*found, scale, zero_point)))

    def _binary(self, node, name):
        """An addition or product, with the relu behind it; a number keeps the scale."""
        relu = next(iter(node.users)) if self._watching(node) is None and len(node.users) == 1 else None
        if relu is not None and kind_of(self.model, relu) not in tables.RELUS:
            relu = None
        last = node if relu is None else relu
        name = name if relu is None else f"{name}_relu"
        tensors = [a for a in node.args[:2] if a in self.values]
        if len(tensors) == 2:
            self._operator(last, name, node.args[:2])
        else:
            args = map_arg(tuple(node.args[:2]), self.integers_of)
            if tensors and node.args[0] is not tensors[0]:
                # A number on the left.
                args = args[::-1]
            self.values[last] = _Value(integers=self.graph.call_function(getattr(torch.ops.quantized, name), args))
        if relu is not None:
            self.skipped.add(relu)

    def _with_scale(self, node, name):
        bound = node.normalized_arguments(self.model, normalize_to_only_use_kwargs=True)
        given = dict(bound.kwargs) if bound is not None else {}
        x = given.get("input", node.args[0] if node.args else None)
        if name == "hardswish":
            self._operator(node, name, (x,))
        elif name == "leaky_relu":
            self._operator(node, name, (x, given.get("negative_slope", 0.01), False))
        elif name == "layer_norm":
            rest = (given["normalized_shape"], given.get("weight"), given.get("bias"), given.get("eps", 1e-5))
            self._operator(node, name, (x, *rest))
        elif name == "instance_norm":
            self._operator(node, name, (x, given.get("weight"), given.get("bias"), given.get("eps", 1e-5)))
        else:
            scale, zero_point = self.scale_nodes(self._watching(node))
            args = (self.integers_of(x), scale, zero_point, given.get("alpha", 1.0))
            self.values[node] = _Value(integers=self.graph.call_function(torch.ops.quantized.elu, args))


def convert(model):
    return Converter(model).convert()
