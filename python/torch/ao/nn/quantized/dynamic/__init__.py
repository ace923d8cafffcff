"""Layers of int8 or float16 weights between floats: activations are quantized on the fly."""

from .modules import *
