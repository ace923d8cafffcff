"""What PyTorch has and this package does not: a function that says so when it is called. Other names are AttributeErrors."""

from torch import _known

_tensor_methods = frozenset(_known.TENSOR.split())


def _refusing(place, name, why=""):
    """A function that raises: because it is not there yet, or for the reason `why`, which no later version will change."""

    def refuse(*args, **kwargs):
        raise NotImplementedError(
            f"{place}.{name} is not supported: {why}" if why else
            f"{place}.{name} is not supported yet; docs/ops.md lists what is"
        )

    refuse.__name__ = refuse.__qualname__ = name
    # What tools/coverage/check.py reads.
    refuse.__refuses__ = why
    return refuse


def missing_from(place, names):
    """A module's __getattr__ for `place`."""
    known = frozenset(names.split())

    def __getattr__(name):
        if name in known:
            return _refusing(place, name)
        raise AttributeError(f"module {place!r} has no attribute {name!r}")

    return __getattr__


def missing_method(tensor, name):
    """What Tensor.__getattr__ answers."""
    if name in _tensor_methods:
        return _refusing("torch.Tensor", name)
    raise AttributeError(f"{type(tensor).__name__!r} object has no attribute {name!r}")
