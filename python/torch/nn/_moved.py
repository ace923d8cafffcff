"""The names under which quantized layers used to live: torch.nn.quantized and its kin lead on to torch.ao.nn, when they are asked."""

import importlib


def attributes_of(target):
    """A module's __getattr__ that looks in `target`, which is loaded by the first question."""

    def __getattr__(name):
        if name == "__all__":
            # What `from ... import *` asks.
            return [n for n in dir(importlib.import_module(target)) if not n.startswith("_")]
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(target), name)

    return __getattr__


def parts_of(package, names):
    """A module's __getattr__ that loads its own submodules `names` when they are asked for."""

    def __getattr__(name):
        if name in names:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
