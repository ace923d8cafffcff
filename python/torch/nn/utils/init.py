"""PyTorch's module path for these functions; they are defined in convert.py."""

from .convert import skip_init
