"""Type promotion: every pair of dtypes, as tensors of any rank, 0-d tensors and Python numbers."""

import torch
from show import DTYPES, SHORT, case, fails, show


def dtype_of(function):
    try:
        return show(function().dtype)
    except Exception as error:
        return type(error).__name__


def row(label, functions):
    print(f"{label}: {' '.join(dtype_of(f) for f in functions)}")


one = {dtype: torch.ones(2, dtype=dtype) for dtype in DTYPES}
zero_dim = {dtype: torch.ones((), dtype=dtype) for dtype in DTYPES}
numbers = {"True": True, "2": 2, "2.5": 2.5}
add, mul, div = torch.add, torch.mul, torch.div
operations = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floordiv": lambda a, b: a // b,
    "sub": lambda a, b: a - b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
    "eq": lambda a, b: a == b,
    "maximum": torch.maximum,
    "atan2": torch.atan2,
    "and": lambda a, b: a & b,
    "fmod": torch.fmod,
    "where": lambda a, b: torch.where(torch.tensor([True, False]), a, b),
    "cat": lambda a, b: torch.cat([a, b]),
    "stack": lambda a, b: torch.stack([a, b]),
    "lt": lambda a, b: a < b,
    "logical_and": torch.logical_and,
    "div floor": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "shift": lambda a, b: a << b,
    "hypot": torch.hypot,
    "logaddexp": torch.logaddexp,
    "xlogy": torch.xlogy,
    "copysign": torch.copysign,
}

for a in DTYPES:
    row(f"promote_types {SHORT[a]}", [lambda b=b: torch.zeros(1, dtype=torch.promote_types(a, b)) for b in DTYPES])
    print(f"can_cast {SHORT[a]}: {' '.join('TF'[not torch.can_cast(a, b)] for b in DTYPES)}")
    for name in ("add", "mul", "div"):
        f = operations[name]
        row(f"{name} {SHORT[a]} tensor tensor", [lambda b=b: f(one[a], one[b]) for b in DTYPES])
        row(f"{name} {SHORT[a]} tensor 0-d", [lambda b=b: f(one[a], zero_dim[b]) for b in DTYPES])
        row(f"{name} {SHORT[a]} 0-d tensor", [lambda b=b: f(zero_dim[a], one[b]) for b in DTYPES])
        row(f"{name} {SHORT[a]} 0-d 0-d", [lambda b=b: f(zero_dim[a], zero_dim[b]) for b in DTYPES])
    for name, f in operations.items():
        if name not in ("cat", "stack", "maximum", "logaddexp", "logical_and", "hypot"):
            row(f"{name} {SHORT[a]} number", [lambda n=n: f(one[a], n) for n in numbers.values()])
            row(f"{name} {SHORT[a]} 0-d number", [lambda n=n: f(zero_dim[a], n) for n in numbers.values()])
        if name not in (
            "add",
            "mul",
            "div",
            "atan2",
            "where",
            "xlogy",
            "copysign",
            "cat",
            "stack",
            "maximum",
            "logaddexp",
            "logical_and",
            "hypot",
            "fmod",
            "div floor",
        ):
            row(f"number {name} {SHORT[a]}", [lambda n=n: f(n, one[a]) for n in numbers.values()])
for name, f in operations.items():
    for a in DTYPES:
        row(f"{name} {SHORT[a]}", [lambda b=b: f(one[a], one[b]) for b in DTYPES])

in_place = {
    "add_": lambda a, b: a.add_(b),
    "mul_": lambda a, b: a.mul_(b),
    "div_": lambda a, b: a.div_(b),
    "sub_": lambda a, b: a.sub_(b),
    "pow_": lambda a, b: a.pow_(b),
    "copy_": lambda a, b: a.copy_(b),
    "floor_divide_": lambda a, b: a.floor_divide_(b),
    "eq_": lambda a, b: a.eq_(b),
    "iand": lambda a, b: a.__iand__(b),
    "masked_fill_": lambda a, b: a.masked_fill_(a != 0, b[0]),
    "fill_": lambda a, b: a.fill_(b[0]),
}
for name, f in in_place.items():
    for a in DTYPES:
        row(f"{name} {SHORT[a]}", [lambda b=b: f(one[a].clone(), one[b]) for b in DTYPES])
        if name not in ("masked_fill_", "fill_"):
            row(f"{name} {SHORT[a]} number", [lambda n=n: f(one[a].clone(), n) for n in numbers.values()])

unary = """
neg abs sign floor ceil trunc round sqrt rsqrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos
tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma square frac
isnan isinf isfinite signbit logical_not bitwise_not relu softmax cumsum cumprod sum mean prod max min
amax amin argmax any all var std norm logsumexp sort nan_to_num deg2rad count_nonzero median nonzero
flip clamp positive relu6 silu gelu
""".split()


def first(value):
    return value[0] if isinstance(value, tuple) else value


for name in unary:

    def f(x):
        if name in ("relu6", "silu", "gelu"):
            return getattr(torch.nn.functional, name)(x)
        if name in ("softmax", "cumsum", "cumprod", "logsumexp"):
            return getattr(torch, name)(x, 0)
        if name == "flip":
            return torch.flip(x, [0])
        return torch.clamp(x, 0, 1) if name == "clamp" else first(getattr(torch, name)(x))

    row(f"{name}", [lambda a=a: f(one[a]) for a in DTYPES])

case(
    "result_type",
    lambda: (
        torch.result_type(one[torch.int32], 2.0),
        torch.result_type(zero_dim[torch.float64], one[torch.float32]),
        torch.result_type(1, True),
    ),
)
case(
    "sum dtype",
    lambda: (
        one[torch.bool].sum(),
        one[torch.int32].sum(dtype=torch.float32),
        one[torch.float16].sum(dtype=torch.float64),
    ),
)
case(
    "clamp mixed",
    lambda: (
        torch.clamp(torch.tensor([1, 5]), 1.5, 3),
        torch.clamp(torch.tensor([1, 5]), min=torch.tensor([2.0, 2.0])),
    ),
)
case("sum of bools", lambda: sum([torch.tensor(True), torch.tensor(True)]))
fails("add_ float to int", lambda: torch.tensor([1]).add_(1.5))
fails("div_ int", lambda: torch.tensor([1]).div_(2))
fails("sub bool", lambda: torch.tensor([True]) - torch.tensor([True]))
fails("neg bool", lambda: -torch.tensor([True]))
fails("mean int", lambda: torch.tensor([1, 2]).mean())
fails("and float", lambda: torch.tensor([1.0]) & torch.tensor([1.0]))
fails("add out of place grows", lambda: torch.ones(2).add_(torch.ones(3, 2)))
fails("int to a negative power", lambda: torch.tensor([2]) ** -1)
fails("alpha float on int", lambda: torch.add(torch.tensor([1]), torch.tensor([1]), alpha=1.5))
