"""Fused layers whose weight is rounded in every forward pass."""

from .modules import *
