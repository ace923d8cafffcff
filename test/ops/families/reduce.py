"""Reductions: every dim, none, empty ones, NaN, ties, dtypes of accumulation."""

FORMS = """
torch.{n}(a) ; *[3,4]{k}
torch.{n}(a, 0) ; *[3,4]{k}
torch.{n}(a, -1) ; *[2,3,4]{k}
torch.{n}(a, 1, True) ; *[2,3,4]{k}
torch.{n}(a, dim=1, keepdim=True) ; *[3,4]{k}:t
a.{n}() ; *[2,3]{k}:step
a.{n}(1) ; *[2,3]{k}:exp
a.{n}(-2) ; *[2,3,2,2]{k}:cl
torch.{n}(a, 0) ; *[]{k}
torch.{n}(a) ; *[]{k}
torch.{n}(a) ; *[0]{k}
torch.{n}(a, 0) ; *[0,3]{k}
torch.{n}(a, 1) ; *[0,3]{k}
torch.{n}(a, 2) ; *[3,4]{k}
torch.{n}(a, -3) ; *[3,4]{k}
torch.{n}(a, 0) ; *[1,5]{k}
"""
MANY_DIMS = """
torch.{n}(a, (0, 1)) ; *[2,3,4]{k}
torch.{n}(a, (0, -1), True) ; *[2,3,4]{k}
torch.{n}(a, dim=[1, 2]) ; *[2,3,2,2]{k}:cl
torch.{n}(a, ()) ; *[2,3]{k}
torch.{n}(a, (0, 0)) ; *[2,3]{k}
torch.{n}(a, (0, -2)) ; *[2,3]{k}
torch.{n}(a, dim=(2, 0)) ; *[2,3,4]{k}
a.{n}(dim=(0,)) ; *[4,3]{k}:t
torch.{n}(a, axis=0) ; *[3,4]{k}
torch.{n}(a, (1, 5)) ; *[2,3]{k}
"""
ALL = ("f32", "f64", "f16", "bf16", "i64", "i32", "u8", "b")
FLOAT = ("f32", "f64", "f16", "bf16")
SUM = {"near": 8, "scale": "tensor"}


def declare(family):
    several(family, "sum", ALL, "", MANY_DIMS, **SUM)
    several(family, "nansum", ALL, "", MANY_DIMS, **SUM)
    several(family, "mean", (*FLOAT, "i64", "b"), "", MANY_DIMS, **SUM)
    several(family, "nanmean", FLOAT, "", MANY_DIMS, **SUM)
    several(family, "prod", ALL, "", "", near=32)
    several(family, "amax", ALL, ":ties", MANY_DIMS)
    several(family, "amin", ALL, ":ties", MANY_DIMS)
    several(family, "max", ALL, ":ties", "")
    several(family, "min", ALL, ":ties", "")
    several(family, "argmax", (*FLOAT, "i64", "u8"), ":ties", "")
    several(family, "argmin", (*FLOAT, "i64", "u8"), ":ties", "")
    several(family, "all", ALL, ":ties", MANY_DIMS)
    several(family, "any", ALL, ":ties", MANY_DIMS)
    several(family, "median", ("f32", "f64", "i64", "f16"), "", "")
    several(family, "nanmedian", ("f32", "f64", "i64"), ":nan", "")
    several(family, "mode", ("f32", "i64", "f16", "b"), ":ties", "")
    several(family, "logsumexp", ("f32", "f64", "f16", "i64"), "", MANY_DIMS, near=16)
    several(family, "std", (*FLOAT, "i64"), "", MANY_DIMS, near=32, scale="tensor")
    several(family, "var", (*FLOAT, "i64"), "", MANY_DIMS, near=32, scale="tensor")
    several(family, "std_mean", ("f32", "f64", "f16"), "", MANY_DIMS, near=32, scale="tensor")
    several(family, "var_mean", ("f32", "f64", "f16"), "", MANY_DIMS, near=32, scale="tensor")
    several(family, "count_nonzero", ALL, ":ties", MANY_DIMS)
    several(family, "aminmax", ("f32", "i64", "f16", "b"), ":ties", "")
    many_values(family)
    specials(family)


def several(family, name, dtypes, kind, more, **options):
    for template in (FORMS + more).strip().splitlines():
        line = template.format(n=name, k=kind)
        family.block(name, line, dtypes, **options)
        # Names where PyTorch wants names.
    family.block(name, f"torch.{name}(a, dim='x') ; f32[2,3]", words=False)
    family.block(name, f"torch.{name}(a, dim=1, out=b) ; f32[2,3] ; f32[2]", **options)
    family.block(name, f"torch.{name}(a) ; *[22]:special", [d for d in dtypes if d in FLOAT], **options)
    family.block(name, f"torch.{name}(a, dim=0) ; *[6,5]:nan", [d for d in dtypes if d in FLOAT], **options)


def many_values(family):
    for name in ("sum", "mean", "std", "var", "logsumexp", "prod"):
        call = f"torch.{name}(a, 0)" if name == "logsumexp" else f"torch.{name}(a)"
        kind = ":unit" if name == "prod" else ""
        family.block(name, f"{call} ; *[2000]{kind}", FLOAT, near=64, scale="tensor", gradient=False)
        family.block(name, f"torch.{name}(a, 0) ; *[300,3]{kind}", FLOAT, near=64, scale="tensor", gradient=False)
        family.block(name, f"torch.{name}(a, 1) ; *[3,300]{kind}", FLOAT, near=64, scale="tensor", gradient=False)
    for name in ("amax", "amin", "argmax", "argmin", "all", "any"):
        family.block(name, f"torch.{name}(a) ; *[1500]:big", ("f32", "i32", "f16"), gradient=False)
        family.block(name, f"torch.{name}(a, 0) ; *[130,5]:big", ("f32", "i32", "f16"), gradient=False)
        family.block(name, f"torch.{name}(a, 1) ; *[5,130]:big", ("f32", "i32", "f16"), gradient=False)


def specials(family):
    for name in ("sum", "mean", "prod", "nansum", "nanmean"):
        for dtype in ("float64", "float32", "float16", "int64", "int8", "bool"):
            family.block(
                name,
                f"torch.{name}(a, dtype=torch.{dtype}) ; *[5]\ntorch.{name}(a, 0, dtype=torch.{dtype}) ; *[3,2]",
                ("f32", "i64", "b"),
                near=16,
                scale="tensor",
            )
    family.block(
        "sum",
        """
sum(a) ; *[3,2]
a.sum(0, 1) ; *[3,2]
a.sum(dim=None) ; *[3,2]
a.sum(None, True) ; *[3,2]
torch.sum(a, (0,), keepdims=True) ; *[3,2]
a.sum_to_size(3, 1) ; *[3,2]
a.sum_to_size(1) ; *[3,2]
a.sum_to_size(4) ; *[3,2]
torch.sum(a, 0) ; *[2,3,2]:exp
a.sum(1) ; *[4,5]:edge
""",
        ("f32", "i64", "i8"),
        **SUM,
    )
    family.block(
        "max",
        """
torch.max(a, b) ; *[3] ; *[2,3]
a.max(b) ; *[3] ; *[3]
torch.max(a, dim=0).values ; *[3,4]
a.max(0).indices ; *[3,4]:ties
a.max(0)[1] ; *[3,4]:t:ties
torch.min(a, b) ; *[3] ; *[2,3]
torch.min(a, dim=1, keepdim=True) ; *[3,4]
a.min(-1)[0] ; *[3,4]:step
torch.max(a, 0) ; *[5,3]:ties
torch.min(a, 1) ; *[3,7]:ties
torch.max(a, dim=(0, 1)) ; *[2,2]
max(a, b) ; *[] ; *[]
""",
        ("f32", "f64", "i64", "f16", "b"),
        words=False,
    )
    family.block(
        "var",
        """
torch.{n}(a, 1, unbiased=False) ; *[3,4]
torch.{n}(a, False) ; *[3,4]
torch.{n}(a, correction=0) ; *[3,4]
torch.{n}(a, 0, correction=2) ; *[4,3]
torch.{n}(a, 0) ; *[1,3]
torch.{n}(a, 0, correction=5) ; *[3,2]
torch.{n}(a, 0, True, True) ; *[3,2]
torch.{n}(a) ; *[1]
torch.{n}(a, (0, 1), correction=1) ; *[2,3,2]
a.{n}(unbiased=True) ; *[5]
torch.{n}(a, dim=None, correction=0) ; *[3,4]:t
torch.{n}(a + 1000) ; *[20]:unit
""".replace(
            "{n}", "var"
        )
        + """
torch.{n}(a, 1, unbiased=False) ; *[3,4]
torch.{n}(a, False) ; *[3,4]
torch.{n}(a, correction=0) ; *[3,4]
torch.{n}(a, 0) ; *[1,3]
torch.{n}(a, 0, True, True) ; *[3,2]
torch.{n}(a) ; *[1]
a.{n}(unbiased=True) ; *[5]
""".replace(
            "{n}", "std"
        ),
        ("f32", "f64"),
        near=4096,
        scale="tensor",
    )
    family.block(
        "norm",
        """
torch.norm(a) ; *[3,4]
torch.norm(a, 2) ; *[3,4]
torch.norm(a, p=1) ; *[3,4]
torch.norm(a, p='fro') ; *[3,4]
torch.norm(a, 2, 1) ; *[3,4]
torch.norm(a, 2, dim=0, keepdim=True) ; *[3,4]
torch.norm(a, inf, 1) ; *[3,4]
torch.norm(a, -inf, 1) ; *[3,4]
torch.norm(a, 0, 1) ; *[3,4]:ties
torch.norm(a, 3, 1) ; *[3,4]
torch.norm(a, 0.5, 1) ; *[3,4]
torch.norm(a, 2, (0, 1)) ; *[2,3,4]
a.norm() ; *[4,3]:t
a.norm(1, -1) ; *[2,3]:step
a.norm(dim=1, p=2) ; *[2,3]:exp
torch.norm(a, dim=1) ; *[0,3]
torch.norm(a, dim=0) ; *[0,3]
torch.norm(a) ; *[]
torch.norm(a, 2, 3) ; *[2,3]
torch.norm(a, p='nuc2') ; *[2,3]
torch.linalg.norm(a) ; *[3,4]
torch.linalg.norm(a, dim=1) ; *[3,4]
torch.linalg.norm(a, 1, dim=(0, 1)) ; *[3,4]
torch.linalg.norm(a, 'fro') ; *[3,4]
torch.linalg.vector_norm(a) ; *[3,4]
torch.linalg.vector_norm(a, 3.5, 1) ; *[3,4]
torch.linalg.vector_norm(a, inf) ; *[3,4]
torch.linalg.vector_norm(a, 0) ; *[3,4]:ties
torch.linalg.vector_norm(a, 2, (0, 1), True) ; *[3,4]
torch.linalg.matrix_norm(a) ; *[3,4]
torch.linalg.matrix_norm(a, 1) ; *[2,3,4]
torch.linalg.matrix_norm(a, inf) ; *[3,4]
torch.linalg.matrix_norm(a, -1, keepdim=True) ; *[3,4]
torch.linalg.vector_norm(a) ; i64[3]
torch.norm(a) ; i64[3]
a.norm(dtype=torch.float64) ; *[3]
torch.dist(a, b) ; *[3,4] ; *[3,4]
torch.dist(a, b, 1) ; *[3,4] ; *[4]
torch.dist(a, b, inf) ; *[3] ; *[3]
a.dist(b, 3) ; *[3] ; *[3]
torch.renorm(a, 2, 0, 3.0) ; *[3,4]
torch.renorm(a, 1, 1, 2.0) ; *[3,4]
a.renorm(2, 0, 100.0) ; *[3,4]
a.renorm_(2, 1, 1.0) ; *[3,4]
""",
        ("f32", "f64", "f16"),
        near=16,
        scale="tensor",
    )
    family.block(
        "quantile",
        """
torch.quantile(a, 0.5) ; *[7]
torch.quantile(a, 0.3, 0) ; *[4,3]
torch.quantile(a, b, 1) ; *[3,6] ; *[3]:unit
torch.quantile(a, 0.25, 1, True) ; *[3,6]
torch.quantile(a, 0.6, interpolation='lower') ; *[9]
torch.quantile(a, 0.6, interpolation='higher') ; *[9]
torch.quantile(a, 0.6, interpolation='nearest') ; *[9]
torch.quantile(a, 0.6, interpolation='midpoint') ; *[9]
torch.quantile(a, 1.5) ; *[9]
torch.quantile(a, 0.5) ; *[0]
torch.quantile(a, 0.5) ; *[10]:nan
torch.nanquantile(a, 0.5) ; *[10]:nan
torch.nanquantile(a, 0.2, 0) ; *[10,2]:nan
torch.nanquantile(a, b, 1, True) ; *[3,6]:nan ; *[2]:unit
a.quantile(0.1) ; *[3,4]:t
a.nanquantile(0.9) ; *[3,4]:step
""",
        ("f32", "f64", "i64", "f16"),
        near=8,
        scale="tensor",
    )
    family.block(
        "histc",
        """
torch.histc(a, 5) ; *[20]
torch.histc(a, 4, -2, 2) ; *[20]
torch.histc(a, bins=3, min=0, max=1) ; *[20]:unit
a.histc(10) ; *[3,4]:t
torch.histc(a, 3, 2, 1) ; *[4]
torch.histc(a, 0) ; *[4]
torch.histc(a, 4) ; *[5]:one
torch.histc(a, 4) ; *[22]:special
torch.histc(a) ; *[3]
""",
        ("f32", "f64", "i64"),
    )
    family.block(
        "bincount",
        """
torch.bincount(a) ; *[12]:lt5
torch.bincount(a, minlength=9) ; *[12]:lt5
torch.bincount(a, b) ; *[6]:lt4 ; f32[6]
torch.bincount(a, b) ; *[6]:lt4 ; f64[6]
torch.bincount(a, b) ; *[6]:lt4 ; i64[6]
torch.bincount(a) ; *[0]
a.bincount(minlength=3) ; *[0]
torch.bincount(a) ; *[2,2]:lt3
torch.bincount(a) ; *[4]:edge
torch.bincount(a, b) ; *[4]:lt3 ; f32[3]
torch.bincount(a, minlength=-1) ; *[4]:lt3
torch.bincount(a) ; f32[4]
""",
        ("i64", "i32", "u8"),
        gradient=False,
    )
    family.block(
        "cov",
        """
torch.cov(a) ; *[3,5]
torch.cov(a, correction=0) ; *[3,5]
torch.cov(a) ; *[5]
torch.cov(a, fweights=b) ; *[3,5] ; i64[5]:pos
torch.cov(a, aweights=b) ; *[3,5] ; *[5]:pos
torch.cov(a) ; *[2,2,2]
torch.corrcoef(a) ; *[3,5]
torch.corrcoef(a) ; *[5]
a.corrcoef() ; *[2,4]:t
a.cov() ; *[4,2]:t
torch.cov(a) ; *[]
torch.trapezoid(a) ; *[3,5]
torch.trapezoid(a, dx=0.5) ; *[3,5]
torch.trapezoid(a, b) ; *[3,5] ; *[5]
torch.trapezoid(a, dim=0) ; *[3,5]
torch.trapz(a) ; *[5]
torch.trapz(a, b) ; *[5] ; *[5]
torch.cumulative_trapezoid(a) ; *[3,5]
torch.cumulative_trapezoid(a, b, dim=0) ; *[3,2] ; *[3,2]
torch.cumulative_trapezoid(a, dx=2) ; *[4]
""",
        ("f32", "f64"),
        near=64,
        scale="tensor",
    )
