"""numpy.fft over torch.fft: always in double precision for real input that is no float32, as NumPy 2 does."""

import torch

from numpy import _dtype
from numpy._array import cast, wrap
from numpy._create import asarray
from numpy._shape import roll

_PAIRS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_GRIDS = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


def _floats(a):
    found = asarray(a)
    kind = found._dtype if found._dtype.name in ("float32", "float64", "complex64", "complex128") else _dtype.dtype("float64")
    return cast(found._t, found._dtype, kind)


def _one(name):
    function = getattr(torch.fft, name)

    def transform(a, n=None, axis=-1, norm=None, out=None):
        return wrap(function(_floats(a), n, axis, norm))

    transform.__name__ = transform.__qualname__ = name
    return transform


def _many(name):
    function = getattr(torch.fft, name)
    default = (-2, -1) if name.endswith("2") else None

    def transform(a, s=None, axes=default, norm=None, out=None):
        return wrap(function(_floats(a), s, axes, norm))

    transform.__name__ = transform.__qualname__ = name
    return transform


globals().update({name: _one(name) for name in _PAIRS})
globals().update({name: _many(name) for name in _GRIDS})


def fftfreq(n, d=1.0, device=None):
    return wrap(torch.fft.fftfreq(n, d, dtype=torch.float64))


def rfftfreq(n, d=1.0, device=None):
    return wrap(torch.fft.rfftfreq(n, d, dtype=torch.float64))


def _axes(x, axes):
    return list(range(x.ndim)) if axes is None else [axes] if isinstance(axes, int) else list(axes)


def fftshift(x, axes=None):
    found = asarray(x)
    dims = _axes(found, axes)
    return roll(found, [found.shape[d] // 2 for d in dims], tuple(dims))


def ifftshift(x, axes=None):
    found = asarray(x)
    dims = _axes(found, axes)
    return roll(found, [-(found.shape[d] // 2) for d in dims], tuple(dims))
