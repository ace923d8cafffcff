"""Fused layers between floats."""

from .modules import *
