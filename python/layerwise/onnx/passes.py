"""Calls of a model that are repeated without Python: the second call with inputs of the same shapes is written down by the runtime, op
by op, and later ones run what was written. Where the model looks at numbers (If, Loop), there is one pass for each way that calls took,
and a new one goes through Python. Decides when that is the same thing; what a pass does is decided in src/runtime/replay."""

from itertools import chain
from operator import attrgetter

import _core
import torch
from torch import _intercept, _scopes
from torch._C import _handles, _wrap_many
from torch.nn.modules import _hooks as _global

# Shapes that are remembered, and those of which passes are kept; of both the oldest go first.
_MOST_SHAPES = 64
_MOST_PASSES = 8
# Ways through the model for the same shapes. What takes more, and one call after the other yet another, is not repeated.
_MOST_WAYS = 8
_MOST_MISSES = 16

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Pass:
    """One pass, written down."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __del__(self):
        _core.plan_drop(self.number)


class Ways:
    """The passes for inputs of some shapes, the one that was taken last first; each holds for other numbers."""

    __slots__ = ("passes", "misses")

    def __init__(self, first):
        self.passes = [first]
        self.misses = 0

    def run(self, inputs):
        """The outputs, or what plan_run says: an error, a pass that holds no longer, or numbers that no pass is for."""
        handles = _handles(inputs)
        for i, found in enumerate(self.passes):
            n = _core.plan_run(found.number, handles if i == 0 else _handles(inputs))
            if n == -3:
                continue
            if n >= 0:
                self.misses = 0
                if i > 0:
                    self.passes.insert(0, self.passes.pop(i))
                return _wrap_many(n)
            return n
        self.misses += 1
        return -3


_OURS = ("layerwise.onnx.", "layerwise.quantizing.layers", "torch.nn.modules.linear", "torch.nn.modules.conv")


def _is_repeatable(module):
    """Does it do the same in each call, whatever is set on it from outside? Layers that others wrote may not."""
    tensors = chain(module._parameters.values(), module._buffers.values())
    is_plain = all(t is None or type(t) in _PLAIN for t in tensors)
    return is_plain and type(module).__module__.startswith(_OURS) and "forward" not in module.__dict__


_is_training = attrgetter("training")


def _is_single(value):
    return isinstance(value, torch.Tensor) and value.numel() == 1


class _Guard:
    """What a model is made of: has it changed since?"""

    def __init__(self, model, made):
        modules = list(model.modules())
        self.parts = [part for module in modules for part in (module._modules, module._parameters, module._buffers)]
        self.was = [dict(part) for part in self.parts]
        # Dicts are compared by what they hold, and a tensor of one number may equal another one.
        self.single = [(part, name, t) for part in self.parts for name, t in part.items() if _is_single(t)]
        self.hooks = [getattr(module, name) for module in modules for name in _HOOKS]
        self.modules = modules
        self.training = [module.training for module in modules]
        # What was computed from tensors of the model holds as long as these are not written to.
        self.made = [(source, source._version) for source in made]

    def holds(self):
        try:
            is_same = self.parts == self.was
        except RuntimeError:
            # Two tensors are no yes or no: they are two.
            return False
        return (
            is_same
            and all(part[name] is t for part, name, t in self.single)
            and not any(self.hooks)
            and [*map(_is_training, self.modules)] == self.training
            and all(source._version == version for source, version in self.made)
        )


class Passes:
    """Of one model. `sources()`: the tensors of which something was made and kept."""

    def __init__(self, model, sources):
        self.model = model
        self.sources = sources
        self.guard = None
        # {shapes: how often they came}, {shapes: Ways or None where it cannot be repeated}
        self.seen = {}
        self.passes = {}

    def __reduce__(self):
        # A copy, and what comes back from a file, is another model: passes are of one.
        return type(None), ()

    def forget(self):
        self.guard = None
        self.seen.clear()
        self.passes.clear()

    def call(self, inputs, forward):
        """The outputs of forward(), which are tensors, for a list of tensors."""
        key = self._key(inputs)
        if key is None:
            return forward()
        if self.guard is not None and not self.guard.holds():
            self.forget()
        if key not in self.passes:
            n = self.seen[key] = self.seen.pop(key, 0) + 1
            if n == 1:
                if len(self.seen) > _MOST_SHAPES:
                    del self.seen[next(iter(self.seen))]
                return forward()
            return self._recorded(key, inputs, forward)
        found = self.passes[key]
        if found is None:
            return forward()
        outputs = found.run(inputs)
        if not isinstance(outputs, int):
            return outputs
        if outputs == -2:
            del self.passes[key]
        elif outputs == -3:
            if found.misses >= _MOST_MISSES:
                self.passes[key] = None
            elif len(found.passes) < _MOST_WAYS:
                return self._recorded(key, inputs, forward)
        # An error comes again with the name of its node.
        return forward()

    def _key(self, inputs):
        if _scopes.on or _intercept.is_busy() or _global._has_any_global_hook():
            return None
        parts = [torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()]
        for x in inputs:
            if type(x) not in _PLAIN or x.is_meta:
                return None
            parts += x.shape, x.dtype, x.device
        return tuple(parts)

    def _recorded(self, key, inputs, forward):
        if self.guard is None:
            if not all(map(_is_repeatable, self.model.modules())):
                self.passes[key] = None
                return forward()
            self.guard = _Guard(self.model, self.sources())
        if not _core.plan_begin(_handles(inputs)):
            return forward()
        try:
            outputs = forward()
        except BaseException:
            _core.plan_end(-1)
            raise
        number = _core.plan_end(_handles(outputs))
        known = self.passes.get(key)
        if known is not None and number > 0:
            known.passes.insert(0, Pass(number))
            return outputs
        if known is None and len(self.passes) >= _MOST_PASSES:
            del self.passes[next(iter(self.passes))]
        self.passes[key] = Ways(Pass(number)) if number > 0 else None
        return outputs
