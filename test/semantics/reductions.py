"""Reductions and scans: forms of dim, keepdim, empty tensors, NaN, ties, corrections, norms, running results."""

import itertools

import torch
from show import DTYPES, FLOATS, INTEGERS, SHORT, case, fails, ramp

t = torch.tensor
nan, inf = float("nan"), float("inf")
x = ramp(2, 3, 4)
many = [
    "sum",
    "mean",
    "amax",
    "amin",
    "logsumexp",
    "std",
    "var",
    "norm",
    "nansum",
    "nanmean",
    "any",
    "all",
    "count_nonzero",
    "std_mean",
    "var_mean",
    "median",
    "nanmedian",
    "quantile",
]
one = [
    "prod",
    "max",
    "min",
    "argmax",
    "argmin",
    "median",
    "cumsum",
    "cumprod",
    "cummax",
    "cummin",
    "logcumsumexp",
    "mode",
    "kthvalue",
]
for name in many:
    f = (
        getattr(torch, name)
        if name not in ("quantile",)
        else lambda v, d=None, keepdim=False: torch.quantile(v, 0.3, d, keepdim)
    )
    if name == "norm":
        f = lambda v, d=None, keepdim=False: torch.norm(v, 2, d, keepdim)
    if name not in ("logsumexp",):
        case(f"{name} all", lambda: f(x))
    for d in (0, -1, (0, 2), [1], (0, 1, 2)):
        case(f"{name} {d}", lambda: f(x, d))
        if name != "count_nonzero":
            case(f"{name} {d} keepdim", lambda: f(x, d, keepdim=True))
    case(f"{name} turned", lambda: f(x.permute(2, 0, 1), 1))
    case(f"{name} method", lambda: getattr(x, name)(0) if name != "quantile" and name != "norm" else None)
for name in one:
    f = getattr(torch, name)
    extra = (2,) if name == "kthvalue" else ()
    for d in (0, 1, -1):
        case(f"{name} {d}", lambda: f(x, *extra, d))
        if "cum" not in name:
            case(f"{name} {d} keepdim", lambda: f(x, *extra, dim=d, keepdim=True))
    case(f"{name} turned", lambda: f(x.permute(2, 0, 1), *extra, 2))
for name in ("prod", "max", "min", "argmax", "argmin", "median"):
    case(f"{name} all", lambda: getattr(torch, name)(x))
case("argmax keepdim of all", lambda: (x.argmax(keepdim=True), x.argmin()))

# Dtypes
for name, dtype in itertools.product(
    ("sum", "prod", "max", "min", "argmax", "any", "all", "cumsum", "cumprod", "mean", "amax", "median"), DTYPES
):
    f = getattr(torch, name)
    arguments = (0,) if name in ("cumsum", "cumprod") else ()
    case(f"{name} {SHORT[dtype]}", lambda: f(t([3, 0, 2, 5], dtype=dtype), *arguments))
case(
    "sum int wraps",
    lambda: (torch.full((3,), 2**62).sum(), t([200, 100], dtype=torch.uint8).sum(), t([True] * 3).sum()),
)
case(
    "sum dtype",
    lambda: (
        t([1, 2]).sum(dtype=torch.float32),
        t([1.9]).sum(dtype=torch.int64),
        t([1, 2]).sum(0, dtype=torch.int8),
        t([1, 2]).mean(dtype=torch.float64),
    ),
)
case(
    "half sums",
    lambda: (
        torch.full((3000,), 0.1, dtype=torch.float16).sum(),
        torch.full((3000,), 1.0, dtype=torch.bfloat16).sum(),
        torch.full((70000,), 1.0, dtype=torch.float16).mean(),
    ),
)
case(
    "long sum",
    lambda: (
        torch.arange(100000.0).sum() / 4999950000 - 1 < 1e-6,
        torch.ones(123457).sum(),
        torch.full((10**6,), 0.1).sum().item() - 1e5 < 0.5,
    ),
)

# Empty, 0-d and one element
empty = torch.zeros(0, 3)
for name in ("sum", "mean", "prod", "any", "all", "std", "var", "norm", "nansum", "count_nonzero"):
    f = getattr(torch, name)
    case(f"{name} of nothing", lambda: (f(torch.zeros(0)), f(t(2.0)), f(t([2.0]))))
    if name != "norm":
        case(f"{name} empty along 0", lambda: f(empty, 0))
        case(f"{name} empty along 1", lambda: f(empty, 1))
case(
    "0-d along 0",
    lambda: [
        getattr(t(2.5), n)(0)
        for n in ("sum", "mean", "prod", "max", "argmax", "cumsum", "amax", "logsumexp", "std", "median", "sort")
    ],
)
case("empty extremes along 1", lambda: (empty.max(1), empty.argmax(1), empty.amax(1)))
case("logsumexp of nothing", lambda: torch.logsumexp(empty, 0))

# NaN, infinities and ties
special = t([[1.0, nan, 3.0], [inf, -inf, 2.0], [-inf, -inf, -inf], [nan, inf, nan]])
for name in (
    "sum",
    "mean",
    "prod",
    "max",
    "min",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "logsumexp",
    "std",
    "nansum",
    "nanmean",
    "median",
    "nanmedian",
    "cumsum",
    "cummax",
    "cummin",
    "any",
    "all",
):
    case(f"special {name}", lambda: getattr(special, name)(1))
case(
    "special of all",
    lambda: (special.max(), special.min(), special.argmax(), special.sum(), special.nansum(), special.median()),
)
ties = t([[2, 1, 2, 1], [1, 1, 1, 1]])
case(
    "ties",
    lambda: (
        ties.max(1),
        ties.min(1),
        ties.argmax(1),
        ties.argmin(1),
        ties.argmax(),
        ties.float().median(1),
        ties.cummax(1),
        ties.cummin(1),
        ties.mode(1),
    ),
)
case("signed zeros", lambda: (t([0.0, -0.0]).max(), t([-0.0, 0.0]).argmax()))
case(
    "max of two", lambda: (torch.max(t([1, 5]), t([3, 2])), torch.min(t([1.0, nan]), t([0.0, 1.0])), t([1]).max(t([2])))
)
case(
    "named results",
    lambda: (
        ties.max(1).values,
        ties.min(dim=0).indices,
        type(ties.max(1)).__name__,
        ties.float().median(0).indices,
        torch.aminmax(ties),
    ),
)
case("aminmax dim", lambda: torch.aminmax(ties, dim=1, keepdim=True))

# Variance and norms
for c in (0, 1, 2):
    case(
        f"correction {c}",
        lambda: (torch.var(x, 1, correction=c), torch.std(x, (0, 1), correction=c), torch.var_mean(x, correction=c)),
    )
case(
    "unbiased",
    lambda: (
        x.var(unbiased=False),
        x.std(0, False),
        x.var(-1, True, True),
        x.std(dim=1, unbiased=False),
        torch.std(x, unbiased=True),
    ),
)
case("std of one", lambda: (t([1.0]).std(), t([1.0]).var(correction=0)))
for p in (0, 0.5, 1, 2, 3, inf, -inf, "fro", -1):
    case(
        f"norm {p}",
        lambda: (
            torch.norm(x, p),
            torch.norm(x, p, dim=1),
            torch.norm(x, p, dim=(0, 2), keepdim=True) if p != "fro" else 0,
        ),
    )
    if p != "fro":
        case(f"vector_norm {p}", lambda: (torch.linalg.vector_norm(x, p), torch.linalg.vector_norm(x, p, dim=(1, 2))))
case(
    "linalg norm",
    lambda: (
        torch.linalg.norm(x[0]),
        torch.linalg.norm(x, dim=-1),
        torch.linalg.matrix_norm(x),
        torch.linalg.norm(x[0], 1, dim=1),
    ),
)
case("matrix norms", lambda: [torch.linalg.matrix_norm(x[0], p) for p in (1, -1, inf, -inf)])
case(
    "norm large",
    lambda: (t([3e20, 4e20]).norm(), t([3e-25, 4e-25]).norm(), t([300.0, 400.0], dtype=torch.float16).norm()),
)
case(
    "dist renorm",
    lambda: (torch.dist(t([1.0, 2.0]), t([4.0, 6.0])), torch.renorm(t([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)),
)
case("logsumexp large", lambda: (t([1000.0, 1000.0]).logsumexp(0), t([-1000.0, -inf]).logsumexp(0)))
case(
    "quantile",
    lambda: (
        torch.quantile(x, 0.5),
        torch.quantile(x, t([0.1, 0.9], dtype=torch.float64), dim=1),
        torch.quantile(x, 0.25, dim=0, keepdim=True),
    ),
)
case(
    "quantile forms",
    lambda: [
        torch.quantile(t([1.0, 2.0, 4.0]), 0.4, interpolation=i)
        for i in ("linear", "lower", "higher", "nearest", "midpoint")
    ],
)
case("nanquantile", lambda: torch.nanquantile(t([1.0, nan, 3.0]), 0.5))

# Scans and others
case(
    "cumsum forms",
    lambda: (
        t([1, 2, 3]).cumsum(0),
        t([True, True]).cumsum(0),
        t([1, 2]).cumsum(0, dtype=torch.float32),
        t([200, 100], dtype=torch.uint8).cumsum(0),
        t([1.0, 2.0]).cumsum_(0),
    ),
)
case("cumprod zeros", lambda: t([2.0, 0.0, 3.0]).cumprod(0))
case(
    "diff",
    lambda: (
        torch.diff(t([1, 4, 9])),
        torch.diff(x, dim=1),
        torch.diff(t([1, 4, 9, 16]), n=2),
        torch.diff(t([3, 5]), prepend=t([0]), append=t([9])),
    ),
)
case("trace", lambda: (torch.trace(t([[1, 2], [3, 4]])), t([[1.0, 2.0], [3.0, 4.0]]).trace()))
case(
    "bincount histc",
    lambda: (
        torch.bincount(t([0, 1, 1, 3])),
        torch.bincount(t([0, 1]), weights=t([0.5, 2.0]), minlength=4),
        torch.histc(t([1.0, 2.0, 1.0]), 4, 0, 3),
        torch.bincount(t([], dtype=torch.int64)),
    ),
)
case("cov corrcoef", lambda: (torch.cov(x[0]), torch.corrcoef(x[0])))
case("trapezoid", lambda: (torch.trapezoid(t([1.0, 2.0, 3.0])), torch.cumulative_trapezoid(t([1.0, 2.0, 3.0]))))
case("sum_to_size", lambda: x.sum_to_size(3, 1))
case("count_nonzero", lambda: (torch.count_nonzero(t([[0, 1], [2, 3]]), 0), t([0.0, nan]).count_nonzero()))

fails("dim range", lambda: x.sum(3))
fails("dim twice", lambda: x.sum((0, 0)))
fails("dim twice -", lambda: x.sum((2, -1)))
fails("max of nothing", lambda: torch.zeros(0).max())
fails("argmax of nothing", lambda: torch.zeros(0).argmax())
fails("max of nothing along 0", lambda: empty.max(0))
fails("amax of nothing", lambda: empty.amax(0))
fails("var int", lambda: t([1, 2]).var())
fails("mean int", lambda: t([1, 2]).mean())
fails("norm int", lambda: t([1, 2]).norm())
fails("cumsum range", lambda: x.cumsum(3))
fails("kthvalue range", lambda: x.kthvalue(9))
