"""Joining, repeating, sorting, picking the largest, unique values."""

import torch
from show import DTYPES, SHORT, case, fails, layout, ramp

t = torch.tensor
nan, inf = float("nan"), float("inf")
a, b = t([[1, 2], [3, 4]]), t([[5, 6], [7, 8]])
x = ramp(3, 4)
case(
    "cat",
    lambda: (
        torch.cat([a, b]),
        torch.cat((a, b), 1),
        torch.cat([a, b], dim=-1),
        torch.cat([a]),
        torch.concat([a, b]),
        torch.concatenate([a, b], 1),
    ),
)
case(
    "cat with empty",
    lambda: (
        torch.cat([torch.zeros(0), t([1.0])]),
        torch.cat([a, torch.zeros(0, 2, dtype=torch.int64)]),
        torch.cat([t([]), torch.zeros(2, 2)]),
    ),
)
case("cat axis", lambda: torch.cat([a, b], axis=1))
case("cat mixed", lambda: (torch.cat([a, b.float()]), torch.cat([t([1], dtype=torch.int8), t([True])])))
case("cat of views", lambda: torch.cat([a.t(), b.t()[:, :1]], 1))
case("stack", lambda: (torch.stack([a, b]), torch.stack((a, b), 1), torch.stack([a, b], -1), torch.stack([t(1), t(2)])))
case("hstack", lambda: (torch.hstack([a, b]), torch.hstack((t([1]), t([2]))), torch.hstack([t(1), t(2)])))
case("vstack", lambda: (torch.vstack([a, b]), torch.vstack((t([1]), t([2]))), torch.row_stack([t([1]), t([2])])))
case("dstack", lambda: (torch.dstack([a, b]), torch.dstack((t([1]), t([2])))))
case("column_stack", lambda: (torch.column_stack([t([1, 2]), t([3, 4])]), torch.column_stack([a, t([9, 9])])))
case(
    "repeat",
    lambda: (
        a.repeat(2, 1),
        a.repeat(1, 2),
        a.repeat(2, 1, 2),
        t([1, 2]).repeat(3),
        a.repeat([1, 1]),
        t(5).repeat(2),
        a.repeat(0, 1),
    ),
)
case("tile", lambda: (torch.tile(a, (2,)), a.tile(2, 1, 1), t([1]).tile(3)))
case(
    "repeat_interleave",
    lambda: (
        torch.repeat_interleave(t([1, 2, 3]), 2),
        a.repeat_interleave(2),
        a.repeat_interleave(2, dim=0),
        a.repeat_interleave(2, 1),
        a.repeat_interleave(t([1, 2]), dim=0),
        torch.repeat_interleave(t([0, 2, 1])),
    ),
)
case("expand", lambda: (t([[1], [2]]).expand(2, 3), t([1]).expand(2, -1), t(1).expand(2), t([1, 2]).expand_as(a)))
case(
    "broadcast",
    lambda: (
        torch.broadcast_tensors(t([[1], [2]]), t([3, 4])),
        torch.broadcast_shapes((2, 1), (3,), (1, 1, 1)),
        torch.broadcast_to(t([1]), (2, 2)),
    ),
)
case(
    "roll",
    lambda: (t([1, 2, 3]).roll(1), a.roll(1), a.roll(-1, 0), a.roll((1, 1), (0, 1)), torch.roll(t([1, 2, 3]), 4)),
)
case("flip", lambda: (a.flip(0), a.flip([0, 1]), torch.flip(a, (1,)), a.fliplr(), torch.flipud(a)))
case("rot90", lambda: [torch.rot90(a, k) for k in (-1, 0, 1, 2, 3)])
case(
    "tril triu",
    lambda: [f(torch.ones(3, 4, dtype=torch.int64), k) for f in (torch.tril, torch.triu) for k in (-1, 0, 1)],
)
case("tril of a batch", lambda: torch.ones(2, 2, 2).tril())
case(
    "diag",
    lambda: (
        torch.diag(a),
        torch.diag(t([1, 2])),
        torch.diag(t([1, 2]), 1),
        torch.diag(a, -1),
        torch.diagflat(t([[1, 2]])),
        torch.diag_embed(t([[1, 2], [3, 4]])),
        torch.diag_embed(t([1, 2]), 1),
    ),
)
case(
    "atleast",
    lambda: (
        torch.atleast_1d(t(1)),
        torch.atleast_2d(t([1, 2])),
        torch.atleast_3d(t([1, 2])),
        torch.atleast_2d(t(1), t([2])),
    ),
)
case("pad", lambda: (torch.nn.functional.pad(a, (1, 0)), torch.nn.functional.pad(a, (0, 1, 1, 0), value=9)))
case("unsqueeze chain", lambda: layout(torch.stack([x, x], 1)))
case("block_diag", lambda: torch.block_diag(t([[1]]), t([[2, 3]])))
case("kron", lambda: torch.kron(t([[1, 2]]), t([[1], [3]])))
case("combinations", lambda: (torch.combinations(t([1, 2, 3])), torch.cartesian_prod(t([1, 2]), t([3]))))

values = [3, 1, 2, 3, 0, 1]
for dtype in DTYPES:
    v = t(values, dtype=dtype)
    case(f"sort {SHORT[dtype]}", lambda: torch.sort(v, stable=True))
    case(f"sort down {SHORT[dtype]}", lambda: torch.sort(v, descending=True, stable=True))
    case(f"topk {SHORT[dtype]}", lambda: (v.topk(2)[0], v.topk(3, largest=False)[0]))
    case(f"unique {SHORT[dtype]}", lambda: torch.unique(v, return_inverse=True, return_counts=True))
special = t([1.0, nan, -inf, 0.0, inf, -0.0, nan, -2.0])
case("sort special", lambda: (special.sort(stable=True), special.sort(descending=True, stable=True)))
case(
    "sort dims",
    lambda: (x.sort(), x.sort(0), x.sort(-1, True), x.sort(dim=0, descending=True), torch.sort(x, 1).values),
)
case("sort turned", lambda: (x.t().sort(0), layout(x.t().sort(0)[0])))
case("argsort", lambda: (x.argsort(), x.argsort(0, descending=True), torch.argsort(t([2, 1, 2]), stable=True)))
case("msort", lambda: torch.msort(x))
case("sort 0-d and empty", lambda: (t(3).sort(), torch.zeros(0).sort(), torch.zeros(2, 0).sort()))
case("sort long", lambda: (ramp(500).sort(stable=True)[0][::100], ramp(500).sort(stable=True)[1][::100]))
case("topk", lambda: (x.topk(2), x.topk(1, 0), x.topk(2, largest=False), x.topk(3, -1, True, True), torch.topk(x, 0)))
case("topk special", lambda: (special.topk(3)[0], special.topk(2, largest=False)[0]))
case("topk long", lambda: (ramp(500).topk(4)[0], ramp(2, 300).topk(3, largest=False)[0], (ramp(101) * 1.5).topk(4)))
case("kthvalue", lambda: (x.kthvalue(2), x.kthvalue(1, 0), x.kthvalue(3, keepdim=True)))
case("unique", lambda: (torch.unique(t([[3, 1], [1, 2]])), t([2, 2]).unique(), torch.unique(t([]))))
case("unique inverse", lambda: torch.unique(t([[3, 1], [1, 2]]), return_inverse=True))
case("unique counts", lambda: torch.unique(t([3, 1, 1]), return_counts=True))
case(
    "unique dim",
    lambda: (
        torch.unique(t([[1, 2], [0, 1], [1, 2]]), dim=0),
        torch.unique(t([[2, 1, 2], [3, 0, 3]]), dim=1, return_inverse=True, return_counts=True),
    ),
)
case(
    "unique_consecutive",
    lambda: (
        torch.unique_consecutive(t([1, 1, 2, 1])),
        torch.unique_consecutive(t([1, 1, 2, 1]), return_inverse=True, return_counts=True),
    ),
)
case(
    "bucketize",
    lambda: (
        torch.bucketize(t([1, 3, 9]), t([1, 3, 5])),
        torch.bucketize(t([1, 3]), t([1, 3, 5]), right=True),
        torch.bucketize(2, t([1, 3])),
    ),
)
case("isin", lambda: torch.isin(a, t([1, 4])))
case("masked", lambda: (x[x > 1], torch.masked_select(a, a > 2)))
case("split then cat", lambda: torch.cat(x.split(2, 1), 0))
case(
    "chunk sizes",
    lambda: [c.shape for c in torch.zeros(7).chunk(3)]
    + [c.shape for c in torch.zeros(2).chunk(4)]
    + [c.shape for c in torch.zeros(0).chunk(2)],
)

fails("cat nothing", lambda: torch.cat([]))
fails("cat 0-d", lambda: torch.cat([t(1), t(2)]))
fails("cat sizes", lambda: torch.cat([torch.zeros(2, 3), torch.zeros(2, 2)]))
fails("cat ranks", lambda: torch.cat([torch.zeros(2, 3), torch.zeros(2)]))
fails("cat a tensor", lambda: torch.cat(a))
fails("cat numbers", lambda: torch.cat([a, 1]))
fails("cat dim", lambda: torch.cat([a, b], 2))
fails("stack sizes", lambda: torch.stack([t([1]), t([1, 2])]))
fails("stack nothing", lambda: torch.stack([]))
fails("repeat few", lambda: a.repeat(2))
fails("topk too many", lambda: x.topk(5))
fails("roll dims", lambda: a.roll((1, 2), 0))
fails("tril of a vector", lambda: torch.tril(t([1])))
fails("expand", lambda: t([1, 2]).expand(3))
fails("broadcast_shapes", lambda: torch.broadcast_shapes((2,), (3,)))
fails("sort dim", lambda: x.sort(2))
