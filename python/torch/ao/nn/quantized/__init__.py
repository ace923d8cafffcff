"""Layers that take and give quantized tensors; the dynamic ones take and give floats."""

from . import functional
from .modules import *
from . import modules
from . import dynamic
