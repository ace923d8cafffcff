"""The old name of torch.ao.quantization.quantize."""

from torch.nn._moved import attributes_of

__getattr__ = attributes_of("torch.ao.quantization.quantize")
