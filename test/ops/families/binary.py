"""Elementwise functions of two tensors, or of a tensor and a number."""

# name: (values left, values right, units in the last place)
ARITHMETIC = {
    "add": ("any", "any", "exact"),
    "sub": ("any", "any", "exact"),
    "subtract": ("any", "any", "exact"),
    "mul": ("any", "any", "exact"),
    "multiply": ("any", "any", "exact"),
    "div": ("any", "any", "exact"),
    "divide": ("any", "any", "exact"),
    "true_divide": ("any", "any", "exact"),
    "floor_divide": ("any", "any", "exact"),
    "remainder": ("any", "any", 2),
    "fmod": ("any", "any", 2),
    "pow": ("pos", "any", 8),
    "float_power": ("pos", "any", 8),
    "maximum": ("ties", "ties", "exact"),
    "minimum": ("ties", "ties", "exact"),
    "fmax": ("ties", "ties", "exact"),
    "fmin": ("ties", "ties", "exact"),
    "atan2": ("any", "any", 4),
    "arctan2": ("any", "any", 4),
    "hypot": ("any", "any", 4),
    "copysign": ("any", "any", "exact"),
    "logaddexp": ("any", "any", 8),
    "nextafter": ("any", "any", "exact"),
    "xlogy": ("any", "pos", 8),
    "heaviside": ("ties", "any", "exact"),
    "rsub": ("any", "any", "exact"),
}
INTEGERS = ("gcd", "lcm", "bitwise_left_shift", "bitwise_right_shift")
BITS = ("bitwise_and", "bitwise_or", "bitwise_xor")
LOGIC = ("logical_and", "logical_or", "logical_xor")
OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "floor_divide": "//",
    "remainder": "%",
    "pow": "**",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
    "bitwise_left_shift": "<<",
    "bitwise_right_shift": ">>",
}
AUGMENTED = {
    "add": "iadd",
    "sub": "isub",
    "mul": "imul",
    "div": "itruediv",
    "floor_divide": "ifloordiv",
    "remainder": "imod",
    "pow": "ipow",
    "bitwise_and": "iand",
    "bitwise_or": "ior",
    "bitwise_xor": "ixor",
    "bitwise_left_shift": "ilshift",
    "bitwise_right_shift": "irshift",
}
NO_INPLACE = {"maximum", "minimum", "fmax", "fmin", "logaddexp", "rsub"}
NO_METHOD = {"rsub"}
NO_OUT = {"rsub"}
SPECIAL_INTEGERS_CRASH = {"bitwise_left_shift", "bitwise_right_shift", "float_power", "lcm", "gcd"}
PAIRS = (
    ("f32[2,3]", "f32[2,3]"),
    ("f64[2,3]", "f64[2,3]"),
    ("f16[2,3]", "f16[2,3]"),
    ("bf16[2,3]", "bf16[2,3]"),
    ("i64[7]", "i64[7]"),
    ("i32[5]", "i32[5]"),
    ("u8[5]", "u8[5]"),
    ("b[4]", "b[4]"),
    ("f32[3]", "i64[3]"),
    ("i64[3]", "f32[]"),
    ("f16[3]", "f32[]"),
    ("bf16[3]", "f16[3]"),
    ("i32[3]", "u8[3]"),
    ("u8[3]", "i8[3]"),
    ("b[3]", "i16[3]"),
    ("f32[3]", "f64[]"),
    ("f32[2,1]", "f32[1,3]"),
    ("f32[3]", "f32[2,3]"),
    ("f32[0,3]", "f32[1,3]"),
    ("f32[]", "f32[]"),
    ("f32[]", "f32[2,2]"),
    ("f32[2,3]", "f32[2,4]"),
    ("f32[2,3]", "f32[3,2]"),
)
LAYOUTS = (
    ("f32[3,4]:t", "f32[3,4]"),
    ("f32[3,4]:t", "f32[3,4]:t"),
    ("f32[3,4]", "f32[3,4]:step"),
    ("f32[3,4]:exp", "f32[3,4]"),
    ("f32[3,4]:exp", "f32[3,4]:exp"),
    ("f32[2,3,2,2]:cl", "f32[2,3,2,2]:cl"),
    ("f32[2,3,2,2]:cl", "f32[2,3,2,2]"),
    ("f32[2,3,2,2]", "f32[2,3,2,2]:cl"),
    ("f32[2,3,2,2]:cl", "f32[3,1,1]"),
    ("f32[4]:off", "f32[3,4]:t"),
)


def with_values(spec, kind):
    """Put the word for values behind the shape."""
    shape, _, layout = spec.partition(":")
    return f"{shape}:{kind}{':' + layout if layout else ''}"


def safe(name, spec, kind):
    """Divisors and shifts must not be zero or negative where integers meet them."""
    is_integer = not spec.startswith(("f", "bf"))
    if (
        is_integer
        and not spec.startswith("b[")
        and name in (*("floor_divide", "remainder", "fmod", "bitwise_left_shift", "bitwise_right_shift", "pow"),)
    ):
        return "pos"
    return kind


def declare(family):
    for name, (left, right, near) in ARITHMETIC.items():
        everything(family, name, left, right, near)
    for name in INTEGERS + BITS + LOGIC:
        everything(family, name, "any", "any", "exact")
    for name, sign in OPERATORS.items():
        operators(family, name, sign)
    specials(family)
    ternary(family)


def everything(family, name, left, right, near):
    call = f"torch.{name}(a, b)"
    kind_of_pair = "i32" if name in INTEGERS + BITS else "f32"
    for a, b in PAIRS + LAYOUTS:
        if name in INTEGERS + BITS and a.startswith("f32[") and a != "f32[3]":
            a, b = a.replace("f32", "i32"), b.replace("f32", "i32")
        family.add(name, call, with_values(a, left), with_values(b, safe(name, b, right)), near=near)
    for short in ("f32", "f64", "f16"):
        # One column and one row: every special value meets every other.
        if name not in INTEGERS + BITS:
            family.add(name, call, f"{short}[22,1]:special", f"{short}[1,22]:special", near=near, gradient=False)
    if name not in SPECIAL_INTEGERS_CRASH:
        divides = name in ("floor_divide", "remainder", "fmod")
        right_edge = "i64[1,6]:pos" if divides or name == "pow" else "i64[1,15]:edge"
        family.add(name, call, "i64[15,1]:edge", right_edge, near=near)
        family.add(name, call, "i32[15,1]:edge", right_edge.replace("i64", "i32"), near=near)
        family.add(name, call, "u8[10,1]:edge", "u8[1,5]:pos" if divides else "u8[1,10]:edge", near=near)
    first = f"{kind_of_pair}[2,3]:{left}"
    for number in ("2", "-3", "2.5", "True", "0.5", "1e10", "nan", "inf"):
        family.add(name, f"torch.{name}(a, {number})", first, near=near)
    for number in ("2", "2.5", "True"):
        family.add(name, f"torch.{name}(a, {number})", "i32[4]:pos", near=near)
        family.add(name, f"torch.{name}(a, {number})", "b[3]", near=near)
    if name not in NO_METHOD:
        family.add(
            name, f"a.{name}(b)", first, with_values(f"{kind_of_pair}[3]", safe(name, kind_of_pair, right)), near=near
        )
        family.add(
            name,
            f"a.{name}(other=b)" if name not in ("pow", "float_power") else f"a.{name}(exponent=b)",
            first,
            with_values(f"{kind_of_pair}[3]", safe(name, kind_of_pair, right)),
            near=near,
        )
    if name not in NO_INPLACE:
        inplace(family, name, left, right, near, kind_of_pair)
    if name not in NO_OUT:
        second = with_values(f"{kind_of_pair}[2,3]", safe(name, kind_of_pair, right))
        for target in (f"{kind_of_pair}[2,3]", "f64[2,3]", "i64[2,3]", f"{kind_of_pair}[0]", f"{kind_of_pair}[3,2]:t"):
            family.add(name, f"torch.{name}(a, b, out=c)", first, second, with_values(target, "zero"), near=near)


def inplace(family, name, left, right, near, kind):
    op = f"{name}_"
    second = safe(name, kind, right)
    for a, b in (
        (f"{kind}[2,3]", f"{kind}[3]"),
        (f"{kind}[3,4]:t", f"{kind}[3,4]"),
        (f"{kind}[2,3]:step", f"{kind}[2,3]"),
        (f"{kind}[3]", f"{kind}[2,3]"),
        (f"{kind}[3,2]:exp", f"{kind}[2]"),
        ("i32[3]", "f32[3]"),
        ("b[3]", "i64[3]"),
        ("f32[3]", "f64[3]"),
        ("f16[3]", "f32[3]"),
        ("u8[3]", "i64[3]"),
    ):
        family.add(op, f"a.{name}_(b)", with_values(a, left), with_values(b, safe(name, b, second)), near=near)
    for number in ("2", "2.5", "True"):
        family.add(op, f"a.{name}_({number})", f"{kind}[3]:{left}", near=near)
        family.add(op, f"a.{name}_({number})", "i64[3]:pos", near=near)


def operators(family, name, sign):
    op = f"operator {sign}"
    kind = "i32" if name.startswith("bitwise") else "f32"
    for number in ("2", "2.5", "True"):
        for spec in (f"{kind}[2,3]:pos", "i64[3]:pos", "b[2]", "f16[2]:pos", "f32[]:pos"):
            family.add(op, f"a {sign} {number}", spec, near=8)
            family.add(op, f"{number} {sign} a", spec, near=8)
    family.add(op, f"a {sign} b", f"{kind}[2,3]:pos", f"{kind}[3]:pos", near=8)
    family.add(op, f"a {sign} 'x'", f"{kind}[2]")
    family.add(op, f"a {sign} None", f"{kind}[2]")
    family.add(op, f"[1.0] {sign} a", f"{kind}[2]")
    if name in AUGMENTED:
        call = f"__import__('operator').{AUGMENTED[name]}(a, b)"
        family.add(op, call, f"{kind}[2,3]:pos", f"{kind}[3]:pos", near=8)


def specials(family):
    family.block(
        "add",
        """
torch.add(a, b, alpha=2) ; *[3] ; *[3]
torch.add(a, b, alpha=0.5) ; *[3] ; *[3]
torch.add(a, 3, alpha=2) ; *[3]
a.add(b, alpha=-1) ; *[2,2] ; *[2,2]
a.add_(b, alpha=3) ; *[2,2] ; *[2,2]
torch.add(a, b, alpha=True) ; *[3] ; *[3]
torch.sub(a, b, alpha=2) ; *[3] ; *[3]
a.sub_(b, alpha=3) ; *[2,2] ; *[2,2]
torch.rsub(a, b, alpha=2) ; *[3] ; *[3]
""",
        ("f32", "f64", "i64", "b", "f16"),
        near=1,
    )
    for mode in ("'floor'", "'trunc'", "None"):
        for pair in (
            "f32[2,6] ; f32[6]",
            "i64[7] ; i64[7]:pos",
            "i32[5] ; f32[5]",
            "f16[4] ; f16[4]",
            "f64[5] ; f64[5]",
        ):
            family.block("div", f"torch.div(a, b, rounding_mode={mode}) ; {pair}")
        for pair in ("f32[22,1]:special ; f32[1,22]:special", "f64[22,1]:special ; f64[1,22]:special"):
            family.block("div", f"torch.div(a, b, rounding_mode={mode}) ; {pair}", gradient=False)
        for number in ("3", "-0.7", "2.5"):
            for spec in ("f32[5]", "i64[7]:edge", "u8[4]", "f16[4]"):
                family.add("div", f"a.div({number}, rounding_mode={mode})", spec)
                family.add("div_", f"a.div_({number}, rounding_mode={mode})", spec)
    family.block(
        "div",
        """
torch.div(a, b, rounding_mode='up') ; f32[2] ; f32[2]
torch.div(a, b, rounding_mode='floor') ; i64[3] ; i64[3]:zero
torch.div(a, b, rounding_mode='trunc') ; i32[3] ; i32[3]:zero
a // b ; i64[3] ; i64[3]:zero
a % b ; i64[3] ; i64[3]:zero
torch.fmod(a, b) ; i64[3] ; i64[3]:zero
a / b ; i64[3] ; i64[3]:zero
a // 0 ; i64[3]
a % 0 ; i64[3]
a // 0 ; f32[6]
a % 0 ; f32[6]
a // -3 ; i64[11]:rise
a % -3 ; i64[11]:rise
torch.fmod(a, -3) ; i64[11]
a // 3 ; i8[10]:edge
a % 3 ; i8[10]:edge
a // -1 ; i8[10]:edge
-7 // a ; i64[5]:pos
-7 % a ; i64[5]:pos
7.5 // a ; f32[6]
7.5 % a ; f32[6]
2 / a ; i64[4]:pos
""",
    )
    family.block(
        "pow",
        """
torch.pow(a, 2) ; *[5]
torch.pow(a, 3) ; *[5]
torch.pow(a, 0) ; *[5]
torch.pow(a, -1) ; *[5]
torch.pow(a, 0.5) ; *[5]:pos
torch.pow(a, -0.5) ; *[5]:pos
torch.pow(a, 1) ; *[5]
torch.pow(a, -2) ; *[5]
torch.pow(a, 2.5) ; *[5]
torch.pow(2, a) ; *[5]
torch.pow(-2, a) ; *[5]
torch.pow(0.5, a) ; *[5]
torch.pow(0, a) ; *[5]
torch.pow(a, 2, out=b) ; *[5] ; *[5]:zero
a ** 2 ; *[2,3]:t
""",
        ("f32", "f64", "f16", "i64", "i32"),
        near=8,
    )
    family.block(
        "pow",
        """
a ** -1 ; i64[3]
a ** b ; i64[3]:pos ; i64[3]
2 ** a ; b[2]
a ** 2 ; b[2]
a ** b ; b[2] ; b[2]
a ** 63 ; i64[4]
a ** 9 ; i8[4]
a ** 0.5 ; i64[4]:pos
""",
        near=8,
    )


def ternary(family):
    pairs = ("f32", "f64", "f16", "bf16")
    family.block(
        "lerp",
        """
torch.lerp(a, b, 0.3) ; *[2,3] ; *[2,3]
torch.lerp(a, b, 0.8) ; *[3] ; *[2,3]
torch.lerp(a, b, c) ; *[2,3] ; *[3] ; *[3]:unit
a.lerp(b, 1.5) ; *[4] ; *[4]
a.lerp_(b, 0.25) ; *[4] ; *[4]
a.lerp_(b, c) ; *[2,4]:t ; *[4] ; *[2,1]:unit
torch.lerp(a, b, 0.3) ; i64[3] ; i64[3]
torch.lerp(a, b, 0.3) ; *[3] ; f64[3]
torch.lerp(a, b, c) ; *[22,1]:special ; *[1,22]:special ; *[1]
torch.lerp(a, b, 0.5, out=c) ; *[3] ; *[3] ; *[0]
""",
        pairs,
        near=4,
        scale="tensor",
    )
    for name in ("addcmul", "addcdiv"):
        family.block(
            name,
            f"""
torch.{name}(a, b, c) ; *[2,3] ; *[2,3] ; *[2,3]:pos
torch.{name}(a, b, c, value=0.5) ; *[2,3] ; *[3] ; *[2,1]:pos
torch.{name}(a, b, c, value=-2) ; *[4]:off ; *[4] ; *[4]:pos
a.{name}(b, c, value=3) ; *[3,4]:t ; *[3,4] ; *[4]:pos
a.{name}_(b, c, value=0.1) ; *[2,3]:step ; *[3] ; *[2,3]:pos
a.{name}_(b, c) ; *[3] ; *[2,3] ; *[3]:pos
torch.{name}(a, b, c) ; i64[3] ; i64[3] ; i64[3]:pos
torch.{name}(a, b, c, value=2) ; i64[3] ; i64[3] ; i64[3]:pos
torch.{name}(a, b, c, value=2.5) ; i64[3] ; i64[3] ; i64[3]:pos
torch.{name}(a, b, c) ; *[3] ; i64[3] ; f32[3]:pos
torch.{name}(a, b, c) ; *[0,2] ; *[2] ; *[1,1]:pos
torch.{name}(a, b, c) ; *[2] ; *[3] ; *[2]
torch.{name}(a, b, c, out=d) ; *[3] ; *[3] ; *[3]:pos ; *[3]:zero
torch.{name}(a, b, c) ; *[22,1]:special ; *[1,22]:special ; *[1]:pos
""",
            pairs,
            near=4,
            scale="tensor",
        )
    family.block(
        "clamp",
        """
torch.clamp(a, -1, 1) ; *[2,5]
torch.clamp(a, min=0) ; *[6]
torch.clamp(a, max=2) ; *[6]
torch.clamp(a, 2, -2) ; *[6]
torch.clamp(a, -1.5, 1.5) ; *[6]
torch.clamp(a, b, c) ; *[2,3] ; *[3] ; *[2,1]
torch.clamp(a, min=b) ; *[2,3] ; *[3]
torch.clamp(a, max=b) ; *[2,3]:t ; *[]
a.clamp(0.5) ; *[5]
a.clip(-1, 1) ; *[5]
a.clamp_(-1, 1) ; *[4]:step
a.clamp_(min=b) ; *[4] ; *[4]
a.clamp_(-0.5, 0.5) ; *[4]
torch.clip(a, max=1) ; *[4]
torch.clamp_min(a, 1) ; *[4]
torch.clamp_min(a, 0.5) ; *[4]
torch.clamp_max(a, b) ; *[4] ; *[4]
a.clamp_max_(1) ; *[4]
a.clamp_min_(b) ; *[2,4] ; *[4]
torch.clamp(a) ; *[4]
torch.clamp(a, nan, 1) ; *[4]
torch.clamp(a, -1, 1, out=b) ; *[4] ; *[4]:zero
torch.clamp(a, 0, 300) ; *[10]
torch.clamp(a, b, 1) ; *[4] ; *[4]
torch.clamp(a, -1, 1) ; *[0,4]
torch.clamp(a, 1, 1) ; *[]
""",
        ("f32", "f64", "f16", "i64", "u8"),
    )
    family.block(
        "clamp",
        """
torch.clamp(a, -1, 1) ; *[22]:special
torch.clamp(a, b, c) ; *[22,1]:special ; *[1,22]:special ; *[1]
torch.clamp(a, max=b) ; *[22,1]:special ; *[1,22]:special
torch.clamp(a, 0, 1) ; b[3]
torch.clamp(a, min=b) ; f32[3] ; f64[3]
torch.clamp(a, min=b) ; i64[3] ; f32[3]
torch.clamp(a, min=b) ; f16[3] ; i64[3]
""",
        ("f32", "f64", "bf16"),
    )
    family.block(
        "where",
        """
torch.where(a, b, c) ; b[2,3] ; *[2,3] ; *[2,3]
torch.where(a, b, c) ; b[3] ; *[2,1] ; *[2,3]:t
torch.where(a, b, 2) ; b[3] ; *[3]
torch.where(a, 1.5, b) ; b[3] ; *[3]
torch.where(a, b, c) ; b[2,2]:step ; *[] ; f64[]
torch.where(a, b, c) ; b[0,2] ; *[1,2] ; *[2]
torch.where(a, b, c) ; u8[3]:lt2 ; *[3] ; *[3]
torch.where(a, b, c) ; i64[3]:lt2 ; *[3] ; *[3]
torch.where(a, b, c) ; b[3] ; *[3] ; f32[3]
torch.where(a, b, c) ; b[2] ; *[3] ; *[3]
b.where(a, c) ; b[3] ; *[3] ; *[3]
b.where(a, 0) ; b[3] ; *[3]
torch.where(a, b, c, out=d) ; b[3] ; *[3] ; *[3] ; *[3]:zero
torch.where(a > 0, b, nan) ; *[4] ; *[4]
torch.where(a, b, c) ; b[2,3,2,2]:cl ; *[2,3,2,2]:cl ; *[2,3,2,2]:cl
""",
        ("f32", "f64", "f16", "i64", "b"),
    )
    family.block(
        "where",
        """
torch.where(a) ; *[2,3]
torch.where(a) ; *[]
torch.where(a) ; *[0,3]
torch.where(a, 1, 2) ; b[3]
torch.where(a, 1.0, 2) ; b[3]
torch.where(a, True, 2.5) ; b[3]
""",
        ("b", "f32", "i64"),
    )
