"""Activations, softmax and gating."""

FLOAT = ("f32", "f64", "f16", "bf16")
SMOOTH = {
    "celu": ("", ", alpha=2.0", ", alpha=-1.5"),
    "elu": ("", ", alpha=0.5", ", alpha=-1.0"),
    "gelu": ("", ", approximate='tanh'", ", approximate='none'", ", approximate='x'"),
    "hardshrink": ("", ", lambd=1.0"),
    "hardsigmoid": ("",),
    "hardswish": ("",),
    "hardtanh": ("", ", -0.5, 2.0", ", min_val=1.0, max_val=-1.0"),
    "leaky_relu": ("", ", 0.3", ", negative_slope=-1.0"),
    "logsigmoid": ("",),
    "mish": ("",),
    "relu": ("",),
    "relu6": ("",),
    "selu": ("",),
    "sigmoid": ("",),
    "silu": ("",),
    "softplus": ("", ", beta=2.0", ", 1.0, 0.5"),
    "softshrink": ("", ", 1.0", ", lambd=-1.0"),
    "softsign": ("",),
    "tanh": ("",),
    "tanhshrink": ("",),
    "threshold": (", 0.5, -1.0", ", 0, 20", ", threshold=1.0, value=2.5"),
}
INPLACE = (
    "celu",
    "elu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "mish",
    "relu",
    "relu6",
    "selu",
    "silu",
    "threshold",
)


def declare(family):
    for function, options in SMOOTH.items():
        # These three have cases of their own among the unary functions.
        name = f"functional.{function}" if function in ("relu", "sigmoid", "tanh") else function
        for option in options:
            call = f"F.{function}(a{option})"
            # Differences of close numbers: small where their terms are not.
            scale = "tensor" if name in ("gelu", "tanhshrink") else "element"
            family.block(name, f"{call} ; *[3,4]", FLOAT, near=8, scale=scale)
            family.block(name, f"{call} ; *[22]:special", FLOAT, near=8)
            for spec in (
                "f32[3,4]:t",
                "f32[2,3]:step",
                "f32[3,2]:exp",
                "f32[2,3,2,2]:cl",
                "f32[0,3]",
                "f32[]",
                "i64[4]",
                "b[2]",
            ):
                family.add(name, call, spec, near=8, scale=scale)
        if function in INPLACE:
            family.block(
                name,
                f"""
F.{function}(a{options[0]}, inplace=True) ; *[2,3]
F.{function}(a{options[0]}, inplace=True) ; *[3,2]:t
""",
                FLOAT,
                near=8,
            )
    for name in ("softmax", "log_softmax", "softmin"):
        family.block(
            name,
            f"""
F.{name}(a, 0) ; *[3,4]
F.{name}(a, 1) ; *[3,4]
F.{name}(a, dim=-1) ; *[2,3,4]
F.{name}(a, 1) ; *[2,3,4]
F.{name}(a, 1) ; *[3,4]:t
F.{name}(a, 1) ; *[2,3,2,2]:cl
F.{name}(a, -1) ; *[2,3]:step
F.{name}(a, 0) ; *[3,2]:exp
F.{name}(a, 0) ; *[]
F.{name}(a, 0) ; *[0,3]
F.{name}(a, 1) ; *[3,0]
F.{name}(a, 2) ; *[3,4]
F.{name}(a, -3) ; *[3,4]
F.{name}(a, 1) ; *[3,5]:big
F.{name}(a, 0) ; *[10]:nan
F.{name}(a) ; *[2,3]
F.{name}(a, 1, dtype=torch.float64) ; *[2,3]
F.{name}(a, 1) ; *[2,600]
""",
            FLOAT,
            near=16,
            scale="tensor",
        )
        family.block(
            name,
            f"""
F.{name}(a, 0) ; i64[3]
F.{name}(a, 0) ; b[3]
F.{name}(a, 0, dtype=torch.float32) ; i64[3]
F.{name}(a, 0) ; f32[4,22]:special
F.{name}(a, 'x') ; f32[2]
""",
            words=False,
            near=16,
            scale="tensor",
        )
        if name != "softmin":
            family.block(
                name,
                f"""
torch.{name}(a, 1) ; *[2,3]
a.{name}(-1) ; *[2,3]
torch.{name}(a, dim=0, dtype=torch.float32) ; *[3]
torch.special.{name}(a, 0) ; *[3]
""",
                FLOAT,
                near=16,
                scale="tensor",
            )
    family.block(
        "glu",
        """
F.glu(a) ; *[3,4]
F.glu(a, 0) ; *[4,3]
F.glu(a, 1) ; *[2,4,3]:t
F.glu(a) ; *[3]
F.glu(a) ; *[]
F.glu(a, 2) ; *[2,2]
F.prelu(a, b) ; *[2,3] ; *[1]
F.prelu(a, b) ; *[2,3,4] ; *[3]
F.prelu(a, b) ; *[2,3] ; *[2]
F.prelu(a, b) ; *[2,3,2,2]:cl ; *[3]
torch.prelu(a, b) ; *[4] ; *[1]
a.prelu ; *[1]
F.gumbel_softmax(a, hard=True).sum(-1) ; *[3,4]
torch.celu(a, 1.5) ; *[4]
torch.selu(a) ; *[4]
torch.threshold(a, 0.1, 2) ; *[4]
torch.hardshrink(a) ; *[4]
a.hardshrink(1.0) ; *[4]
F.relu_(a) ; *[2,2]
F.elu_(a, 2.0) ; *[2,2]
F.celu_(a) ; *[2,2]
F.selu_(a) ; *[2,2]
F.leaky_relu_(a, 0.2) ; *[2,2]
F.hardtanh_(a) ; *[2,2]
F.threshold_(a, 0, 1) ; *[2,2]
F.rrelu(a) ; *[2,2]
F.rrelu(a, 0.2, 0.4) ; *[2,2]
torch.rrelu(a, 0.1, 0.3) ; *[2,2]
F.silu(a, inplace=True) ; *[2,2]
F.mish(a, inplace=True) ; *[2,2]
""".replace(
            "a.prelu ; *[1]\n", ""
        ),
        FLOAT,
        near=8,
    )
