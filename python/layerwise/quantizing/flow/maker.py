"""From a graph and the scales of its values to a program: what each node becomes, where codes turn into real numbers and
where these turn into codes."""

import torch
from torch import fx

from layerwise.quantizing.flow import steps
from layerwise.quantizing.flow.kinds import asks_shape, kinds_of
from layerwise.quantizing.flow.plan import Plan
from layerwise.quantizing.flow.program import Method, Name, Step
from layerwise.quantizing.flow.trace import NotTraceable, attribute


class Maker:
    """From a graph and scales to steps."""

    def __init__(self, traced_graph, scales):
        self.root = root = traced_graph.root
        self.graph = traced_graph.graph
        self.places = traced_graph.places
        modules = {node.target: root.get_submodule(node.target) for node in self.graph.nodes if node.op == "call_module"}
        layers = {path for path, module in modules.items() if steps.takes_codes(module)}
        self.plan = Plan(self.graph, kinds_of(self.graph, root, layers), layers)
        self.modules = modules
        self.scales = scales
        self.steps = []
        # {node: name} of values in real numbers, and in codes.
        self.real, self.codes = {}, {}
        # Layers and sums that cut at zero, and the steps that this makes superfluous.
        self.cut, self.idle = set(), set()

    def made(self):
        names = []
        for node in self.graph.nodes:
            if node.op == "placeholder":
                names.append(node.name)
                self.steps.append(Step(node.name))
                self.real[node] = node.name
        self._merge_clamps()
        for node in self.graph.nodes:
            if node.op == "output":
                self.steps.append(Step("", args=self._given(node.args[0], node)))
            elif node.op != "placeholder":
                self._add(node)
        return self.steps, names

    def scale(self, node):
        try:
            return self.scales[node.name]
        except KeyError:
            raise NotTraceable(f"nothing is known about the range of {node.name}") from None

    def _merge_clamps(self):
        """relu is done where codes are made: by the layer or the sum before it."""
        for node in self.graph.nodes:
            kind = self.plan.kind(node)
            if kind is None or kind.name != "clamp" or kind.options["low"] != 0 or kind.options["high"] is not None:
                continue
            source = kind.inputs[0]
            while len(source.users) == 1 and node in self.plan.codes and self._is_passed(source):
                source = self.plan.kind(source).inputs[0]
            if len(source.users) != 1 or (source in self.plan.codes) != (node in self.plan.codes):
                continue
            made_by = self.plan.kind(source)
            if self.plan.is_layer(source) or made_by is not None and made_by.name == "add" and source in self.plan.codes:
                self.cut.add(source)
                self.idle.add(node)

    def _is_passed(self, node):
        kind = self.plan.kind(node)
        return node in self.plan.codes and kind.name in ("max_pool", "view", "same")

    def _add(self, node):
        kind = self.plan.kind(node)
        if node in self.idle:
            self._alias(node, kind.inputs[0])
        elif self.plan.is_layer(node):
            self._add_layer(node, kind.inputs[0])
        elif node in self.plan.codes:
            self._add_codes(node, kind)
        else:
            self._add_real(node)

    def _alias(self, node, source):
        if node in self.plan.codes:
            self.codes[node] = self.codes[source]
        else:
            self.real[node] = self._real(source, node)

    def _add_layer(self, node, source):
        module = self.modules[node.target]
        given = self.scale(source)
        made = self.scale(node) if node in self.plan.codes else None
        relu = node in self.cut
        # Products round what they read where nobody else needs the codes.
        is_real = type(module) is steps.StaticLinear and source not in self.codes and self._is_alone(source)
        x = Name(self._real(source, node) if is_real else self._codes(source, node))
        step = Step(node.name, steps.layer(module, given, made, relu), (x,), place=self.places[node], layer=module)
        step.watched = _watched(module, None if is_real else given, made, relu)
        step.codes_of = (lambda x: x) if is_real else steps.quantize(given)
        self.steps.append(step)
        (self.real if made is None else self.codes)[node] = node.name

    def _is_alone(self, source):
        readers = [user for user in source.users if self.plan.is_layer(user) or user in self.plan.codes]
        return source not in self.plan.codes and len(readers) == 1

    def _add_codes(self, node, kind):
        scale = self.scale(node)
        if kind.name == "add":
            function = steps.add(*(self.scale(source) for source in kind.inputs), scale, node in self.cut)
        elif kind.name == "clamp":
            function = steps.clamp(scale, kind.options["low"], kind.options["high"])
        elif kind.name == "map":
            function = steps.mapped(self.scale(kind.inputs[0]), scale, kind.options["function"])
        elif kind.name == "max_pool":
            function = steps.max_pool(kind.options)
        elif kind.name == "average":
            function = steps.average(kind.options, scale)
        elif kind.name == "cat":
            function = steps.join(kind.options["dim"])
        elif kind.name == "same":
            function = None
        else:
            self.steps.append(self._plain(node, lambda source: self._codes(source, node) if source in kind.inputs else None))
            self.codes[node] = node.name
            return
        if function is None:
            self.codes[node] = self.codes[kind.inputs[0]]
            return
        args = tuple(Name(self._codes(source, node)) for source in kind.inputs)
        self.steps.append(Step(node.name, function, args, place=self.places[node]))
        self.codes[node] = node.name

    def _add_real(self, node):
        kind = self.plan.kind(node)
        if kind is not None and kind.name == "same":
            self.real[node] = self._real(kind.inputs[0], node)
            return
        # Codes have the shape of what they stand for.
        self.steps.append(self._plain(node, self.codes.get if asks_shape(node) else lambda source: None))
        self.real[node] = node.name

    def _plain(self, node, name_of):
        """The node as it is, with names for its inputs: name_of(node), or the one of its real numbers."""

        def named(value):
            return fx.node.map_arg(value, lambda source: Name(name_of(source) or self._real(source, node)))

        place = self.places[node]
        if node.op == "get_attr":
            return Step(node.name, attribute, (self.root, node.target), place=place)
        if node.op == "call_module":
            return Step(node.name, self.modules[node.target], named(node.args), named(node.kwargs), place)
        function = node.target if node.op == "call_function" else Method(node.target)
        return Step(node.name, function, named(node.args), named(node.kwargs), place)

    def _given(self, value, node):
        return fx.node.map_arg(value, lambda source: Name(self._real(source, node)))

    def _real(self, source, reader):
        if source not in self.real:
            name = f"{source.name}_real"
            function = steps.dequantize(self.scale(source))
            self.steps.append(Step(name, function, (Name(self.codes[source]),), place=self.places[reader]))
            self.real[source] = name
        return self.real[source]

    def _codes(self, source, reader):
        if source not in self.codes:
            name = f"{source.name}_codes"
            function = steps.quantize(self.scale(source))
            self.steps.append(Step(name, function, (Name(self._real(source, reader)),), place=self.places[reader]))
            self.codes[source] = name
        return self.codes[source]


def _watched(module, given, made, relu):
    real, codes = given and steps.dequantize(given), made and steps.quantize(made)

    def step(x):
        y = module(real(x) if real else x)
        y = torch.relu(y) if relu else y
        return y if codes is None else codes(y)

    return step
