"""numpy.lib: stride_tricks only."""

from numpy.lib import stride_tricks


def __getattr__(name):
    raise NotImplementedError(f"numpy.lib.{name} is not available in Layerwise's numpy")
