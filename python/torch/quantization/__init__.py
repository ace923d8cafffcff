"""The old name of torch.ao.quantization."""

# Submodules first: two of them bear the names of functions, which are what users mean.
from torch.quantization import fuse_modules, quantize
from torch.ao.quantization import *
from torch.ao.quantization import fuse_modules, quantize
from torch.nn._moved import attributes_of

__getattr__ = attributes_of("torch.ao.quantization")
