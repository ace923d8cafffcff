"""torch.ao: quantization, and pruning by masks; its parts load when they are asked for."""

import importlib

from torch.ao import quantization

_PARTS = frozenset(("nn", "pruning"))


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module(f"torch.ao.{name}")
    raise AttributeError(f"module 'torch.ao' has no attribute {name!r}")
