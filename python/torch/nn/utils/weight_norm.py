"""PyTorch's module path for weight_norm; it is defined in _norms.py."""

from ._norms import WeightNorm, remove_weight_norm, weight_norm
