"""The forward of a module whose layers hand on codes: made from its graph, run as straight Python. A call of another kind
than the graph was made for, or with hooks inside, takes the module's own forward: layer by layer, in real numbers."""

import copy
import functools

import torch
from torch import _scopes as scopes

from layerwise.proof.variant import own_tensors
from layerwise.quantizing.flow import steps
from layerwise.quantizing.flow.maker import Maker
from layerwise.quantizing.flow.program import compiled, filled
from layerwise.quantizing.flow.trace import Pattern, has_hooks, traced


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
    """Called in place of the forward of `module`; `arguments` say how (Pattern), `scales` what values of nodes mean (Scale)."""

    def __init__(self, module, arguments, scales):
        self.module = module
        self.arguments = arguments
        self.scales = scales
        # (steps, the same as one function): as it runs, and as files have it.
        self._program = self._apart = None

    def plain(self):
        return {"arguments": self.arguments, "scales": self.scales}

    def __getstate__(self):
        # What was made is made again where a copy is called: it knows the layers of this one.
        return {"module": self.module, "arguments": self.arguments, "scales": self.scales, "_program": None, "_apart": None}

    def __call__(self, *given, **words):
        if self._program is None:
            self.make()
        if self.module.training or any(self._opened):
            return self._layer_by_layer(given, words)
        values = given
        if words or len(given) != self._n_leading:
            values = self._pattern.values(self.module, given, words)
        if values is None or not all(isinstance(value, torch.Tensor) for value in values):
            return self._layer_by_layer(given, words)
        steps, run = self._apart if torch.compiler._is_as_in_file else self._program
        if scopes.on or any(self._hooks):
            return self._run_slowly(steps, values)
        return run(*values)

    def in_place(self, layer):
        """prepare(x): a function without arguments that does what the layer does for an input, from codes to what it gives;
        None for a layer that is called as ever."""
        for step in self._program[0]:
            if step.layer is layer:
                return lambda x: functools.partial(step.function, *step.given_for(x))
        return None

    def _layer_by_layer(self, given, words):
        return type(self.module).forward(self.module, *given, **words)

    def make(self):
        """Ready to be called; raises NotTraceable where the module is another one than the scales are of."""
        module = self.module
        self._pattern = Pattern.read(self.arguments)
        graph = traced(module, self._pattern, leaves_of(module))
        scales = {name: steps.Scale(*plain) for name, plain in self.scales.items()}
        self._program, self._apart = (_program(Maker(graph, scales, joins)) for joins in (True, False))
        layers = [step.layer for step in self._program[0] if step.layer is not None]
        self._hooks = tuple(hooks for layer in layers for hooks in (layer._forward_hooks, layer._forward_pre_hooks))
        opened = [module.get_submodule(path) for path in graph.opened]
        self._opened = tuple(hooks for part in opened for hooks in (part._forward_hooks, part._forward_pre_hooks))
        self._n_leading = len(self._pattern.tensors) if self._pattern.leading(module) else -1

    def _run_slowly(self, steps, values):
        """Step by step, so that who watches modules sees them: a layer with hooks is handed real numbers."""
        held = dict(zip((step.name for step in steps), values))
        inside = []
        try:
            for step in steps:
                _move(inside, step.place, self.module)
                if step.function is None:
                    if step.name == "":
                        return filled(step.args, held)
                    continue
                args, words = filled(step.args, held), filled(step.words, held)
                if step.layer is None:
                    held[step.name] = step.function(*args, **words)
                elif has_hooks(step.layer):
                    held[step.name] = step.watched(*args)
                else:
                    held[step.name] = _in_scope(step.layer, step.function, args)
        finally:
            _move(inside, (), self.module)


def _program(maker):
    steps, names = maker.made()
    return steps, compiled(steps, names)


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
