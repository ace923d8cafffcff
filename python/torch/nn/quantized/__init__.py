"""torch.nn.quantized as far as float models use it: FloatFunctional, the marker of functional ops before quantization."""

from .functional_modules import FloatFunctional

__all__ = ["FloatFunctional"]
