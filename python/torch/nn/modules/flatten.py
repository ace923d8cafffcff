"""PyTorch's module path for these layers; they are defined in shape.py."""

from .shape import Flatten, Unflatten

__all__ = ["Flatten", "Unflatten"]
