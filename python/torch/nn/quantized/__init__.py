"""The old name of torch.ao.nn.quantized."""

from torch.nn._moved import attributes_of

__getattr__ = attributes_of("torch.ao.nn.quantized")
