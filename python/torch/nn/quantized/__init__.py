"""torch.nn.quantized as far as float models use it: FloatFunctional, which marks functional ops."""

from .functional_modules import FloatFunctional

__all__ = ["FloatFunctional"]
