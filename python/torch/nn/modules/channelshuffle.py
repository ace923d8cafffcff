"""PyTorch's module path for these layers; they are defined in shape.py."""

from .shape import ChannelShuffle

__all__ = ["ChannelShuffle"]
