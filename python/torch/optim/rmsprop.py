"""PyTorch's module path for RMSprop, which is defined in plain.py."""

from .plain import RMSprop

__all__ = ["RMSprop"]
