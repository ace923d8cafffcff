"""Elementwise functions of one tensor."""

# name: (values in its domain, units in the last place)
FLOAT_FUNCTIONS = {
    "acos": ("small", 4),
    "acosh": ("pos", 8),
    "arccos": ("small", 4),
    "arccosh": ("pos", 8),
    "arcsin": ("small", 4),
    "arcsinh": ("any", 4),
    "arctan": ("any", 4),
    "arctanh": ("small", 8),
    "asin": ("small", 4),
    "asinh": ("any", 4),
    "atan": ("any", 4),
    "atanh": ("small", 8),
    "cos": ("any", 4),
    "cosh": ("any", 4),
    "digamma": ("pos", 64),
    "erf": ("any", 4),
    "erfc": ("any", 16),
    "erfinv": ("small", 16),
    "exp": ("any", 4),
    "exp2": ("any", 4),
    "expm1": ("any", 4),
    "lgamma": ("pos", 32),
    "log": ("pos", 4),
    "log10": ("pos", 4),
    "log1p": ("pos", 4),
    "log2": ("pos", 4),
    "logit": ("unit", 16),
    "reciprocal": ("any", "exact"),
    "rsqrt": ("pos", 2),
    "sigmoid": ("any", 4),
    "sin": ("any", 4),
    "sinc": ("any", 16),
    "sinh": ("any", 8),
    "sqrt": ("pos", 2),
    "tan": ("any", 16),
    "tanh": ("any", 4),
}
EXACT_FUNCTIONS = {
    "abs": ("any", "exact"),
    "absolute": ("any", "exact"),
    "ceil": ("any", "exact"),
    "conj_physical": ("any", "exact"),
    "deg2rad": ("any", 2),
    "fix": ("any", "exact"),
    "floor": ("any", "exact"),
    "frac": ("any", "exact"),
    "nan_to_num": ("any", "exact"),
    "neg": ("any", "exact"),
    "negative": ("any", "exact"),
    "positive": ("any", "exact"),
    "rad2deg": ("any", 2),
    "relu": ("any", "exact"),
    "round": ("any", "exact"),
    "sgn": ("any", "exact"),
    "sign": ("any", "exact"),
    "square": ("any", "exact"),
    "trunc": ("any", "exact"),
}
TESTS = ("isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal", "signbit", "logical_not")
BITS = ("bitwise_not",)
# Their gradient in PyTorch is a zero without memory, which nobody can look at.
NO_GRADIENT = {"sgn"}
NO_INPLACE = {"conj_physical", "positive", *TESTS} - {"logical_not"}
NO_OUT = {"isfinite", "isinf", "isnan", "isreal", "positive", "relu"}


def declare(family):
    for name, (domain, near) in {**FLOAT_FUNCTIONS, **EXACT_FUNCTIONS}.items():
        call = f"torch.{name}(a)"
        family.defaults = {"gradient": False} if name in NO_GRADIENT else {}
        if name == "digamma":
            # It is zero among the values, and PyTorch's derivative of it is good to 1e-10.
            family.defaults = {"scale": "tensor"}
        for dtype in ("f32", "f64", "f16", "bf16"):
            family.add(name, call, f"{dtype}[3,5]:{domain}", near=near)
        for spec in ("i64[7]:edge", "i32[5]:pos", "i8[4]", "u8[6]:edge", "b[3]"):
            family.add(name, call, spec, near=near)
        for dtype in ("f32", "f64", "f16", "bf16"):
            family.add(name, call, f"{dtype}[22]:special", near=near)
        shapes(family, name, call, domain, near)
        if name not in NO_INPLACE:
            inplace(family, name, domain, near)
        if name not in NO_OUT:
            out(family, name, domain, near)
    family.defaults = {}
    for name in TESTS + BITS:
        call = f"torch.{name}(a)"
        for spec in ("f32[22]:special", "f64[22]:special", "f16[22]:special", "bf16[22]:special"):
            family.add(name, call, spec)
        for spec in ("i64[10]:edge", "i32[10]:edge", "i16[6]:edge", "i8[10]:edge", "u8[10]:edge", "b[3]"):
            family.add(name, call, spec)
        shapes(family, name, call, "any", "exact", dtype="i32" if name in BITS else "f32")
        if name not in NO_INPLACE:
            inplace(family, name, "any", "exact", dtype="i32" if name in BITS else "f32")
        if name not in NO_OUT:
            out(family, name, "any", "exact", dtype="i32" if name in BITS else "f32")
    specials(family)


def shapes(family, name, call, domain, near, dtype="f32"):
    """Sizes and layouts: the same numbers must come out wherever they lie."""
    for spec in ("[0,3]", "[]", "[3,4]:t", "[2,3]:step", "[3,4]:exp", "[5]:off", "[2,3,2,2]:cl", "[1,1]", "[41]"):
        shape, _, layout = spec.partition(":")
        words = ":".join(word for word in (domain, layout) if word)
        family.add(name, call, f"{dtype}{shape}:{words}", near=near)
    family.add(name, f"a.{name}()", f"{dtype}[2,2]:{domain}", near=near)


def inplace(family, name, domain, near, dtype="f32"):
    op = f"{name}_"
    for spec in (
        f"{dtype}[2,3]:{domain}",
        f"{dtype}[3,2]:{domain}:t",
        f"{dtype}[4]:{domain}:step",
        "i64[3]:pos",
        "b[2]",
    ):
        family.add(op, f"a.{name}_()", spec, near=near)
    family.add(op, f"a.{name}_()", f"{dtype}[3,2]:exp:{domain}", near=near)
    if dtype == "f32":
        family.add(op, f"a.{name}_()", f"f32[2]:{domain}:leaf")
        family.add(op, f"a.{name}_()", f"f16[3]:{domain}", near=near)


def out(family, name, domain, near, dtype="f32"):
    for target in (f"{dtype}[2,3]", f"{dtype}[3,2]:t", "f64[2,3]", "i64[2,3]", f"{dtype}[0]", "b[2,3]"):
        family.add(name, f"torch.{name}(a, out=b)", f"{dtype}[2,3]:{domain}", f"{target}:zero", near=near)


def specials(family):
    family.block(
        "round",
        """
torch.round(a, decimals=2) ; *[6]:any
torch.round(a, decimals=-1) ; *[6]:big
torch.round(a, decimals=0) ; *[6]
a.round(decimals=1) ; i64[3]
a.round_(decimals=1) ; *[4]
""",
        ("f32", "f64", "f16"),
        near=4,
    )
    family.block(
        "nan_to_num",
        """
torch.nan_to_num(a, 5.0) ; *[22]:special
torch.nan_to_num(a, nan=1.0, posinf=2.0, neginf=-3.0) ; *[22]:special
a.nan_to_num(0.0, 9.0) ; *[22]:special
a.nan_to_num_(1.0) ; *[22]:special
torch.nan_to_num(a, nan=3) ; i64[3]
""",
        ("f32", "f64", "bf16"),
    )
    family.block(
        "logit",
        """
torch.logit(a, 0.1) ; *[6]:unit
torch.logit(a, eps=1e-3) ; *[6]:any
a.logit(0.2) ; *[6]:any
a.logit_(0.2) ; *[6]:unit
torch.special.logit(a, eps=0.3) ; *[4]:unit
""",
        ("f32", "f64"),
        near=16,
    )
    for name in (
        "erf",
        "erfc",
        "erfinv",
        "expit",
        "exp2",
        "expm1",
        "sinc",
        "digamma",
        "psi",
        "gammaln",
        "round",
        "log1p",
    ):
        family.block(f"special.{name}", f"torch.special.{name}(a) ; *[4]:unit", ("f32", "f64", "f16", "i64"), near=16)
    family.block(
        "abs",
        """
abs(a) ; i8[10]:edge
-a ; u8[10]:edge
-a ; b[2]
+a ; b[2]
~a ; f32[2]
~a ; i32[3]
~a ; b[3]
abs(a) ; f32[2,3]:t
torch.abs(3)
torch.abs()
torch.abs(a, a) ; f32[2]
torch.abs(input=a) ; f32[2]
torch.abs([1.0])
torch.exp(a, foo=1) ; f32[2]
a.exp(1) ; f32[2]
torch.sqrt('x')
torch.relu(None)
""",
    )
