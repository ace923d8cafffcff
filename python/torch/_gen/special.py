"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""

from torch._gen import functions as _f

airy_ai = _f.airy_ai
bessel_j0 = _f.bessel_j0
bessel_j1 = _f.bessel_j1
bessel_y0 = _f.bessel_y0
bessel_y1 = _f.bessel_y1
chebyshev_polynomial_t = _f.chebyshev_polynomial_t
chebyshev_polynomial_u = _f.chebyshev_polynomial_u
chebyshev_polynomial_v = _f.chebyshev_polynomial_v
chebyshev_polynomial_w = _f.chebyshev_polynomial_w
erf = _f.erf
erfc = _f.erfc
erfcx = _f.erfcx
erfinv = _f.erfinv
expit = _f.sigmoid
gammainc = _f.igamma
gammaincc = _f.igammac
hermite_polynomial_h = _f.hermite_polynomial_h
hermite_polynomial_he = _f.hermite_polynomial_he
i0 = _f.i0
i0e = _f.i0e
i1 = _f.i1
i1e = _f.i1e
laguerre_polynomial_l = _f.laguerre_polynomial_l
legendre_polynomial_p = _f.legendre_polynomial_p
log_ndtr = _f.log_ndtr
log_softmax = _f.log_softmax
logit = _f.logit
logsumexp = _f.logsumexp
modified_bessel_i0 = _f.i0
modified_bessel_i1 = _f.i1
modified_bessel_k0 = _f.modified_bessel_k0
modified_bessel_k1 = _f.modified_bessel_k1
ndtri = _f.ndtri
scaled_modified_bessel_k0 = _f.scaled_modified_bessel_k0
scaled_modified_bessel_k1 = _f.scaled_modified_bessel_k1
shifted_chebyshev_polynomial_t = _f.shifted_chebyshev_polynomial_t
shifted_chebyshev_polynomial_u = _f.shifted_chebyshev_polynomial_u
shifted_chebyshev_polynomial_v = _f.shifted_chebyshev_polynomial_v
shifted_chebyshev_polynomial_w = _f.shifted_chebyshev_polynomial_w
sinc = _f.sinc
softmax = _f.softmax
spherical_bessel_j0 = _f.spherical_bessel_j0
xlogy = _f.xlogy
zeta = _f.zeta

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "expit",
    "gammainc",
    "gammaincc",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "ndtri",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
    "sinc",
    "softmax",
    "spherical_bessel_j0",
    "xlogy",
    "zeta",
]
