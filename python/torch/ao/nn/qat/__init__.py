"""Layers whose weight is rounded in every forward pass, for training that sees it."""

from .modules import *
