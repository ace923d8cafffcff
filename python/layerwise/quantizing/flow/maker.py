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
    """From a graph and scales to steps. Without `joins` each node is rounded by itself, as files have it; else a convolution
    takes the sum behind it along and leaves its own result unrounded."""

    def __init__(self, traced_graph, scales, joins=True):
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
        self.joins = joins
        # Layers and sums that cut at zero, and the steps that this makes superfluous.
        self.cut, self.idle = set(), set()
        # {sum: (layer that adds, what it adds)}, and nodes that come to pass there.
        self.joined, self.passed = {}, set()

    def made(self):
        names = []
        for node in self.graph.nodes:
            if node.op == "placeholder":
                names.append(node.name)
                self.steps.append(Step(node.name))
                self.real[node] = node.name
        self._merge_clamps()
        if self.joins:
            self._join_sums()
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
        """relu is done where codes are made: by the layer, the sum, the product or the norm before it. Real numbers that only
        become codes are cut by those."""
        for node in self.graph.nodes:
            kind = self.plan.kind(node)
            if kind is not None and kind.name == "clamp" and self._is_cut_by_codes(node, kind):
                self.idle.add(node)
                continue
            if kind is None or kind.name != "clamp" or kind.options["low"] != 0 or kind.options["high"] is not None:
                continue
            source = kind.inputs[0]
            while len(source.users) == 1 and node in self.plan.codes and self._is_passed(source):
                source = self.plan.kind(source).inputs[0]
            if len(source.users) != 1 or (source in self.plan.codes) != (node in self.plan.codes):
                continue
            made_by = self.plan.kind(source)
            cuts = made_by is not None and made_by.name in ("add", "mul", "norm") and source in self.plan.codes
            if self.plan.is_layer(source) or cuts:
                self.cut.add(source)
                self.idle.add(node)

    def _is_cut_by_codes(self, node, kind):
        """Is a clamp of real numbers read as codes alone, whose ends are its own?"""
        is_read = node in self.plan.entries and node not in self.plan.codes and kind.inputs[0] not in self.plan.codes
        if not is_read or not all(self.plan.is_layer(user) or user in self.plan.codes for user in node.users):
            return False
        return steps.clamp(self.scale(node), kind.options["low"], kind.options["high"]) is None

    def _join_sums(self):
        """Sums are done by a layer before them: by the one whose own rounding would be the coarser."""
        for node in self.graph.nodes:
            kind = self.plan.kind(node)
            if node not in self.plan.codes or kind.name != "add" or kind.inputs[0] is kind.inputs[1]:
                continue
            found = []
            for source, other in (kind.inputs, kind.inputs[::-1]):
                way = self._way_to_adder(source)
                if way:
                    found.append((self.scale(way[-1]).scale, way, other))
            if found:
                _, way, other = max(found, key=lambda each: each[0])
                self.joined[node] = way[-1], other
                self.passed.update(way)

    def _way_to_adder(self, node):
        """From a sum's input back to a layer that can do the sum, where nobody else reads on the way; empty where there is none."""
        way = [node]
        while len(way[-1].users) == 1 and way[-1] in self.plan.codes and way[-1] not in self.cut:
            kind = self.plan.kind(way[-1])
            if self.plan.is_layer(way[-1]):
                return way if steps.adds_codes(self.modules[way[-1].target]) else []
            if kind.name != "same":
                break
            way.append(kind.inputs[0])
        return []

    def _is_passed(self, node):
        kind = self.plan.kind(node)
        return node in self.plan.codes and kind.name in ("max_pool", "view", "same")

    def _add(self, node):
        kind = self.plan.kind(node)
        if node in self.passed or self.plan.unmade.get(node) and all(user in self.plan.codes for user in node.users):
            return
        if node in self.idle:
            self._alias(node, kind.inputs[0])
        elif node in self.joined:
            self._add_joined(node, *self.joined[node])
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
        step.given_for = (lambda x: (x,)) if is_real else _codes_for(given)
        self.steps.append(step)
        (self.real if made is None else self.codes)[node] = node.name

    def _add_joined(self, node, adder, other):
        module = self.modules[adder.target]
        source = self.plan.kind(adder).inputs[0]
        given, added, made, relu = self.scale(source), self.scale(other), self.scale(node), node in self.cut
        args = Name(self._codes(source, adder)), Name(self._codes(other, node))
        step = Step(node.name, steps.layer(module, given, made, relu, added), args, place=self.places[adder], layer=module)
        step.watched = _watched(module, given, made, relu, added)
        codes_for, alone = _codes_for(given), steps.layer(module, given, made, relu)

        def given_for(x):
            (codes,) = codes_for(x)
            # Something of the result's shape has to be added.
            return codes, alone(codes)

        step.given_for = given_for
        self.steps.append(step)
        self.codes[node] = node.name

    def _is_alone(self, source):
        readers = [user for user in source.users if self.plan.is_layer(user) or user in self.plan.codes]
        return source not in self.plan.codes and len(readers) == 1

    def _add_codes(self, node, kind):
        scale = self.scale(node)
        if kind.name in ("add", "mul"):
            make = steps.add if kind.name == "add" else steps.mul
            function = make(*(self.scale(source) for source in kind.inputs), scale, node in self.cut)
        elif kind.name == "norm":
            given = [self.scale(source) for source in kind.inputs]
            function = steps.norm(given, scale, kind.options["module"], node in self.cut)
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
        if kind is not None and kind.name == "mean" and kind.inputs[0] in self.plan.codes and kind.options["keeps_dims"] is not None:
            self._add_mean(node, kind)
            return
        # Codes have the shape of what they stand for.
        self.steps.append(self._plain(node, self.codes.get if asks_shape(node) else lambda source: None))
        self.real[node] = node.name

    def _add_mean(self, node, kind):
        (source,) = kind.inputs
        # Codes at once where layers read them and nobody else does.
        is_given = node in self.plan.entries and all(map(self.plan.is_layer, node.users))
        made = self.scale(node) if is_given else None
        function = steps.mean(self.scale(source), made, kind.options["keeps_dims"], self._alone(node))
        self.steps.append(Step(node.name, function, (Name(self.codes[source]),), place=self.places[node]))
        (self.real if made is None else self.codes)[node] = node.name

    def _alone(self, node):
        """What a node does, as a function of its first input."""
        if node.op == "call_module":
            return self.modules[node.target]
        rest, words = node.args[1:], node.kwargs
        function = node.target if node.op == "call_function" else Method(node.target)
        return lambda x: function(x, *rest, **words)

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


def _codes_for(scale):
    """A function from real numbers to the arguments of a layer's step: codes as flows hand them on."""
    quantize = steps.quantize(scale)

    def given_for(x):
        codes = quantize(x)
        return (codes.contiguous(memory_format=torch.channels_last) if codes.dim() == 4 else codes,)

    return given_for


def _watched(module, given, made, relu, added=None):
    real, codes, other = (given and steps.dequantize(given)), made and steps.quantize(made), added and steps.dequantize(added)

    def step(x, more=None):
        y = module(real(x) if real else x)
        y = y if other is None else y + other(more)
        y = torch.relu(y) if relu else y
        return y if codes is None else codes(y)

    return step
