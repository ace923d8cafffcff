"""The forward of a module whose layers hand on codes: made from its graph when it is first called, run as straight Python. A call of
another kind than the graph was made for, or with hooks inside, takes the module's own forward: layer by layer, in real numbers."""

import copy
import functools

import torch
from torch import _scopes as scopes
from torch import fx

from layerwise.proof.variant import own_tensors
from layerwise.quantizing.flow import steps
from layerwise.quantizing.flow.kinds import asks_shape, kinds_of
from layerwise.quantizing.flow.plan import Plan
from layerwise.quantizing.flow.trace import NotTraceable, Pattern, attribute, has_hooks, traced


def stand_in(module, forward):
    """The same module with another forward, forward(module, positional, words): a copy that shares its children and numbers."""
    made = copy.copy(module)
    made.__dict__["forward"] = lambda *given, **words: forward(made, given, words)
    return made


def flowing(module, arguments, scales):
    """Such a copy that hands on codes; both descriptions are plain data."""
    made = copy.copy(module)
    made.__dict__["forward"] = Forward(made, arguments, scales)
    return made


def leaves_of(module):
    """Modules that are called as they are: those that compute with numbers of their own and have nothing inside."""
    return {part for part in module.modules() if part is not module and own_tensors(part) and not part._modules}


class Forward:
    """Called in place of the forward of `module`; `arguments` say how (Pattern), `scales` what the values of nodes mean (Scale)."""

    def __init__(self, module, arguments, scales):
        self.module = module
        self.arguments = arguments
        self.scales = scales
        self._run = None

    def plain(self):
        return {"arguments": self.arguments, "scales": self.scales}

    def __getstate__(self):
        # What was made is made again where a copy is called: it knows the layers of this one.
        return {"module": self.module, "arguments": self.arguments, "scales": self.scales, "_run": None}

    def __call__(self, *given, **words):
        if self._run is None:
            self.make()
        if self.module.training or any(self._opened):
            return self._layer_by_layer(given, words)
        values = given
        if words or len(given) != self._n_leading:
            values = self._pattern.values(self.module, given, words)
        if values is None or not all(isinstance(value, torch.Tensor) for value in values):
            return self._layer_by_layer(given, words)
        if scopes.on or any(self._hooks):
            return self._run_slowly(values)
        return self._run(*values)

    def in_place(self, layer):
        """prepare(x): a function without arguments that does what the layer does for an input, from codes to what it gives; None for
        a layer that is called as ever."""
        for step in self._steps:
            if step.layer is layer:
                return lambda x: functools.partial(step.function, _as_handed_on(step.codes_of(x)))
        return None

    def _layer_by_layer(self, given, words):
        return type(self.module).forward(self.module, *given, **words)

    def make(self):
        """Ready to be called; raises NotTraceable where the module is another one than the scales are of."""
        module = self.module
        self._pattern = Pattern.read(self.arguments)
        graph = traced(module, self._pattern, leaves_of(module))
        scales = {name: steps.Scale(*plain) for name, plain in self.scales.items()}
        self._steps, names = _Maker(graph, scales).made()
        self._run = _compiled(self._steps, names)
        layers = [step.layer for step in self._steps if step.layer is not None]
        self._hooks = tuple(hooks for layer in layers for hooks in (layer._forward_hooks, layer._forward_pre_hooks))
        opened = [module.get_submodule(path) for path in graph.opened]
        self._opened = tuple(hooks for part in opened for hooks in (part._forward_hooks, part._forward_pre_hooks))
        self._n_leading = len(self._pattern.tensors) if self._pattern.leading(module) else -1

    def _run_slowly(self, values):
        """Step by step, so that who watches modules sees them: a layer with hooks is handed real numbers."""
        held = dict(zip((step.name for step in self._steps), values))
        inside = []
        try:
            for step in self._steps:
                _move(inside, step.place, self.module)
                if step.function is None:
                    if step.name == "":
                        return _filled(step.args, held)
                    continue
                args, words = _filled(step.args, held), _filled(step.words, held)
                if step.layer is None:
                    held[step.name] = step.function(*args, **words)
                elif has_hooks(step.layer):
                    held[step.name] = step.watched(*args)
                else:
                    held[step.name] = _in_scope(step.layer, step.function, args)
        finally:
            _move(inside, (), self.module)


def _as_handed_on(codes):
    return codes.contiguous(memory_format=torch.channels_last) if codes.dim() == 4 else codes


def _in_scope(module, function, args):
    if not scopes.on:
        return function(*args)
    scopes.enter(module)
    try:
        return function(*args)
    finally:
        scopes.exit()


def _move(inside, place, root):
    """Leave and enter modules until the traces say where we are."""
    if not scopes.on and not inside:
        return
    common = 0
    while common < min(len(inside), len(place)) and inside[common] == place[common]:
        common += 1
    while len(inside) > common:
        inside.pop()
        scopes.exit()
    for path in place[common:]:
        scopes.enter(root.get_submodule(path))
        inside.append(path)


class _Name:
    """The value of an earlier step."""

    def __init__(self, name):
        self.name = name


def _filled(value, held):
    if isinstance(value, _Name):
        return held[value.name]
    if isinstance(value, (list, tuple)):
        items = [_filled(item, held) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: _filled(item, held) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(_filled(value.start, held), _filled(value.stop, held), _filled(value.step, held))
    return value


class _Step:
    """name = function(*args, **words). Without a function: an argument, or what is returned (its name is empty)."""

    def __init__(self, name, function=None, args=(), words=None, place=(), layer=None, watched=None):
        self.name = name
        self.function = function
        self.args = args
        self.words = words or {}
        self.place = place
        self.layer = layer
        # What to call where the layer has hooks, and what makes codes of its input in real numbers.
        self.watched = watched
        self.codes_of = None


class _Maker:
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
                self.steps.append(_Step(node.name))
                self.real[node] = node.name
        self._merge_clamps()
        for node in self.graph.nodes:
            if node.op == "output":
                self.steps.append(_Step("", args=self._given(node.args[0], node)))
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
        x = _Name(self._codes(source, node))
        step = _Step(node.name, steps.layer(module, given, made, relu), (x,), place=self.places[node], layer=module)
        step.watched = _watched(module, given, made, relu)
        step.codes_of = steps.quantize(given)
        self.steps.append(step)
        (self.real if made is None else self.codes)[node] = node.name

    def _add_codes(self, node, kind):
        scale = self.scale(node)
        if kind.name == "add":
            function = steps.add(*(self.scale(source) for source in kind.inputs), scale, node in self.cut)
        elif kind.name == "clamp":
            function = steps.clamp(scale, kind.options["low"], kind.options["high"])
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
        args = tuple(_Name(self._codes(source, node)) for source in kind.inputs)
        self.steps.append(_Step(node.name, function, args, place=self.places[node]))
        self.codes[node] = node.name

    def _add_real(self, node):
        # Codes have the shape of what they stand for.
        self.steps.append(self._plain(node, self.codes.get if asks_shape(node) else lambda source: None))
        self.real[node] = node.name

    def _plain(self, node, name_of):
        """The node as it is, with names for its inputs: name_of(node), or the one of its real numbers."""

        def named(value):
            return fx.node.map_arg(value, lambda source: _Name(name_of(source) or self._real(source, node)))

        place = self.places[node]
        if node.op == "get_attr":
            return _Step(node.name, attribute, (self.root, node.target), place=place)
        if node.op == "call_module":
            return _Step(node.name, self.modules[node.target], named(node.args), named(node.kwargs), place)
        function = node.target if node.op == "call_function" else _method(node.target)
        return _Step(node.name, function, named(node.args), named(node.kwargs), place)

    def _given(self, value, node):
        return fx.node.map_arg(value, lambda source: _Name(self._real(source, node)))

    def _real(self, source, reader):
        if source not in self.real:
            name = f"{source.name}_real"
            function = steps.dequantize(self.scale(source))
            self.steps.append(_Step(name, function, (_Name(self.codes[source]),), place=self.places[reader]))
            self.real[source] = name
        return self.real[source]

    def _codes(self, source, reader):
        if source not in self.codes:
            name = f"{source.name}_codes"
            function = steps.quantize(self.scale(source))
            self.steps.append(_Step(name, function, (_Name(self._real(source, reader)),), place=self.places[reader]))
            self.codes[source] = name
        return self.codes[source]


def _watched(module, given, made, relu):
    real, codes = steps.dequantize(given), made and steps.quantize(made)

    def step(x):
        y = module(real(x))
        y = torch.relu(y) if relu else y
        return y if codes is None else codes(y)

    return step


class _method:
    def __init__(self, name):
        self.name = name

    def __call__(self, x, *args, **words):
        return getattr(x, self.name)(*args, **words)


def _compiled(made, names):
    """The steps as one Python function."""
    known = {}
    lines = []
    last = _last_uses(made)

    def text(value):
        if isinstance(value, _Name):
            return value.name
        if type(value) in (list, tuple):
            inner = ", ".join(text(item) for item in value)
            return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(value) == 1 else ''})"
        if value is None or type(value) in (bool, int, str):
            return repr(value)
        if isinstance(value, slice):
            return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return text(list(value) if isinstance(value, list) else tuple(value))
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key!r}: {text(item)}" for key, item in value.items()) + "}"
        if isinstance(value, tuple):
            return f"{constant(type(value))}({', '.join(text(item) for item in value)})"
        return constant(value)

    def constant(value):
        name = f"_k{len(known)}"
        known[name] = value
        return name

    for step in made:
        if step.function is None:
            if step.name == "":
                lines.append(f"return {text(step.args)}")
            continue
        words = [f"{key}={text(value)}" for key, value in step.words.items()]
        if isinstance(step.function, _method):
            line = f"{text(step.args[0])}.{step.function.name}({', '.join([*map(text, step.args[1:]), *words])})"
        else:
            line = f"{constant(step.function)}({', '.join([*map(text, step.args), *words])})"
        lines.append(f"{step.name} = {line}")
        if last.get(step):
            lines.append(f"{' = '.join(last[step])} = None")
    source = f"def run({', '.join(names)}):\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(source, "<flow of codes>", "exec"), known)
    return known["run"]


def _last_uses(made):
    seen, last = set(), {}

    def note(value, step):
        if isinstance(value, _Name):
            if value.name not in seen:
                seen.add(value.name)
                last.setdefault(step, []).append(value.name)
        elif isinstance(value, (list, tuple)):
            for item in value:
                note(item, step)
        elif isinstance(value, dict):
            note(list(value.values()), step)
        elif isinstance(value, slice):
            note([value.start, value.stop, value.step], step)

    for step in reversed(made):
        note(step.args, step)
        note(step.words, step)
    return last
