"""Views with chosen strides, in bytes as NumPy counts them."""

import torch

from numpy._array import as_shape, view_of
from numpy._create import asarray
from numpy._reduce import axes_of
from numpy._shape import broadcast_arrays, broadcast_shapes, broadcast_to


def as_strided(x, shape=None, strides=None, subok=False, writeable=True):
    found = asarray(x)
    sizes = found.shape if shape is None else as_shape(shape)
    steps = found.strides if strides is None else tuple(strides)
    if any(n % found.itemsize for n in steps):
        raise NotImplementedError("numpy.lib.stride_tricks.as_strided with strides that split an element is not available")
    t = torch.as_strided(found._t, sizes, [n // found.itemsize for n in steps], found._t.storage_offset())
    made = view_of(t, found)
    made._readonly = made._readonly or not writeable
    return made


def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    found = asarray(x)
    window = as_shape(window_shape)
    axes = axes_of(axis, found.ndim)
    if len(window) != len(axes):
        raise ValueError("Must provide matching length window_shape and axis")
    t = found._t
    for one, n in zip(axes, window):
        t = t.unfold(one, n, 1)
    made = view_of(t, found)
    made._readonly = not writeable
    return made
