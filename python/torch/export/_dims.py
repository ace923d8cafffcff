"""Names of dims that may vary. Dims computed from others are refused."""


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
