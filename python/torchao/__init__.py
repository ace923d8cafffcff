"""torchao for scripts that quantize with it: its API over our kernels (docs/torchao.md lists it). Refuses by name what no kernel does."""

from torchao import core, dtypes, quantization, sparsity, utils
from torchao.quantization import autoquant, quantize_

__version__ = "0.15.0"
