"""torch.fft: discrete Fourier transforms of one, two and more dims, real and complex, in PyTorch's norms."""

import math

from torch._C import _write_out
from torch._gen import functions as _f


def _word(t):
    return t.type().partition("torch.")[2].removesuffix("Tensor")


def _into(out, result):
    return result if out is None else _write_out(out, result)


def _scale(n, norm, inverse):
    """The factor of a transform of n points: "backward" divides in the inverse, "forward" in the forward one."""
    if norm is None or norm == "backward":
        return 1.0 / n if inverse else 1.0
    if norm == "forward":
        return 1.0 if inverse else 1.0 / n
    if norm == "ortho":
        return 1.0 / math.sqrt(n)
    raise RuntimeError(f'Invalid normalization mode: "{norm}"')


def _floating(t):
    """Whole numbers become the default dtype."""
    import torch

    if t.dtype.is_floating_point or t.dtype.is_complex:
        if t.dtype.itemsize == 2:
            raise RuntimeError(f"Unsupported dtype {_word(t)}")
        return t
    return t.to(torch.get_default_dtype())


def _complex(t):
    t = _floating(t)
    return t if t.dtype.is_complex else t.to(t.dtype.to_complex())


def _dim(t, dim):
    rank = t.dim()
    if rank == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if not -rank <= dim < rank:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim % rank


def _resized(t, n, dim):
    """n points along dim: cut off, or filled up with zeros."""
    size = t.shape[dim]
    if n == size:
        return t
    if n < size:
        return t.narrow(dim, 0, n)
    shape = list(t.shape)
    shape[dim] = n - size
    return _f.cat([t, t.new_zeros(shape)], dim)


def _points(n):
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


# One dim


def _along(input, n, dim, norm, inverse):
    dim = _dim(input, dim)
    n = _points(input.shape[dim] if n is None else n)
    scale = _scale(n, norm, inverse)
    if not inverse and not input.dtype.is_complex:
        # Twice as fast from real numbers; the other half is the mirror image.
        return _f._fft_r2c(_resized(_floating(input), n, dim), dim, False, scale)
    return _f._fft_c2c(_resized(_complex(input), n, dim), dim, inverse, scale)


def fft(input, n=None, dim=-1, norm=None, *, out=None):
    return _into(out, _along(input, n, dim, norm, False))


def ifft(input, n=None, dim=-1, norm=None, *, out=None):
    return _into(out, _along(input, n, dim, norm, True))


def _from_real(name, input, n, dim, norm, inverse):
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} expects a real input tensor, but got {_word(input)}")
    input = _floating(input)
    dim = _dim(input, dim)
    n = _points(input.shape[dim] if n is None else n)
    return _f._fft_r2c(_resized(input, n, dim), dim, True, _scale(n, norm, inverse))


def _to_real(input, n, dim, norm, inverse):
    input = _complex(input)
    dim = _dim(input, dim)
    n = _points(2 * (input.shape[dim] - 1) if n is None else n)
    return _f._fft_c2r(_resized(input if inverse else input.conj(), n // 2 + 1, dim), dim, n, _scale(n, norm, inverse))


def rfft(input, n=None, dim=-1, norm=None, *, out=None):
    return _into(out, _from_real("rfft", input, n, dim, norm, False))


def irfft(input, n=None, dim=-1, norm=None, *, out=None):
    return _into(out, _to_real(input, n, dim, norm, True))


def hfft(input, n=None, dim=-1, norm=None, *, out=None):
    return _into(out, _to_real(input, n, dim, norm, False))


def ihfft(input, n=None, dim=-1, norm=None, *, out=None):
    return _into(out, _from_real("ihfft", input, n, dim, norm, True).conj())


# Several dims


def _dims_and_sizes(input, s, dim):
    if dim is not None:
        dims = [dim] if isinstance(dim, int) else list(dim)
        dims = [_dim(input, d) for d in dims]
        if len(set(dims)) < len(dims):
            raise RuntimeError("FFT dims must be unique")
    sizes = None if s is None else [s] if isinstance(s, int) else list(s)
    if sizes is not None and dim is not None and len(sizes) != len(dims):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    if dim is None and sizes is not None:
        if len(sizes) > input.dim():
            raise RuntimeError(f"Got shape with {len(sizes)} values but input tensor only has {input.dim()} dimensions.")
        dims = list(range(input.dim() - len(sizes), input.dim()))
    elif dim is None:
        dims = list(range(input.dim()))
    if sizes is None:
        sizes = [None] * len(dims)
    sizes = [None if n == -1 else n for n in sizes]
    return dims, sizes


def _over(input, dims, sizes, norm, inverse):
    for d, n in zip(dims, sizes):
        n = _points(input.shape[d] if n is None else n)
        input = _f._fft_c2c(_resized(input, n, d), d, inverse, _scale(n, norm, inverse))
    return input


def fftn(input, s=None, dim=None, norm=None, *, out=None):
    dims, sizes = _dims_and_sizes(input, s, dim)
    return _into(out, _over(_complex(input), dims, sizes, norm, False))


def ifftn(input, s=None, dim=None, norm=None, *, out=None):
    dims, sizes = _dims_and_sizes(input, s, dim)
    return _into(out, _over(_complex(input), dims, sizes, norm, True))


def _need_dims(name, dims):
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")


def rfftn(input, s=None, dim=None, norm=None, *, out=None):
    if input.dtype.is_complex:
        raise RuntimeError(f"rfftn expects a real-valued input tensor, but got {_word(input)}")
    dims, sizes = _dims_and_sizes(input, s, dim)
    _need_dims("rfftn", dims)
    half = _from_real("rfftn", input, sizes[-1], dims[-1], norm, False)
    return _into(out, _over(half, dims[:-1], sizes[:-1], norm, False))


def irfftn(input, s=None, dim=None, norm=None, *, out=None):
    dims, sizes = _dims_and_sizes(input, s, dim)
    _need_dims("irfftn", dims)
    return _into(out, _to_real(_over(_complex(input), dims[:-1], sizes[:-1], norm, True), sizes[-1], dims[-1], norm, True))


def hfftn(input, s=None, dim=None, norm=None, *, out=None):
    dims, sizes = _dims_and_sizes(input, s, dim)
    _need_dims("hfftn", dims)
    return _into(out, _to_real(_over(_complex(input), dims[:-1], sizes[:-1], norm, False), sizes[-1], dims[-1], norm, False))


def ihfftn(input, s=None, dim=None, norm=None, *, out=None):
    if input.dtype.is_complex:
        raise RuntimeError(f"ihfftn expects a real-valued input tensor, but got {_word(input)}")
    dims, sizes = _dims_and_sizes(input, s, dim)
    _need_dims("ihfftn", dims)
    half = _from_real("ihfftn", input, sizes[-1], dims[-1], norm, True).conj()
    return _into(out, _over(half, dims[:-1], sizes[:-1], norm, True))


def fft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    return fftn(input, s, dim, norm, out=out)


def ifft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    return ifftn(input, s, dim, norm, out=out)


def rfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    return rfftn(input, s, dim, norm, out=out)


def irfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    return irfftn(input, s, dim, norm, out=out)


def hfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    return hfftn(input, s, dim, norm, out=out)


def ihfft2(input, s=None, dim=(-2, -1), norm=None, *, out=None):
    return ihfftn(input, s, dim, norm, out=out)


# Frequencies


def fftfreq(n, d=1.0, *, dtype=None, layout=None, device=None, requires_grad=False, out=None):
    import torch

    positive = torch.arange(0, (n + 1) // 2, dtype=torch.int64)
    negative = torch.arange(-(n // 2), 0, dtype=torch.int64)
    numbers = _f.cat([positive, negative]).to(device=device, dtype=dtype or torch.get_default_dtype())
    return _into(out, (numbers * (1.0 / (n * d) if n else math.inf)).requires_grad_(requires_grad))


def rfftfreq(n, d=1.0, *, dtype=None, layout=None, device=None, requires_grad=False, out=None):
    import torch

    numbers = torch.arange(n // 2 + 1, dtype=dtype or torch.get_default_dtype(), device=device)
    return _into(out, (numbers * (1.0 / (n * d) if n else math.inf)).requires_grad_(requires_grad))


def _shifted(input, dim, step):
    dims = range(input.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = [_dim(input, d) for d in dims]
    return input.roll([step(input.shape[d]) for d in dims], dims)


def fftshift(input, dim=None):
    return _shifted(input, dim, lambda n: n // 2)


def ifftshift(input, dim=None):
    return _shifted(input, dim, lambda n: (n + 1) // 2)


from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.fft", _known.FFT)
