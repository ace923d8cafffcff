"""torch.export makes ahead-of-time graphs, which this runtime has no use for: its functions say so, its names of dims exist."""

from torch._missing import _refusing

_WHY = "models run as the Python they are written in; there is no ahead-of-time graph to export to"

export = _refusing("torch.export", "export", _WHY)
load = _refusing("torch.export", "load", _WHY)
save = _refusing("torch.export", "save", _WHY)


class _DimHint:
    """A dim of which is said whether it varies, and no name: Dim.AUTO, Dim.DYNAMIC(min=2), Dim.STATIC."""

    def __init__(self, kind, min=None, max=None):
        self.kind, self.min, self.max = kind, min, max

    def __call__(self, *, min=None, max=None):
        return _DimHint(self.kind, min, max)

    def __repr__(self):
        parts = [self.kind, *(f"{name}={value}" for name, value in (("min", self.min), ("max", self.max)) if value is not None)]
        return f"DimHint({', '.join(parts)})"


class Dim:
    """A name of a dim that may vary."""

    AUTO = _DimHint("AUTO")
    DYNAMIC = _DimHint("DYNAMIC")
    STATIC = _DimHint("STATIC")

    def __init__(self, name, *, min=None, max=None):
        if min is not None and max is not None and max <= min:
            raise AssertionError(f"Cannot create Dim with inconsistent min={min}, max={max}")
        self.__name__ = name
        self.min = min
        self.max = max

    def __repr__(self):
        return f"Dim('{self.__name__}')"

    def _derived(self, other):
        raise NotImplementedError(f"{self!r}: dims computed from others are not supported: give each its own name, or Dim.AUTO")

    __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = _derived


def dims(*names, min=None, max=None):
    """A Dim for each name."""
    return tuple(Dim(name, min=min, max=max) for name in names)


class ExportedProgram:
    """For isinstance: none is ever made."""


def register_dataclass(cls, *, serialized_type_name=None):
    """Nothing is exported, so nothing has to know the class."""
