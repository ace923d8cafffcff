"""Collectives with gradients."""

from torch.distributed.nn import functional
from torch.distributed.nn.functional import *
