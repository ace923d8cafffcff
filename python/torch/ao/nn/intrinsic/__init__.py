"""Layers that belong together: a convolution or matrix product with what follows it, observed and quantized as one."""

from .modules import *
from .modules.fused import _FusedModule
from . import qat, quantized
