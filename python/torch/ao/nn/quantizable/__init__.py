"""LSTM and attention made of parts that can be observed and quantized one by one."""

from .modules import *
