"""What layers with a rounded weight have in common."""


def weight_fake_quant(qconfig, device=None, dtype=None):
    if not qconfig:
        raise AssertionError("qconfig must be provided for QAT module")
    return qconfig.weight(factory_kwargs={"device": device, "dtype": dtype})


def check_float(cls, mod, kind):
    """That a float module may become one of `cls`."""
    if kind != cls._FLOAT_MODULE:
        raise AssertionError(f"qat.{cls.__name__}.from_float only works for {cls._FLOAT_MODULE.__name__}, got {kind.__name__}")
    if not hasattr(mod, "qconfig"):
        raise AssertionError("Input float module must have qconfig defined")
    if not mod.qconfig:
        raise AssertionError("Input float module must have a valid qconfig")
