"""PyTorch's module path for these layers; they are defined in shape.py."""

from .shape import Upsample, UpsamplingNearest2d, UpsamplingBilinear2d

__all__ = ["Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"]
