"""The gamma family where its arguments come in PyTorch's own order, and the in-place forms of special functions."""

import math

from torch._gen import functions as _f


def polygamma(n, input):
    return _f._polygamma(input, n)


def mvlgamma(input, p):
    """The logarithm of the multivariate gamma function of dimension p."""
    import torch

    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if not input.dtype.is_floating_point:
        input = input.to(torch.get_default_dtype())
    shifts = torch.arange(-p / 2 + 0.5, 0.5, 0.5, dtype=input.dtype, device=input.device)
    return _f.lgamma(input.unsqueeze(-1) + shifts).sum(-1) + p * (p - 1) / 4 * math.log(math.pi)


multigammaln = mvlgamma


def _in_place(function):
    def write(input, *args):
        return input.copy_(function(input, *args))

    return write


def install(cls):
    """Give Tensor the methods of this family."""
    cls.polygamma = lambda input, n: _f._polygamma(input, n)
    cls.mvlgamma = mvlgamma
    cls.polygamma_ = _in_place(cls.polygamma)
    cls.mvlgamma_ = _in_place(mvlgamma)
    cls.i0_ = _in_place(_f.i0)
    cls.igamma_ = _in_place(_f.igamma)
    cls.igammac_ = _in_place(_f.igammac)
