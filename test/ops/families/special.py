"""Special functions."""

# name: values in its domain, units in the last place
ONE = {
    "airy_ai": ("any", 4096),
    "bessel_j0": ("any", 4096),
    "bessel_j1": ("any", 4096),
    "bessel_y0": ("pos", 4096),
    "bessel_y1": ("pos", 4096),
    "modified_bessel_i0": ("any", 4096),
    "modified_bessel_i1": ("any", 4096),
    "modified_bessel_k0": ("pos", 4096),
    "modified_bessel_k1": ("pos", 4096),
    "scaled_modified_bessel_k0": ("pos", 4096),
    "scaled_modified_bessel_k1": ("pos", 4096),
    "spherical_bessel_j0": ("any", 4096),
    "i0": ("any", 64),
    "i0e": ("any", 64),
    "i1": ("any", 64),
    "i1e": ("any", 64),
    "erfcx": ("any", 256),
    "log_ndtr": ("any", 256),
    "ndtr": ("any", 256),
    "ndtri": ("unit", 256),
    "entr": ("pos", 64),
}
POLYNOMIALS = (
    *("chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w"),
    *("shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v"),
    *("shifted_chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he"),
    *("laguerre_polynomial_l", "legendre_polynomial_p"),
)


def declare(family):
    for name, (domain, near) in ONE.items():
        call = f"torch.special.{name}(a)"
        # PyTorch has no gradient for the Bessel and Airy functions.
        family.defaults = {"near": near, "scale": "tensor"}
        for spec in (
            "f32[3,4]",
            "f64[3,4]",
            "i64[4]",
            "f32[0]",
            "f64[]",
            "f64[3,2]:t",
            "f32[2,3]:step",
            "f16[3]",
            "b[2]",
        ):
            shape, _, layout = spec.partition(":")
            words = ":".join(word for word in (domain, layout) if word)
            # PyTorch's approximations of them are good to ten digits.
            close = 2**23 if shape.startswith("f64") and near == 4096 else near
            family.add(f"special.{name}", call, f"{shape}:{words}", near=close)
        family.add(f"special.{name}", call, "f64[22]:special", gradient=False)
        family.add(f"special.{name}", f"torch.special.{name}(a, out=b)", f"f32[3]:{domain}", "f32[3]:zero")
    for name in POLYNOMIALS:
        family.defaults = {"near": 4096, "scale": "tensor", "gradient": False}
        family.block(
            f"special.{name}",
            f"""
torch.special.{name}(a, 3) ; f32[4]:small
torch.special.{name}(a, 0) ; f64[4]:small
torch.special.{name}(a, 1) ; f64[4]:small
torch.special.{name}(a, 7) ; f64[4]:small
torch.special.{name}(a, b) ; f64[2,3]:small ; i64[3]:lt5
torch.special.{name}(0.5, a) ; i64[5]:rise
torch.special.{name}(a, -1) ; f64[3]:small
torch.special.{name}(a, 2) ; i64[3]
torch.special.{name}(a, b) ; f32[2] ; f32[3]
torch.special.{name}(a, 4, out=b) ; f64[3]:small ; f64[3]:zero
""",
        )
    family.defaults = {"near": 1024, "scale": "tensor"}
    for name in ("igamma", "igammac"):
        family.block(
            name,
            f"""
torch.{name}(a, b) ; *[3,4]:pos ; *[3,4]:pos
torch.{name}(a, b) ; *[3,1]:pos ; *[4]:pos
torch.{name}(a, b) ; *[3] ; *[3]
a.{name}(b) ; *[2,3]:t:pos ; *[3]:pos
torch.{name}(a, b) ; *[0] ; *[0]
torch.{name}(a, b) ; i64[3]:pos ; *[3]:pos
torch.{name}(a, 2) ; *[3]:pos
torch.{name}(a, b, out=c) ; *[3]:pos ; *[3]:pos ; *[3]:zero
""",
            ("f32", "f64"),
            gradient=False,
        )
    family.block(
        "special.zeta",
        """
torch.special.zeta(a + 1.1, b) ; *[4]:pos ; *[4]:pos
torch.special.zeta(a + 2, 1.5) ; *[4]:pos
torch.special.zeta(3.0, a) ; *[4]:pos
torch.special.zeta(a, b) ; *[3]:small ; *[3]:pos
torch.special.polygamma(0, a) ; *[4]:pos
torch.special.polygamma(1, a) ; *[4]:pos
torch.special.polygamma(2, a) ; *[4]:pos
torch.polygamma(3, a) ; *[4]:pos
a.polygamma(1) ; *[4]:pos
torch.polygamma(-1, a) ; *[4]:pos
torch.mvlgamma(a + 3, 2) ; *[4]:pos
torch.special.multigammaln(a + 3, 3) ; *[4]:pos
torch.mvlgamma(a, 3) ; *[4]:unit
torch.special.xlog1py(a, b) ; *[4] ; *[4]:pos
torch.special.xlog1py(a, 2.0) ; *[4]
torch.special.logsumexp(a, 0) ; *[4]
torch.logaddexp2(a, b) ; *[4] ; *[4]
torch.ldexp(a, b) ; *[4] ; i64[4]:lt5
""",
        ("f32", "f64"),
        near=2**26,
    )
