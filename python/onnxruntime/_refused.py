"""How a module says that a name of the real one is not here: when it is asked for, in one sentence."""


def refusing(place, names):
    """A module's __getattr__: these names are refused, anything else does not exist."""
    known = frozenset(names.split())

    def __getattr__(name):
        if name in known:
            raise NotImplementedError(f"{place}.{name} is not available in Layerwise's {place.partition('.')[0]}")
        raise AttributeError(f"module {place!r} has no attribute {name!r}")

    return __getattr__
