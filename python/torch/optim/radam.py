"""PyTorch's module path for RAdam, which is defined in plain.py."""

from .plain import RAdam

__all__ = ["RAdam"]
