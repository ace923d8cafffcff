"""Fused layers of integers."""

from .modules import *
from . import dynamic
