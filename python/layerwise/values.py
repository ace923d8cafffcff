"""What models are given and give: tensors, alone or inside lists, tuples and groups (dicts, dataclasses, named tuples, plain
namespaces)."""

import copy
import types

import torch

# What holds itself would never end.
_MOST_DEPTH = 6


def parts_of(group):
    """{key or field: part} of a group, None for what is none."""
    if isinstance(group, dict):
        return dict(group)
    if isinstance(group, tuple) and hasattr(group, "_fields"):
        return group._asdict()
    if hasattr(group, "__dataclass_fields__") and not isinstance(group, type):
        return {field: getattr(group, field, None) for field in group.__dataclass_fields__}
    if isinstance(group, types.SimpleNamespace):
        return dict(vars(group))
    return None


def with_parts(group, parts):
    """A group of the same class with other parts; constructors do not run again."""
    if isinstance(group, tuple):
        return group._replace(**parts)
    made = copy.copy(group)
    for key, part in parts.items():
        if isinstance(group, dict):
            made[key] = part
        else:
            # Frozen dataclasses, too.
            object.__setattr__(made, key, part)
    return made


def collect(value, name, found, depth=0):
    """Appends (name, tensor) for every tensor in a value, named as one would reach it: "x", "out.logits", "cache[0]"."""
    if isinstance(value, torch.Tensor):
        found.append((name, value))
        return
    if depth > _MOST_DEPTH:
        return
    parts = parts_of(value)
    if parts is not None:
        for key, part in parts.items():
            is_field = isinstance(key, str) and key.isidentifier()
            collect(part, f"{name}.{key}" if is_field else f"{name}[{key!r}]", found, depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            collect(item, f"{name}[{index}]", found, depth + 1)


def tensors_in(value):
    """All tensors in what a module was given or returned, in order."""
    found = []
    collect(value, "", found)
    return [tensor for _, tensor in found]


def mapped(value, change, name=""):
    """The same value with `change(leaf, name)` in the place of everything that is no list, tuple or group. What holds nothing that
    changes is not copied."""
    parts = parts_of(value)
    if parts is not None:
        made = {key: mapped(part, change, str(key)) for key, part in parts.items()}
        return with_parts(value, made) if any(made[key] is not part for key, part in parts.items()) else value
    if type(value) in (list, tuple):
        items = [mapped(item, change, name) for item in value]
        return type(value)(items) if any(item is not part for item, part in zip(items, value)) else value
    return change(value, name)


def clone_of(value):
    """The same value with tensors and lists of its own: what a module was given or gave may be written to later on."""
    parts = parts_of(value)
    if parts is not None:
        return with_parts(value, {key: clone_of(part) for key, part in parts.items()})
    if type(value) in (list, tuple):
        return type(value)(clone_of(item) for item in value)
    return value.detach().clone() if isinstance(value, torch.Tensor) else value
