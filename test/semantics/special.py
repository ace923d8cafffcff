"""Special functions: values over their ranges, limits, dtypes, gradients, refusals."""

import torch
from show import case, fails, gradients, show
from torch import special

t = torch.tensor
inf, nan = float("inf"), float("nan")
line = torch.linspace(-6, 6, 25, dtype=torch.float64)
far = t([-1e3, -90.0, -40.5, -15.0, 15.0, 41.0, 90.0, 650.0, 1e3, 0.0, inf, -inf, nan], dtype=torch.float64)
above = torch.logspace(-4, 3, 22, dtype=torch.float64)
share = t([0.0, 1e-12, 1e-5, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-9, 1.0, 1.5, -0.5, nan], dtype=torch.float64)

everywhere = "i0 i0e i1 i1e erfcx log_ndtr ndtr bessel_j0 bessel_j1 spherical_bessel_j0 airy_ai gammaln digamma entr expit".split()
for name in everywhere:
    f = getattr(special, name)
    for label, x in [("line", line), ("far", far), ("single", line.float()[::6]), ("int", t([0, 1, 2]))]:
        if name in ("airy_ai", "bessel_j0", "bessel_j1") and label == "far":
            x = t([-15.0, -9.0, 15.0, 41.0, 0.0, nan], dtype=torch.float64)
        if name in ("airy_ai", "bessel_j0") and label == "line":
            x = line[1::3] * 0.7
        case(f"{name} {label}", lambda: f(x))
positive = "bessel_y0 bessel_y1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1".split()
for name in positive:
    case(f"{name}", lambda: getattr(special, name)(above))
case("modified", lambda: (special.modified_bessel_i0(line), special.modified_bessel_i1(line)))
case("ndtri", lambda: special.ndtri(share))
case("logit", lambda: special.logit(share, 1e-6))
polynomials = (
    [f"chebyshev_polynomial_{k}" for k in "tuvw"]
    + [f"shifted_chebyshev_polynomial_{k}" for k in "tuvw"]
    + ["hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p"]
)
inside = torch.linspace(-0.95, 0.95, 7, dtype=torch.float64)
for name in polynomials:
    f = getattr(special, name)
    for n in (0, 1, 2, 5):
        case(f"{name} {n}", lambda: f(inside, n))
    case(f"{name} by tensor", lambda: f(inside[:3], t([1, 2, 3])))

shapes = t([0.01, 0.5, 1.0, 2.5, 10.0, 60.0, 1e3], dtype=torch.float64)
for ratio in (1e-3, 0.3, 0.9, 1.0, 1.1, 3.0):
    case(f"igamma {ratio}", lambda: torch.igamma(shapes, shapes * ratio))
    case(f"igammac {ratio}", lambda: torch.igammac(shapes, shapes * ratio))
edge = t([0.0, 0.0, 1.0, 1.0, inf, -1.0, 2.0], dtype=torch.float64)
case("igamma edges", lambda: torch.igamma(edge, t([0.0, 1.0, 0.0, inf, 1.0, 1.0, -1.0], dtype=torch.float64)))
case("igammac edges", lambda: torch.igammac(edge, t([0.0, 1.0, 0.0, inf, 1.0, 1.0, -1.0], dtype=torch.float64)))
case("gammainc", lambda: (special.gammainc(shapes, shapes), special.gammaincc(shapes, shapes + 1)))
for n in range(4):
    case(f"polygamma {n}", lambda: torch.polygamma(n, above))
    case(f"method {n}", lambda: above[:5].polygamma(n))
case("zeta", lambda: special.zeta(t([1.5, 2.0, 4.0, 30.0, 1.0, 0.5], dtype=torch.float64), 1.5))
case("zeta two", lambda: special.zeta(t([2.0, 3.0]), t([0.1, 20.0])))
case("mvlgamma", lambda: (torch.mvlgamma(above[8:] + 3, 3), special.multigammaln(t([2.0, 5.0]), 2), torch.mvlgamma(t([3, 4]), 2)))
case("xlog1py", lambda: (special.xlog1py(t([0.0, 0.0, 2.0]), t([-1.0, nan, 3.0])), special.xlog1py(t([1.0, 0.0]), 2)))
case("in place", lambda: (t([1.0, 2.0]).igamma_(t([1.0, 3.0])), t([1.0]).i0_(), t([3.0]).mvlgamma_(2), t([3.0]).polygamma_(1)))

x = torch.linspace(-2.3, 2.1, 5, dtype=torch.float64)
for name in "i0 i0e i1 i1e erfcx log_ndtr ndtr".split():
    gradients(f"grad {name}", getattr(special, name), x)
gradients("grad at zero", special.i1, torch.zeros(1, dtype=torch.float64), twice=False)
gradients("grad ndtri", special.ndtri, share[3:8])
gradients("grad polygamma", lambda a: torch.polygamma(1, a), x.abs() + 0.3)
gradients("grad digamma", torch.digamma, x.abs() + 0.3)
gradients("grad igamma", lambda a: torch.igamma(t(1.5, dtype=torch.float64), a), x.abs())
gradients("grad igammac", lambda a: torch.igammac(t(1.5, dtype=torch.float64), a), x.abs())
gradients("grad zeta", lambda a: special.zeta(t(2.5, dtype=torch.float64), a), x.abs() + 0.2)
gradients("grad mvlgamma", lambda a: torch.mvlgamma(a, 2), x.abs() + 1)
gradients("grad entr", special.entr, x.abs())
gradients("grad xlog1py", special.xlog1py, x, x.abs())

a = t([1.0, 2.0], requires_grad=True)
fails("igamma by shape", lambda: torch.igamma(a, t([1.0, 1.0])).sum().backward())
fails("zeta by order", lambda: special.zeta(a + 1, t([1.0, 1.0])).sum().backward())
fails("igamma of integers", lambda: torch.igamma(t([1]), t([2])))
fails("half", lambda: special.ndtri(t([0.5]).half()))
fails("gamma of integers", lambda: torch._standard_gamma(t([1])))
fails("gamma of halves", lambda: torch._standard_gamma(t([1.0]).half()))
fails("negative rate", lambda: torch.poisson(t([-1.0])))
fails("binomial of integers", lambda: torch.binomial(t([1.0]), t([1])))
fails("negative order", lambda: torch.polygamma(-1, t([1.0])))
print(special.bessel_j0(a).requires_grad, special.i0(a).grad_fn.name(), torch.igamma(t([1.0]), a).grad_fn.name())
