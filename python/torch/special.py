"""torch.special: functions of one or two variables under their own names."""

import math

from torch import _dtype
from torch._gen import functions as _f
from torch._gen.special import *
from torch._special import multigammaln, polygamma

digamma = psi = _f.digamma
exp2 = _f.exp2
expm1 = _f.expm1
gammainc = _f.igamma
gammaincc = _f.igammac
gammaln = _f.lgamma
log1p = _f.log1p
round = _f.round


def ndtr(input):
    """The area of the normal distribution below input."""
    return (1 + _f.erf(input * math.sqrt(0.5))) * 0.5


def entr(input):
    """-x log(x), 0 at 0 and -inf below."""
    return _f._where(input < 0, _floating(input).new_full((), -math.inf), -_f.xlogy(input, input))


def xlog1py(input, other):
    """input * log1p(other), 0 where input is 0 and other is a number."""
    import torch

    if not isinstance(other, torch.Tensor):
        other = torch.as_tensor(other, dtype=_floating(input).dtype, device=input.device)
    elif not isinstance(input, torch.Tensor):
        input = torch.as_tensor(input, dtype=_floating(other).dtype, device=other.device)
    return torch.where((input == 0) & ~other.isnan(), other.new_zeros((), dtype=_floating(other).dtype), input * other.log1p())


def _floating(input):
    return input if input.dtype.is_floating_point else input.to(_dtype.get_default_dtype())


from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.special", _known.SPECIAL)
