"""PyTorch's module path for these layers; they are defined in shape.py."""

from .shape import Fold, Unfold

__all__ = ["Fold", "Unfold"]
