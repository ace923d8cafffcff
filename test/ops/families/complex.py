"""Complex numbers: parts, arithmetic, reductions, products, and what has no order."""

UNARY = (
    *("abs", "angle", "neg", "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "reciprocal", "square"),
    *("sigmoid", "sgn", "conj", "conj_physical", "positive", "rsqrt", "log1p", "exp2", "asin", "acos", "atan", "isnan"),
    *("isfinite", "isinf", "logical_not", "floor", "sign", "relu", "expm1", "log10", "log2"),
)


def declare(family):
    family.defaults = {"near": 64, "scale": "tensor"}
    for name in UNARY:
        family.block(f"complex.{name}", f"torch.{name}(a) ; *[3,2]\ntorch.{name}(a) ; *[3,2]:t", ("c64", "c128"))
    family.block(
        "complex.parts",
        """
torch.view_as_real(a) ; *[2,3]
torch.view_as_real(a) ; *[3,2]:t
a.real ; *[2,3]
a.imag ; *[3]
torch.real(a) ; *[3]
torch.imag(a) ; *[3]
torch.is_complex(a) ; *[1]
a.is_complex() ; *[1]
a.conj() ; *[2,2]
torch.resolve_conj(a.conj()) ; *[2]
a.H.resolve_conj() ; *[2,3]
a.mH.resolve_conj() ; *[2,3]
torch.adjoint(a).resolve_conj() ; *[2,3]
torch.isreal(a) ; *[3]
a.to(torch.complex64) ; *[3]
a.item() ; *[1]
a.tolist() ; *[2]
torch.zeros_like(a) ; *[2]
torch.ones_like(a) ; *[2]
a.clone() ; *[3,2]:t
a.element_size() ; *[1]
""",
        ("c64", "c128"),
    )
    family.block(
        "complex.make",
        """
torch.complex(a, b) ; *[2,3] ; *[2,3]
torch.complex(a, b) ; *[2,1] ; *[3]
torch.complex(a, b) ; *[3] ; i64[3]
torch.polar(a, b) ; *[4]:pos ; *[4]
torch.polar(a, b) ; *[3] ; i64[3]
torch.view_as_complex(a) ; *[3,2]
torch.view_as_complex(a) ; *[3,3]
torch.view_as_complex(a) ; *[2,3]:t
torch.imag(a) ; *[3]
torch.real(a) ; *[3]
torch.angle(a) ; *[5]
a + 1j ; *[3]
a * 2j ; *[3]
torch.tensor([1 + 2j, 3.0], device=dev)
torch.tensor(1j, dtype=torch.complex128, device=dev)
torch.zeros(2, dtype=torch.complex64, device=dev)
torch.full((2,), 1 + 1j, device=dev)
a.to(torch.complex64) ; *[3]
""",
        ("f32", "f64"),
    )
    for name in ("add", "sub", "mul", "div", "eq", "ne", "pow"):
        family.block(
            f"complex.{name}",
            f"""
torch.{name}(a, b) ; *[2,3] ; *[2,3]
torch.{name}(a, b) ; *[2,1] ; *[3]
torch.{name}(a, b) ; *[3] ; f32[3]
torch.{name}(a, 2.5) ; *[3]
torch.{name}(a, 1 + 2j) ; *[3]
torch.{name}(a, b) ; *[3,2]:t ; *[3,2]
""",
            ("c64", "c128"),
        )
    family.block(
        "complex.order",
        """
a < b ; *[2] ; *[2]
torch.maximum(a, b) ; *[2] ; *[2]
a.max() ; *[2]
torch.sort(a) ; *[3]
a.clamp(0, 1) ; *[2]
a // b ; *[2] ; *[2]
a % b ; *[2] ; *[2]
float(a) ; *[1]
""",
        ("c64",),
        words=False,
    )
    family.block(
        "complex.reduce",
        """
a.sum() ; *[2,3]
a.sum(0) ; *[3,2]:t
a.mean(1) ; *[2,3]
a.prod() ; *[4]
torch.cumsum(a, 0) ; *[4]
torch.var(a) ; *[5]
torch.std(a, 0) ; *[3,2]
torch.norm(a) ; *[4]
torch.linalg.vector_norm(a, 1) ; *[4]
torch.count_nonzero(a) ; *[4]
torch.all(a) ; *[2]
torch.any(a, 0) ; *[2,2]
torch.dot(a, b) ; *[3] ; *[3]
torch.vdot(a, b) ; *[3] ; *[3]
a @ b ; *[2,3] ; *[3,2]
torch.bmm(a, b) ; *[2,2,3] ; *[2,3,2]
torch.einsum('ij,jk->ik', a, b) ; *[2,3] ; *[3,2]
torch.outer(a, b) ; *[2] ; *[2]
torch.cat([a, b]) ; *[2] ; *[1]
torch.stack([a, b]) ; *[2] ; *[2]
torch.where(a.real > 0, a, b) ; *[3] ; *[3]
a[1:] ; *[4]
a.index_select(0, b) ; *[3,2] ; i64[2]:lt3
a.gather(0, b) ; *[3,2] ; i64[2,2]:lt3
a.masked_fill(b, 0) ; *[3] ; b[3]
a.flip(0) ; *[3,2]
a.repeat(2) ; *[2]
torch.tril(a) ; *[2,2]
a.add_(b) ; *[2] ; *[2]
a.copy_(b) ; *[2] ; f32[2]
torch.isclose(a, b) ; *[2] ; *[2]
torch.equal(a, a) ; *[2]
torch.promote_types(torch.complex64, torch.float64)
torch.result_type(a, 1.0) ; *[2]
""",
        ("c64", "c128"),
    )
