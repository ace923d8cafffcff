"""PyTorch's module path for Rprop, which is defined in plain.py."""

from .plain import Rprop

__all__ = ["Rprop"]
