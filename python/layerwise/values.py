"""What models are given and give: tensors, alone or inside lists, tuples, dicts and dataclasses."""

import copy

import torch

# What holds itself would never end.
_MOST_DEPTH = 6


def collect(value, name, found, depth=0):
    """Appends (name, tensor) for every tensor in a value, named as one would reach it: "x", "out.logits", "cache[0]"."""
    if isinstance(value, torch.Tensor):
        found.append((name, value))
    elif depth > _MOST_DEPTH:
        return
    elif isinstance(value, dict):
        for key, item in value.items():
            collect(
                item,
                f"{name}.{key}" if isinstance(key, str) and key.isidentifier() else f"{name}[{key!r}]",
                found,
                depth + 1,
            )
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for field in value._fields:
            collect(getattr(value, field), f"{name}.{field}", found, depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            collect(item, f"{name}[{index}]", found, depth + 1)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for field in value.__dataclass_fields__:
            collect(getattr(value, field, None), f"{name}.{field}", found, depth + 1)


def tensors_in(value):
    """All tensors in what a module was given or returned, in order."""
    found = []
    collect(value, "", found)
    return [tensor for _, tensor in found]


def clone_of(value):
    """The same value with tensors of its own: what a module was given or gave may be written to later on."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        made = copy.copy(value)
        for key, item in value.items():
            made[key] = clone_of(item)
        return made
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(clone_of(item) for item in value))
    if type(value) in (list, tuple):
        return type(value)(clone_of(item) for item in value)
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        made = copy.copy(value)
        for field in value.__dataclass_fields__:
            # Frozen ones are copied as well.
            object.__setattr__(made, field, clone_of(getattr(value, field, None)))
        return made
    return value
