"""How to build and call a target: texts that are evaluated anew for every device. Finds nothing out by itself."""

import contextlib
import copy
import dataclasses
import inspect

import torch

from layerwise.specs import evaluate, materialize, namespace_of, shapes_device


@dataclasses.dataclass
class Choice:
    name: str
    text: str
    origin: str
    why: str = ""

    def plain(self):
        found = {"name": self.name, "value": self.text, "from": self.origin}
        if self.why:
            found["why"] = self.why
        return found


class Plan:
    """How to build and call a target: texts only, evaluated anew for every device."""

    def __init__(self, module, target, kind):
        self.module = module
        self.target = target
        self.kind = kind
        # A function that makes the model, and a model that the file holds: what stands in the place of the class's call.
        self.maker = None
        self.instance = None
        self.init = {}
        self.inputs = {}
        # The error of the best trial where none went through: the real run will show it.
        self.trouble = None

    def setup(self):
        return {
            "init": [choice.plain() for choice in self.init.values()],
            "inputs": [choice.plain() for choice in self.inputs.values()],
        }

    def build(self, device=None):
        """The callable: a new instance of the class on a device, or the function itself."""
        if self.kind == "function":
            return self.target
        if self.instance is not None:
            # The person's own stays as it is.
            return copy.deepcopy(self.instance).to(device or "cpu")
        space = namespace_of(self.module)
        with on_device(device):
            if "self" in self.init:
                # A part of something whole, for which no arguments can be written down.
                return evaluate(self.init["self"].text, space, "self")
            values = {
                name: materialize(evaluate(choice.text, space, name), name, device)
                for name, choice in self.init.items()
                if choice.origin != "default"
            }
            return construct(self.maker or self.target, values)

    def arguments(self, device=None):
        """Keyword arguments for one call."""
        space = namespace_of(self.module)
        with on_device(device):
            return {
                name: materialize(evaluate(choice.text, space, name), name, device)
                for name, choice in self.inputs.items()
                if choice.origin != "default"
            }


def on_device(device):
    """Without native code there is one device, and no need to ask for it in every factory."""
    if device == "cpu" and shapes_device() == "cpu":
        return contextlib.nullcontext()
    return torch.device(device) if device is not None else torch.device("cpu")


def construct(cls, values):
    """Arguments may also be those of a base class, to which the class hands on what it does not know itself."""
    positional, words = _split(inspect.signature(cls), values)
    return cls(*positional, **words)


def call(target, values):
    """Calls with values by name, also where the signature wants them by position."""
    function = target.forward if isinstance(target, torch.nn.Module) else target
    positional, words = _split(inspect.signature(function), values)
    return target(*positional, **words)


def _split(signature, values):
    positional, words = [], dict(values)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in words:
            positional.append(words.pop(parameter.name))
        elif parameter.kind is parameter.VAR_POSITIONAL and parameter.name in words:
            positional.extend(words.pop(parameter.name))
    return positional, words
