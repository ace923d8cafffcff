"""numpy.random: the legacy functions over one global RandomState, and default_rng."""

from layerwise import lifecycle
from numpy.random._generator import Generator, default_rng
from numpy.random._legacy import NAMES, RandomState, _global
from numpy.random._mt19937 import MT19937
from numpy.random._pcg64 import PCG64, SeedSequence

BitGenerator = PCG64
globals().update({name: getattr(_global, name) for name in NAMES})
# A snapshot would give every run the same numbers.
lifecycle.on_start(_global.seed)


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module 'numpy.random' has no attribute {name!r}")
    raise NotImplementedError(f"numpy.random.{name} is not available in Layerwise's numpy")
