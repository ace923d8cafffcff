"""PyTorch's module path for ASGD, which is defined in plain.py."""

from .plain import ASGD

__all__ = ["ASGD"]
