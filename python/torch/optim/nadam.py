"""PyTorch's module path for NAdam, which is defined in plain.py."""

from .plain import NAdam

__all__ = ["NAdam"]
