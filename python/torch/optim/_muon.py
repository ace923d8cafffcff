"""PyTorch's module path for Muon."""

from .factored import Muon

__all__ = ["Muon"]
