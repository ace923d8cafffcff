"""Batches in pinned memory, whatever they are made of."""

import collections.abc
import copy

import torch


def pin(data):
    """Tensors inside of containers are pinned, what has a pin_memory() of its own is asked, the rest stays."""
    if isinstance(data, torch.Tensor):
        return data.pin_memory()
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, collections.abc.Mapping):
        pinned = {key: pin(value) for key, value in data.items()}
        return _alike(data, pinned) if isinstance(data, collections.abc.MutableMapping) else type(data)(pinned)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(pin(value) for value in data))
    if isinstance(data, collections.abc.Sequence):
        return type(data)([pin(value) for value in data])
    return data


def _alike(data, pinned):
    """The mapping type may carry more than its items: a copy of it gets the new ones."""
    made = copy.copy(data)
    made.update(pinned)
    return made
