"""torch.export makes ahead-of-time graphs, which this runtime has no use for: its functions say so, its names of dims exist."""

from torch._missing import _refusing

_WHY = "models run as the Python they are written in; there is no ahead-of-time graph to export to"

export = _refusing("torch.export", "export", _WHY)
load = _refusing("torch.export", "load", _WHY)
save = _refusing("torch.export", "save", _WHY)


class Dim:
    """A name of a dim that may vary."""

    AUTO = "AUTO"
    DYNAMIC = "DYNAMIC"
    STATIC = "STATIC"

    def __init__(self, name, *, min=None, max=None):
        self.__name__ = name
        self.min = min
        self.max = max


class ExportedProgram:
    """For isinstance: none is ever made."""


def register_dataclass(cls, *, serialized_type_name=None):
    """Nothing is exported, so nothing has to know the class."""
