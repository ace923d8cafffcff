"""einops for those who have none: patterns over torch tensors and numpy arrays. An environment's own einops comes first."""

from einops._operations import EinopsError, asnumpy, einsum, parse_shape, rearrange, reduce, repeat
from einops._packing import pack, unpack

__all__ = ["rearrange", "reduce", "repeat", "einsum", "pack", "unpack", "parse_shape", "asnumpy", "EinopsError"]
__version__ = "0.8.2"
