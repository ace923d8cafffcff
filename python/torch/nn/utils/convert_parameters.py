"""PyTorch's module path for these functions; they are defined in convert.py."""

from .convert import parameters_to_vector, vector_to_parameters
