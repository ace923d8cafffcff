"""PyTorch's module path for Adafactor."""

from .factored import Adafactor

__all__ = ["Adafactor"]
