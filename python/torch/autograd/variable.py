"""The old name of a tensor on the tape."""

from torch import Tensor as Variable
