"""PyTorch's module path for Adadelta, which is defined in plain.py."""

from .plain import Adadelta

__all__ = ["Adadelta"]
