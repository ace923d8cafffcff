"""PyTorch's module path for these layers; they are defined in shape.py."""

from .shape import PixelShuffle, PixelUnshuffle

__all__ = ["PixelShuffle", "PixelUnshuffle"]
