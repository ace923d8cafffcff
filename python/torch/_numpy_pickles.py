"""NumPy's arrays and scalars in checkpoints, by the names that the real NumPy pickles them with. NumPy is imported only where a
checkpoint or the program already has it."""

import base64
import sys
import types

_MODULES = ("numpy._core.multiarray", "numpy.core.multiarray")


def _reconstruct(subtype, shape, dtype):
    raise TypeError("NumPy's pickles are read by torch.load only")


def scalar(dtype, data):
    raise TypeError("NumPy's pickles are read by torch.load only")


_reconstruct.__module__ = scalar.__module__ = _MODULES[0]


def names():
    """What a checkpoint may name; the objects behind the names are not called."""
    found = {f"{module}.{function.__name__}": function for module in _MODULES for function in (_reconstruct, scalar)}
    return found | {"numpy.ndarray": _reconstruct, "numpy.dtype": _reconstruct}


def make(what, kind, *rest):
    """Carries out a step of torch._rebuild."""
    import numpy

    if what == "numpy dtype":
        return numpy.dtype(kind)
    data = base64.b64decode(rest[-1])
    if what == "numpy scalar":
        return numpy.frombuffer(data, dtype=kind)[0]
    sizes, is_fortran = rest[0], rest[1]
    flat = numpy.frombuffer(data, dtype=kind)
    array = flat.reshape(tuple(reversed(sizes))).T if is_fortran else flat.reshape(tuple(sizes))
    return array.copy(order="K")


def reduce(obj):
    """How torch.save writes a value of NumPy's; None for everything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(obj, (numpy.ndarray, numpy.generic, numpy.dtype)):
        return None
    _provide_names(numpy)
    if isinstance(obj, numpy.dtype):
        order = "|" if obj.itemsize == 1 else "<"
        return numpy.dtype, (_code(obj), False, True), (3, order, None, None, None, -1, -1, 0)
    if obj.dtype.kind not in "biufc":
        raise NotImplementedError(f"torch.save of NumPy arrays of {obj.dtype} is not supported: expected numbers or bools")
    if isinstance(obj, numpy.generic):
        return scalar, (obj.dtype, obj.tobytes())
    return _reconstruct, (numpy.ndarray, (0,), b"b"), (1, tuple(obj.shape), obj.dtype, False, obj.tobytes())


def _code(dtype):
    return f"{dtype.kind}{dtype.itemsize}"


def _provide_names(numpy):
    """The pickler looks each name up before it writes it."""
    numpy.dtype.__module__ = numpy.ndarray.__module__ = "numpy"
    for name in (_MODULES[0].rpartition(".")[0], _MODULES[0]):
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
    sys.modules[_MODULES[0]].__dict__.setdefault("_reconstruct", _reconstruct)
    sys.modules[_MODULES[0]].__dict__.setdefault("scalar", scalar)
