from .conv_fused import *
from .linear_fused import LinearBn1d
from .linear_relu import LinearReLU
