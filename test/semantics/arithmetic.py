"""Arithmetic and its in-place forms: integer division, signs of remainders, corners of pow, overflow."""

import itertools

import torch
from show import DTYPES, FLOATS, INTEGERS, SHORT, case, fails, show

t = torch.tensor
SIGNED = [d for d in INTEGERS if d is not torch.uint8]
left = [7, -7, 7, -7, 6, -6, 0, 1]
right = [3, 3, -3, -3, 3, 3, 5, -1]
binary = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "floor_divide": torch.floor_divide,
    "remainder": torch.remainder,
    "fmod": torch.fmod,
    "floor": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "trunc": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}
for (name, f), dtype in itertools.product(binary.items(), SIGNED + FLOATS):
    case(f"{name} {SHORT[dtype]}", lambda: f(t(left, dtype=dtype), t(right, dtype=dtype)))
    if name not in ("maximum", "minimum"):
        case(f"{name} {SHORT[dtype]} scalar", lambda: (f(t(left, dtype=dtype), 3), f(t(left, dtype=dtype), -3)))
for name, f in binary.items():
    case(f"{name} u8", lambda: f(t([7, 250, 3], dtype=torch.uint8), t([2, 10, 5], dtype=torch.uint8)))
reflected = {
    "-": lambda n, x: n - x,
    "/": lambda n, x: n / x,
    "//": lambda n, x: n // x,
    "%": lambda n, x: n % x,
    "**": lambda n, x: n**x,
    "+": lambda n, x: n + x,
    "*": lambda n, x: n * x,
}
for (name, f), number in itertools.product(reflected.items(), (7, -7, 2.5)):
    case(f"{number} {name} int", lambda: f(number, t([1, 2, 3])))
    case(f"{number} {name} float", lambda: f(number, t([1.0, -2.0, 0.5])))

special = t([0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), float("nan"), 2.5])
for name, f in binary.items():
    case(f"special {name}", lambda: f(special.unsqueeze(1), t([0.0, 2.0, -2.0, float("inf"), float("nan")])))
case("fmax fmin", lambda: (torch.fmax(special, t(0.5)), torch.fmin(special, t(0.5))))
case("1/0", lambda: (1 / t([0.0, -0.0]), t([0]) / t([0]), t([5]) / 0))
fails("int // 0", lambda: t([1]) // t([0]))
fails("int % 0", lambda: t([1]) % t([0]))
fails("int floor div 0 scalar", lambda: t([1]) // 0)
fails("fmod 0", lambda: torch.fmod(t([1]), t([0])))

# Powers
for dtype in SIGNED:
    case(f"pow {SHORT[dtype]}", lambda: t([0, 1, 2, -2, -1], dtype=dtype) ** t([0, 5, 3, 3, 2], dtype=dtype))
    case(f"pow scalar {SHORT[dtype]}", lambda: [t([0, 1, 2, -3], dtype=dtype) ** n for n in (0, 1, 2, 3)])
case("pow float", lambda: special.unsqueeze(1) ** t([0.0, 1.0, 2.0, -1.0, 0.5, 3.0, -2.0, float("inf"), float("nan")]))
for n in (0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.5, 0.0, 4.0):
    case(f"pow {n}", lambda: special**n)
    case(f"pow_ {n}", lambda: special.clone().pow_(n))
    case(f"scalar {n} ** tensor", lambda: n ** t([0.0, 1.0, -1.0, 2.0, 0.5]))
    case(f"int ** {n}", lambda: t([1, 2, 3]) ** n)
case("int tensor to negative", lambda: t([1, -1, 2]) ** t([-1, -1, -2]))
case(
    "pow functions",
    lambda: (torch.pow(t([2.0]), 3), torch.pow(2, t([3])), torch.pow(2.0, t([3])), torch.float_power(t([2]), 3)),
)
case(
    "square sqrt",
    lambda: (torch.square(t([-3, 4])), torch.sqrt(t([4, 9])), torch.sqrt(t([-1.0])), torch.rsqrt(t([4.0]))),
)

# Overflow wraps
case("int8 add", lambda: t([127, -128], dtype=torch.int8) + t([1, -1], dtype=torch.int8))
case("uint8 sub", lambda: t([0], dtype=torch.uint8) - 1)
case("uint8 mul", lambda: t([200], dtype=torch.uint8) * 2)
case("int16 mul", lambda: t([300], dtype=torch.int16) * t([300], dtype=torch.int16))
case("int32 mul", lambda: t([2**30], dtype=torch.int32) * 4)
case("int64 add", lambda: t([2**63 - 1]) + 1)
case("int64 mul", lambda: t([2**62 + 3]) * 5)
case("int64 exact", lambda: t([2**53 + 1]) * 3 + 1)
case(
    "int8 neg abs",
    lambda: (-t([-128], dtype=torch.int8), t([-128], dtype=torch.int8).abs(), -t([1, 0], dtype=torch.uint8)),
)
case("int pow wrap", lambda: t([3]) ** 41)
case("int sum wrap", lambda: t([100, 100], dtype=torch.int8).sum(dtype=torch.int8))
case("half overflow", lambda: (t([60000.0], dtype=torch.float16) * 2, t([6e4], dtype=torch.float16) + 10))
case("half rounding", lambda: [(t([v], dtype=torch.float16) + 0.1).item().hex() for v in (1.0, 100.0, 1000.0)])
case("bfloat rounding", lambda: [(t([v], dtype=torch.bfloat16) / 3).item().hex() for v in (1.0, 100.0, 1000.0)])
case("float32 exact", lambda: [(t([v]) / 3 + 0.1).item().hex() for v in (1.0, 100.0, 1e-20)])

# alpha, value and other forms
a, b = t([1.0, 2.0]), t([3.0, 5.0])
case(
    "alpha",
    lambda: (
        torch.add(a, b, alpha=2),
        torch.sub(a, b, alpha=0.5),
        a.add(b, alpha=-1),
        torch.rsub(a, b),
        a.add(1, alpha=3),
    ),
)
case("alpha int", lambda: torch.add(t([1]), t([2]), alpha=3))
case(
    "addcmul addcdiv",
    lambda: (
        torch.addcmul(a, a, b, value=0.5),
        torch.addcdiv(a, a, b, value=2),
        a.clone().addcmul_(a, b),
        a.clone().addcdiv_(a, b),
    ),
)
case("lerp", lambda: (torch.lerp(a, b, 0.25), torch.lerp(a, b, 0.75), torch.lerp(a, b, t([0.5, 1.0]))))
case(
    "clamp",
    lambda: [
        a.clamp(1.5),
        a.clamp(max=1.5),
        a.clamp(1.2, 1.8),
        a.clamp(2, 1),
        a.clip(0, 1),
        a.clamp(t([1.5, 3.0])),
        a.clamp_min(2),
        a.clamp_max(1),
    ],
)
case("clamp nan", lambda: (special.clamp(-1, 1), special.clamp(min=0)))
case("clamp int", lambda: (t([1, 5, 9]).clamp(2, 6), t([1, 5]).clamp(min=3)))
case(
    "round",
    lambda: (
        torch.round(t([0.5, 1.5, 2.5, -0.5, -1.5, 2.675])),
        torch.round(t([1.2345, 123.456]), decimals=2),
        torch.round(t([1234.5]), decimals=-2),
    ),
)
case(
    "floor ceil trunc frac",
    lambda: [getattr(torch, f)(t([-1.5, 1.5, -0.2, 2.0])) for f in ("floor", "ceil", "trunc", "frac")],
)
case("sign", lambda: (special.sign(), t([-3, 0, 3]).sign(), special.sgn(), torch.signbit(special)))
case(
    "copysign hypot atan2",
    lambda: (
        torch.copysign(t([1.0, -2.0]), t([-1.0, 0.0])),
        torch.hypot(a, b),
        torch.atan2(a, -b),
        torch.copysign(a, -1.0),
    ),
)
case("gcd lcm", lambda: (torch.gcd(t([12, -18, 0]), t([8, 12, 5])), torch.lcm(t([4, 6]), t([6, -4]))))
case("heaviside", lambda: torch.heaviside(t([-1.0, 0.0, 2.0]), t(0.5)))
case(
    "nan_to_num",
    lambda: (
        torch.nan_to_num(special),
        torch.nan_to_num(special, 1.0, 2.0, 3.0),
        torch.nan_to_num(special.double()),
        torch.nan_to_num(special.half()),
    ),
)
case("logaddexp", lambda: torch.logaddexp(special.unsqueeze(1), t([0.0, float("-inf"), 1.0])))
case("xlogy", lambda: torch.xlogy(special.unsqueeze(1), t([0.0, 2.0, -1.0, float("nan")])))
case("nextafter", lambda: torch.nextafter(t([1.0, 0.0]), t([2.0, -1.0])).tolist()[0].hex())
for name in """
neg abs sign sqrt rsqrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh
cosh tanh asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma relu sinc softplus deg2rad rad2deg
logit
""".split():
    f = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    for dtype in (torch.float32, torch.float64):
        case(
            f"{name} {SHORT[dtype]}",
            lambda: (f(special.to(dtype)), f(t([0.1, 0.7, -0.3, 3.3, 20.0, 1e-5], dtype=dtype))),
        )
    case(f"{name} int", lambda: f(t([0, 1, 2])))
    case(f"{name} half", lambda: f(t([0.25, 0.5], dtype=torch.float16)))

# In place
for name, args in {
    "add_": (2,),
    "sub_": (2,),
    "mul_": (3,),
    "div_": (4,),
    "floor_divide_": (2,),
    "remainder_": (3,),
    "fmod_": (3,),
    "pow_": (2,),
    "neg_": (),
    "abs_": (),
    "sqrt_": (),
    "exp_": (),
    "clamp_": (1, 2),
    "round_": (),
    "floor_": (),
    "zero_": (),
    "fill_": (9,),
    "reciprocal_": (),
    "sigmoid_": (),
    "tanh_": (),
    "relu_": (),
    "clamp_min_": (2,),
    "square_": (),
    "copysign_": (-1,),
}.items():
    for dtype in (torch.float32, torch.int64, torch.int8, torch.float16):
        case(f"{name} {SHORT[dtype]}", lambda: getattr(t([1, 4, 9], dtype=dtype), name)(*args))
x = t([[1.0, 2.0], [3.0, 4.0]])
y = x
y += 1
x *= t([1.0, 10.0])
x -= t(1.0)
x /= 2
x //= 1
x %= 4
x **= 2
case("operators in place", lambda: (x, y is x))
case("in place on a view", lambda: (x[:, 0].add_(100), x.t()[0].mul_(2), x))
case("in place broadcast", lambda: x.add_(t([[1.0], [2.0]])))
case("in place with self", lambda: x.sub_(x))
case("in place overlap", lambda: torch.arange(5.0)[1:].add_(1))
case("in place to half", lambda: t([1.0], dtype=torch.float16).add_(t([1e-3], dtype=torch.float64)))
case("abs of operators", lambda: (abs(t([-1])), +t([1]), -t([1.5]), ~t([1, 0]), ~t([True])))
case(
    "bits", lambda: (t([6]) & 3, t([6]) | 1, t([6]) ^ 5, t([1]) << 3, t([-16]) >> 2, 3 & t([6]), t([True]) & t([False]))
)
case("divmod", lambda: divmod(t([7.0]), 2))
case("matmul operator", lambda: (t([1.0, 2.0]) @ t([3.0, 4.0])))
fails("shapes", lambda: torch.ones(2, 3) + torch.ones(2, 2))
fails("shapes 2", lambda: torch.ones(4, 1, 2) * torch.ones(3, 5))
fails("string operand", lambda: torch.ones(2) + "a")
fails("list operand", lambda: torch.ones(2) + [1, 2])
fails("none operand", lambda: torch.ones(2) * None)
fails("torch.add string", lambda: torch.add("a", 1))
fails("rounding mode", lambda: torch.div(a, b, rounding_mode="up"))
fails("clamp nothing", lambda: a.clamp())

# A number may come first where a tensor comes second, and counts for no more than a number.
whole = torch.arange(1, 4)
for name in ("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "floor_divide", "remainder"):
    function = getattr(torch, name)
    print(name, show(function(2, whole)), show(function(2.5, whole)), show(function(7, whole.double())))
print(show(torch.add(1, whole, alpha=3)), show(torch.sub(1.0, whole, alpha=2)), show(torch.div(7, whole, rounding_mode="floor")))
result = torch.empty(3)
torch.add(1.5, whole, out=result)
print(show(result))
fails("cat of None", lambda: torch.cat([whole, None]))
fails("stack of a number", lambda: torch.stack([whole, 3]))
