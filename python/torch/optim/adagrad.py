"""PyTorch's module path for Adagrad, which is defined in plain.py."""

from .plain import Adagrad

__all__ = ["Adagrad"]
