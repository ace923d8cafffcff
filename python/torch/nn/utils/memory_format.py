"""PyTorch's module path for these functions; they are defined in convert.py."""

from .convert import convert_conv2d_weight_memory_format, convert_conv3d_weight_memory_format
