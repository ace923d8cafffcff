"""From a model that was prepared to modules that hand on codes: which modules are traced, what calibration has to see beside the
inputs of layers, and the scales that come of it."""

import torch

from layerwise.proof.variant import Variant
from layerwise.proof.watch import Calls
from layerwise.quantizing.flow import steps
from layerwise.quantizing.flow.forward import flowing, leaves_of, stand_in
from layerwise.quantizing.flow.kinds import kinds_of
from layerwise.quantizing.flow.plan import Plan
from layerwise.quantizing.flow.trace import NotTraceable, Pattern, computes_the_same, run, traced
from layerwise.quantizing.observers import OBSERVERS, affine

_LEVELS = 255


class Flows:
    """The flows of one prepared model in one scheme."""

    def __init__(self, prepared, options, sample, parts):
        self.prepared = prepared
        self.options = options
        self.found = []
        # Modules that were not traced, and why.
        self.refused = {}
        self._find(sample, {part.path for part in parts})

    def _find(self, sample, wanted):
        model, base = self.prepared.model, self.prepared.base
        with base.applied(model) as root, torch.no_grad():
            paths = {module: path for path, module in root.named_modules()}
            layers = {part.path: part for part in self.prepared.layers if part.path in wanted}
            modules = {part.module for part in layers.values()}
            waiting = [root]
            while waiting:
                with Calls(waiting, most=1) as calls:
                    sample.run(root)
                inner = []
                for module in waiting:
                    flow = self._of(module, paths[module], layers, calls)
                    if flow is not None:
                        self.found.append(flow)
                    closed = module.children() if flow is None else flow.closed(module)
                    inner += [part for child in closed for part in _called(child)]
                waiting = [part for part in dict.fromkeys(inner) if part not in modules and modules.intersection(part.modules())]

    def _of(self, module, path, layers, calls):
        if not calls.kept[module] or not module._modules:
            return None
        positional, words, output = calls.kept[module][0]
        inside = {own: layers[whole] for whole, own in _below(path, layers)}
        try:
            if any(part.module.weight.dtype is not torch.float32 for part in inside.values()):
                raise NotTraceable("its layers are not float32")
            pattern = Pattern.of(module, positional, words)
            graph = traced(module, pattern, leaves_of(module))
            flow = Flow(module, path, graph, pattern, inside)
            if not flow.plan(lambda part: True).is_worth_it():
                return None
            if not computes_the_same(graph, pattern.values(module, positional, words), output):
                raise NotTraceable("its graph does not compute what it computes")
        except NotTraceable as refusal:
            self.refused[path] = str(refusal)
            return None
        return flow

    def watching(self, base):
        """A variant on top of another one that shows this calibration the values it needs, in real numbers."""
        variant = Variant(base)
        for flow in self.found:
            variant.replace(flow.module, flow.watched(self.options))
        return variant

    def settle(self, seen):
        """Scales from what was seen, {Layer: Seen}: layers that read one class of values get one range."""
        for flow in self.found:
            flow.settle(seen, bool(self.options.symmetric))

    def install(self, variant):
        """Has the layers that became static in the variant hand on codes."""
        for flow in self.found:
            variant.modules.pop(flow.module, None)
            made = flow.made(variant)
            if made is None:
                continue
            try:
                with variant.applied(self.prepared.model):
                    made.forward.make()
            except NotTraceable as refusal:
                # It looks into its layers: the quantized ones give another graph.
                self.refused[flow.path] = str(refusal)
                continue
            variant.replace(flow.module, made)

    def in_place(self, variant, layer):
        """Forward.in_place of the flow that a variant's layer is in; None where it is in none."""
        for flow in self.found:
            found = flow.module in variant.modules and variant.modules[flow.module].forward.in_place(layer)
            if found:
                return found
        return None

    def describe(self, variant):
        """Where integers are handed on in a variant, or why nowhere, in a few words."""
        paths = [flow.path for flow in self.found if flow.module in variant.modules]
        if not paths:
            return f"layer by layer: {self.refused['']}" if "" in self.refused else ""
        if "" in paths:
            return "integers handed on"
        others = f" and {len(paths) - 2} more" if len(paths) > 2 else ""
        return f"integers handed on in {', '.join(paths[:2])}{others}"

    def plain(self, variant):
        """Those that are installed in a variant, as a file holds them."""
        return [
            {"path": flow.path, **variant.modules[flow.module].forward.plain()}
            for flow in self.found
            if flow.module in variant.modules
        ]


def _called(module):
    """The modules that are called where a container only holds them."""
    if type(module).forward is torch.nn.Module.forward:
        return [part for child in module.children() for part in _called(child)]
    return [module]


def _below(path, layers):
    """(whole path, path inside of a module)"""
    prefix = f"{path}." if path else ""
    return [(whole, whole.removeprefix(prefix)) for whole in layers if whole.startswith(prefix)]


class Flow:
    """One traced module."""

    def __init__(self, module, path, graph, pattern, layers):
        self.module = module
        self.path = path
        self.graph = graph
        self.pattern = pattern
        # {path inside of the module: Layer}
        self.layers = layers
        self._kinds = kinds_of(graph.graph, module, layers)
        self.scales = {}
        self._observers = {}

    def closed(self, module):
        """Modules inside that were called without being looked into."""
        paths = {node.target for node in self.graph.graph.nodes if node.op == "call_module"}
        return [module.get_submodule(path) for path in paths]

    def plan(self, takes):
        """The Plan where takes(Layer) says which of the layers compute with codes."""
        return Plan(self.graph.graph, self._kinds, {path for path, part in self.layers.items() if takes(part)})

    def watched(self, options):
        """A copy of the module that shows values to observers of their own: of those that no layer is given."""
        plan = self.plan(lambda part: True)
        self._observers = {}
        for node in [node for group in plan.classes() for node in group]:
            if any(not plan.is_layer(user) for user in plan.readers(node)):
                self._observers[node] = OBSERVERS[options.observer]()
        return _watching(self.module, self.graph, self.pattern, self._see)

    def _see(self, node, value):
        if node in self._observers:
            self._observers[node].see(value.detach())

    def settle(self, seen, symmetric):
        plan = self.plan(lambda part: part in seen and seen[part].observer is not None and seen[part].smooth is None)
        self.scales = {}
        for group in plan.classes():
            parts, observers = [], []
            for node in group:
                for user in plan.readers(node):
                    if plan.is_layer(user):
                        parts.append(self.layers[user.target])
                        observers.append(seen[parts[-1]].observer)
                    elif plan.kinds[user] is not None and plan.kinds[user].name == "map" and user in plan.codes:
                        observers.append(Narrowed(self._observers[node], plan.kinds[user].options["function"]))
                    else:
                        observers.append(self._observers[node])
            observers = [observer for observer in dict.fromkeys(observers) if observer.n_seen]
            if not observers:
                continue
            joined = Joined(observers)
            for part in parts:
                seen[part].observer = joined
            scale, *rest = affine(*joined.range(_LEVELS, symmetric), symmetric)
            # As the layers keep it.
            scale = steps.Scale(torch.tensor(scale).item(), *rest)
            for node in group:
                self.scales[node.name] = scale

    def made(self, variant):
        """The module with a forward over codes; None where none would be handed on."""
        plan = self.plan(lambda part: steps.takes_codes(variant.resolve(part.module)))
        needed = {node.name for group in plan.classes() for node in group}
        if not plan.is_worth_it() or not needed <= self.scales.keys():
            return None
        scales = {name: self.scales[name].plain() for name in sorted(needed)}
        return flowing(self.module, self.pattern.plain(), scales)


class Joined:
    """Several observers of values that have one scale: what any of them needs."""

    def __init__(self, observers):
        self.observers = observers

    @property
    def n_seen(self):
        return sum(observer.n_seen for observer in self.observers)

    def range(self, levels, symmetric):
        ends = [observer.range(levels, symmetric) for observer in self.observers]
        return min(low for low, _ in ends), max(high for _, high in ends)


class Narrowed:
    """An observer of what a function reads: without the ends over which the function hardly changes."""

    _POINTS = 4096
    # Of all that the function gives: a quarter of one of its results' steps.
    _CHANGE = 1 / (4 * _LEVELS)

    def __init__(self, observer, function):
        self.observer = observer
        self.function = function

    @property
    def n_seen(self):
        return self.observer.n_seen

    def range(self, levels, symmetric):
        low, high = self.observer.range(levels, symmetric)
        if not low < high:
            return low, high
        x = torch.linspace(low, high, self._POINTS)
        y = self.function(x.clone())
        least = (y.max() - y.min()) * self._CHANGE
        from_low, from_high = (y - y[0]).abs() > least, (y - y[-1]).abs() > least
        if not bool(from_low.any()):
            return low, high
        first = max(0, int(from_low.to(torch.uint8).argmax()) - 1)
        last = self._POINTS - max(1, int(from_high.flip(0).to(torch.uint8).argmax()))
        return x[first].item(), x[last].item()


def _watching(module, graph, pattern, see):
    """The module with a forward that runs its graph and shows every value; calls of another kind are not seen."""

    def forward(made, positional, words):
        values = pattern.values(made, positional, words)
        if values is None:
            return type(made).forward(made, *positional, **words)
        return run(graph, values, see)

    return stand_in(module, forward)
