"""Comparisons: what they say of ties, NaN, mixed dtypes and numbers that do not fit."""

from families.binary import LAYOUTS, PAIRS, inplace, operators, with_values

NAMES = ("eq", "ne", "lt", "le", "gt", "ge", "greater", "greater_equal", "less", "less_equal", "not_equal")
OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def declare(family):
    for name in NAMES:
        call = f"torch.{name}(a, b)"
        for a, b in PAIRS + LAYOUTS:
            family.add(name, call, with_values(a, "ties"), with_values(b, "ties"))
        for short in ("f32", "f64", "f16", "bf16"):
            family.add(name, call, f"{short}[22,1]:special", f"{short}[1,22]:special")
        for short in ("i64", "i32", "i8", "u8"):
            family.add(name, call, f"{short}[10,1]:edge", f"{short}[1,10]:edge")
        family.add(name, call, "i64[10,1]:edge", "f32[1,22]:special")
        family.add(name, call, "u8[10,1]:edge", "i8[1,10]:edge")
        for number in ("1", "0.5", "True", "nan", "inf", "-1", "300", "1e300", "2**40"):
            for spec in ("f32[2,3]:ties", "i64[4]:ties", "u8[10]:edge", "b[3]", "f16[4]:ties"):
                family.add(name, f"torch.{name}(a, {number})", spec)
        family.add(name, f"a.{name}(b)", "f32[2,3]:ties", "f32[3]:ties")
        family.add(name, f"a.{name}(other=1)", "f32[3]:ties")
        for target in ("b[2,3]", "f32[2,3]", "b[0]", "b[3,2]:t", "u8[2,3]"):
            family.add(name, f"torch.{name}(a, b, out=c)", "f32[2,3]:ties", "f32[3]:ties", with_values(target, "zero"))
        inplace(family, name, "ties", "ties", "exact", "f32")
    for name, sign in OPERATORS.items():
        operators(family, name, sign)
    for name in ("isclose", "allclose"):
        family.block(
            name,
            f"""
torch.{name}(a, b) ; *[2,3]:ties ; *[2,3]:ties
torch.{name}(a, a) ; *[22]:special
torch.{name}(a, a, equal_nan=True) ; *[22]:special
torch.{name}(a, b, 0.5, 0.5) ; *[8]:ties ; *[8]:ties
torch.{name}(a, b, rtol=0.0, atol=1.5) ; *[8]:ties ; *[8]:ties
a.{name}(b) ; *[2,3] ; *[3]
torch.{name}(a, b) ; *[0] ; *[0]
torch.{name}(a, b) ; *[3] ; f16[3]
torch.{name}(a, b, atol=-1.0) ; *[3] ; *[3]
torch.{name}(a, b) ; *[2] ; *[3]
""",
            ("f32", "f64", "i64", "b"),
        )
    family.block(
        "equal",
        """
torch.equal(a, b) ; *[2,3]:ties ; *[2,3]:ties
torch.equal(a, a) ; *[2,3]
torch.equal(a, a.clone()) ; *[3,4]:t
torch.equal(a, b) ; *[2] ; *[3]
torch.equal(a, b) ; *[0] ; *[0]
torch.equal(a, b) ; *[2]:one ; i32[2]:one
a.equal(b) ; *[] ; *[1]
""",
        ("f32", "i64", "b", "f16"),
    )
    family.block("equal", "torch.equal(a, a) ; f32[22]:special")
    family.block(
        "isin",
        """
torch.isin(a, b) ; *[3,4]:ties ; *[2]:ties
torch.isin(a, b, invert=True) ; *[3,4]:ties ; *[2]:ties
torch.isin(a, 1) ; *[5]:ties
torch.isin(1, a) ; *[5]:ties
torch.isin(a, b) ; *[0] ; *[2]
torch.isin(a, b) ; *[3] ; *[0]
torch.isin(a, b, assume_unique=True) ; *[6]:perm ; *[3]:perm
torch.isin(a, b) ; *[3,4]:ties:t ; *[1]
""",
        ("f32", "i64", "f64", "i32"),
    )
