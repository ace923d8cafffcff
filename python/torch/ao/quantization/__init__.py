"""torch.ao.quantization in eager mode: observe a model's values, then replace its layers by integer ones."""

from torch.ao.quantization.utils import QuantType, get_combined_dict
from torch.ao.quantization.observer import *
from torch.ao.quantization.fake_quantize import *
from torch.ao.quantization.stubs import DeQuantStub, QuantStub, QuantWrapper
