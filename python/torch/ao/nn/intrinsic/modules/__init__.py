from .fused import *
from .fused import _FusedModule
