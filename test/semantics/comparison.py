"""Comparison and logic: NaN, mixed dtypes, Python operators, whole-tensor tests."""

import itertools

import torch
from show import DTYPES, SHORT, case, fails

t = torch.tensor
nan, inf = float("nan"), float("inf")
special = t([0.0, -0.0, 1.0, -1.0, inf, -inf, nan])
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    f = getattr(torch, name)
    case(f"{name} special", lambda: f(special.unsqueeze(1), special))
    for a, b in itertools.product(DTYPES, (torch.float32, torch.int64, torch.bool, torch.uint8)):
        case(f"{name} {SHORT[a]} {SHORT[b]}", lambda: f(t([0, 1, 2], dtype=a), t([1, 1, 1], dtype=b)))
    for number in (1, 1.5, True, -1, nan, inf, 2**40):
        case(f"{name} {number}", lambda: (f(t([0, 1, 2]), number), f(t([0.5, 1.0, 1.5]), number)))
    case(f"{name} broadcast", lambda: f(t([[1], [2]]), t([1, 2, 3])))
    case(f"{name} in place", lambda: getattr(t([1.0, 2.0]), name + "_")(1))
case(
    "uint8 against a negative",
    lambda: (
        t([1, 200], dtype=torch.uint8) > -1,
        t([1, 200], dtype=torch.uint8) == 256,
        t([1], dtype=torch.uint8) < 300,
    ),
)
case("int8 against uint8", lambda: t([-1], dtype=torch.int8) < t([255], dtype=torch.uint8))
case(
    "int64 exact",
    lambda: (t([2**53 + 1]) == t([2**53]), t([2**53 + 1]) > 2**53, t([2**63 - 1]) == t([2**63 - 2])),
)
case("int against float", lambda: (t([1, 2]) == 1.5, t([1, 2]) < 1.5, t([16777217]) == t([16777216.0])))
case("float32 against a double number", lambda: (t([0.1]) == 0.1, t([0.1], dtype=torch.float64) == 0.1, t([0.1]) < 0.1))
case(
    "python operators",
    lambda: (t([1, 2]) == 1, t([1, 2]) != 1, 1 < t([1, 2]), 1 <= t([1, 2]), 2 > t([1, 2]), 1 >= t([1, 2])),
)
case("eq None", lambda: (t([1]) == None, t([1]) != None, t([1]) == "a"))  # noqa: E711
for name in ("logical_and", "logical_or", "logical_xor"):
    f = getattr(torch, name)
    case(f"{name} special", lambda: f(special.unsqueeze(1), t([0.0, 1.0, nan])))
    for a in DTYPES:
        case(f"{name} {SHORT[a]}", lambda: f(t([0, 1, 2, 0], dtype=a), t([0, 0, 1, 1])))
        case(f"{name}_ {SHORT[a]}", lambda: getattr(t([0, 1, 2, 0], dtype=a), name + "_")(t([0, 0, 1, 1])))
case("logical_not", lambda: [torch.logical_not(t([0, 1, 2], dtype=a)) for a in DTYPES])
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    f = getattr(torch, name)
    for a, b in itertools.product(DTYPES[4:], repeat=2):
        case(f"{name} {SHORT[a]} {SHORT[b]}", lambda: f(t([0, 1, 2, 3], dtype=a), t([1, 1, 3, 2], dtype=b)))
case(
    "shifts",
    lambda: (
        t([1, 2, -8]) << 2,
        t([1, 2, -8]) >> 1,
        t([1], dtype=torch.int8) << 7,
        t([1], dtype=torch.uint8) << t([3], dtype=torch.uint8),
    ),
)
case("bitwise_not", lambda: [torch.bitwise_not(t([0, 1, 5], dtype=a)) for a in DTYPES[4:]])
case(
    "tests",
    lambda: [
        getattr(torch, f)(special) for f in ("isnan", "isinf", "isfinite", "signbit", "isposinf", "isneginf", "isreal")
    ],
)
case("tests of ints", lambda: [getattr(torch, f)(t([0, 1])) for f in ("isnan", "isinf", "isfinite")])
case(
    "where",
    lambda: (
        torch.where(t([True, False]), t([1, 2]), t([3, 4])),
        torch.where(t([True, False]), 1.0, t([3, 4])),
        torch.where(t([[True], [False]]), t([1.0, 2.0]), t(0.0)),
    ),
)
case(
    "where numbers",
    lambda: (
        torch.where(t([True, False]), 1, 2),
        torch.where(t([True, False]), 1.5, 2),
        torch.where(t([True]), True, False),
    ),
)
case("where one argument", lambda: torch.where(t([[0, 1], [1, 0]])))
case("where method", lambda: t([1, 2]).where(t([True, False]), t([9, 9])))
case(
    "masked_fill",
    lambda: (
        t([1, 2]).masked_fill(t([True, False]), 9),
        t([1.0, 2.0]).masked_fill(t([True, False]), -inf),
        torch.zeros(2, 2).masked_fill(t([True, False]), t(7.0)),
    ),
)
case("masked_fill int with float", lambda: t([1, 2]).masked_fill(t([True, False]), 1.9))
case(
    "equal",
    lambda: (
        torch.equal(t([1, 2]), t([1, 2])),
        torch.equal(t([1]), t([1, 2])),
        torch.equal(t([nan]), t([nan])),
        t([1.0]).equal(t([1.0])),
    ),
)
case(
    "isclose",
    lambda: (
        torch.isclose(t([1.0, 1.0, nan, inf]), t([1.0 + 1e-6, 1.1, nan, inf])),
        torch.isclose(t([nan]), t([nan]), equal_nan=True),
        torch.isclose(t([1, 2]), t([1, 3])),
    ),
)
case(
    "allclose",
    lambda: (
        torch.allclose(t([1.0]), t([1.0 + 1e-9])),
        torch.allclose(t([1.0]), t([1.1])),
        torch.allclose(t([1.0]), t([1.05]), rtol=0.1),
        torch.allclose(t([inf]), t([inf])),
    ),
)
case(
    "any all",
    lambda: (
        t([False, True]).any(),
        t([False, True]).all(),
        torch.zeros(0).any(),
        torch.zeros(0).all(),
        t([nan]).any(),
        t([0, 2], dtype=torch.uint8).any(),
    ),
)
case(
    "isin",
    lambda: (
        torch.isin(t([1, 2, 3]), t([2, 3])),
        torch.isin(t([1, 2]), 2),
        torch.isin(t([[1], [5]]), t([5]), invert=True),
    ),
)
case("in", lambda: (2 in t([1, 2]), 3 in t([1, 2]), 1.0 in t([1, 2])))
case("bool of one", lambda: (bool(t(0.0)), bool(t([[3]])), bool(t(nan)), not t(0)))
case("max of python", lambda: (max(t(1), t(2)), min(t([3, 1, 2])), sum(t([1, 2, 3]))))
case("sorted", lambda: sorted([t(3), t(1), t(2)]))
case("hash", lambda: len({t(1), t(1)}))
case("is_nonzero", lambda: (torch.is_nonzero(t([1.0])), torch.is_nonzero(t(0))))
fails("eq shapes", lambda: t([1, 2]) == t([1, 2, 3]))
fails("where dtype", lambda: torch.where(t([1, 2]), t([1, 2]), t([3, 4])))
fails("where float condition", lambda: torch.where(t([1.0, 2.0]), t([1, 2]), t([3, 4])))
fails("masked_fill mask", lambda: t([1, 2]).masked_fill(t([1, 0]), 9))
fails("masked_fill value", lambda: t([1, 2]).masked_fill(t([True, False]), t([1, 2])))
fails("lt string", lambda: t([1]) < "a")
fails("shift float", lambda: t([1.0]) << 1)
