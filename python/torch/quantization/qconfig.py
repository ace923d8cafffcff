"""The old name of torch.ao.quantization.qconfig."""

from torch.nn._moved import attributes_of

__getattr__ = attributes_of("torch.ao.quantization.qconfig")
