"""PyTorch's module path for Adamax, which is defined in plain.py."""

from .plain import Adamax

__all__ = ["Adamax"]
