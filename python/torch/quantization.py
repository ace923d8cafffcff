"""The old name of torch.ao.quantization."""

from torch.ao.quantization import *
from torch.ao.quantization import (
    DeQuantStub, QConfig, QuantStub, QuantWrapper, convert, fuse_modules, get_default_qat_qconfig, get_default_qconfig, prepare,
    prepare_qat, quantize, quantize_dynamic,
)
