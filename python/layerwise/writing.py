"""Texts that give values again: what inference has found, written as a person would type it. Refuses what it cannot write.

A class that the reading file does not know by its own name is written with its module: nets.config.NetConfig(width=48).
"""

import dataclasses
import enum
import functools
import types

import torch

from layerwise.definitions import module_named
from layerwise.failures import is_user_file
from layerwise.specs import TensorSpec, describe_tensor

SIMPLE = (int, float, bool, str, bytes, type(None))
_CONTAINERS = ("Sequential", "ModuleList")


def write(value, names=None, inside=None):
    """Text that evaluates to the value, or None. `names` maps ids of objects to texts that are known to make them; `inside`
    is the module whose file reads it."""
    return _Writer(names or {}, inside).text(value)


def name_of(thing, inside=None):
    """The name of a class or function for a reader: its own, or with its module; None where there is none."""
    name = getattr(thing, "__qualname__", "")
    module = getattr(thing, "__module__", "") or ""
    if "<" in name:
        return None
    if module.startswith("torch.nn.modules"):
        return f"nn.{name}"
    if module.startswith("torch.nn.functional"):
        return f"F.{name}"
    if inside is None or module == inside.__name__:
        return name
    home = module_named(module)
    if getattr(home, "__file__", None) is None or not is_user_file(home.__file__):
        return name
    known = vars(inside).get(name.partition(".")[0])
    return name if known is not None and known is vars(home).get(name.partition(".")[0]) else f"{module}.{name}"


class _Writer:
    def __init__(self, names, inside):
        self.names = names
        self.inside = inside

    def text(self, value):
        if id(value) in self.names:
            return self.names[id(value)]
        if isinstance(value, TensorSpec):
            return value.text()
        if isinstance(value, torch.Tensor):
            return describe_tensor(value).text()
        if type(value) in SIMPLE:
            return repr(value)
        if isinstance(value, torch.dtype):
            return str(value)
        if isinstance(value, enum.Enum):
            owner = name_of(type(value), self.inside)
            return owner and f"{owner}.{value.name}"
        if type(value) in (list, tuple, torch.Size):
            parts = [self.text(item) for item in value]
            if None in parts:
                return None
            if type(value) is list:
                return f"[{', '.join(parts)}]"
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._call(type(value), value._asdict())
        if type(value) is dict:
            parts = [(self.text(key), self.text(item)) for key, item in value.items()]
            if any(None in part for part in parts):
                return None
            return "{" + ", ".join(f"{key}: {item}" for key, item in parts) + "}"
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            return name_of(value, self.inside)
        if dataclasses.is_dataclass(value):
            fields = [field for field in dataclasses.fields(value) if field.init]
            items = {field.name: (field, getattr(value, field.name, None)) for field in fields}
            return self._call(type(value), {key: item for key, (field, item) in items.items() if _differs(field, item)})
        if isinstance(value, functools.partial):
            positional = [self.text(item) for item in (value.func, *value.args)]
            words = self._words(value.keywords)
            return None if None in positional or words is None else f"functools.partial({', '.join([*positional, *words])})"
        if isinstance(value, types.SimpleNamespace):
            words = self._words(vars(value))
            return None if words is None else f"SimpleNamespace({', '.join(words)})"
        if isinstance(value, torch.nn.Module):
            return self._layer(value)
        return None

    def _words(self, items):
        texts = {name: self.text(item) for name, item in items.items()}
        return None if None in texts.values() else [f"{name}={text}" for name, text in texts.items()]

    def _call(self, cls, items):
        words, name = self._words(items), name_of(cls, self.inside)
        return None if words is None or name is None else f"{name}({', '.join(words)})"

    def _layer(self, layer):
        """PyTorch's own layers say of themselves what they were made of."""
        cls = type(layer)
        if not cls.__module__.startswith("torch.nn.modules"):
            return None
        children = list(layer.children())
        if not children:
            said = layer.extra_repr()
            return f"nn.{cls.__name__}({said})" if _is_arguments(said) else None
        if cls.__name__ not in _CONTAINERS or not all(name.isdecimal() for name, _ in layer.named_children()):
            return None
        parts = [self.text(child) for child in children]
        if None in parts:
            return None
        inner = ", ".join(parts)
        return f"nn.{cls.__name__}({inner})" if cls.__name__ == "Sequential" else f"nn.{cls.__name__}([{inner}])"


def _is_arguments(text):
    try:
        compile(f"f({text})", "<layer>", "eval")
        return True
    except SyntaxError:
        return False


def _differs(field, item):
    if field.default is not dataclasses.MISSING:
        return field.default != item
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory() != item
    return True
