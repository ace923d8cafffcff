"""Between tensors and numpy arrays, which share one memory both ways. numpy is imported only when an array is asked for."""

from torch._dtype import float64

_NUMPY_SAYS_SO = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."


def to_array(t, force=False):
    """What Tensor.numpy() gives: an array over the same memory."""
    if force:
        t = t.detach().cpu().resolve_conj().resolve_neg()
    if t.requires_grad:
        raise RuntimeError(_NUMPY_SAYS_SO)
    if t.device.type != "cpu":
        raise TypeError(
            f"can't convert {t.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
        )
    from numpy._array import wrap

    # A tensor of its own: what is done to the array in place must not be taped.
    return wrap(t.detach())


def to_array_of(t, dtype):
    """Tensor.__array__."""
    array = to_array(t)
    return array if dtype is None else array.astype(dtype, copy=False)


def is_array(value):
    return hasattr(value, "_t") and hasattr(value, "__array_interface__")


def is_scalar(value):
    """A numpy scalar: its dtype decides, even where it is a Python float too."""
    return type(value).__module__ == "numpy" and hasattr(value, "dtype")


def memory_of(array):
    """The tensor over the memory of an array."""
    kind = array.dtype
    if kind.itemsize != kind.carrier.itemsize or kind.name == "uint64":
        raise NotImplementedError(f"tensors of {kind.name} are not supported yet: convert the array with astype first")
    return array._t.detach()


def of_scalars(values):
    """The dtype that numpy scalars among the values ask for, or None when there are none."""
    found = None
    for value in values:
        if is_scalar(value):
            carrier = value.dtype.carrier
            if found is None or carrier is float64:
                found = carrier
    return found


def joined(arrays):
    """Nested sequences of arrays as one array."""
    import numpy

    return numpy.array(arrays)


def from_numpy(ndarray):
    if not is_array(ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return memory_of(ndarray)
