"""torch.ao.nn: layers before (intrinsic, quantizable), during (qat) and after (quantized) quantization; loaded when
asked for."""

import importlib

_PARTS = frozenset(("intrinsic", "qat", "quantizable", "quantized"))


def __getattr__(name):
    if name in _PARTS:
        return importlib.import_module(f"torch.ao.nn.{name}")
    raise AttributeError(f"module 'torch.ao.nn' has no attribute {name!r}")
