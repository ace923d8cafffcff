"""PyTorch's module path for these layers; they are defined in shape.py."""

from .shape import CosineSimilarity, PairwiseDistance

__all__ = ["CosineSimilarity", "PairwiseDistance"]
