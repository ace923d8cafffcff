"""Indexing: numbers, slices, None, Ellipsis, masks, lists and tensors, apart and adjacent; reading, writing, adding."""

import torch
from show import case, fails, layout, ramp

t = torch.tensor
x = torch.arange(24).reshape(2, 3, 4)
i01, i10, i2 = t([0, 1]), t([1, 0]), t([[0, 2], [1, 1]])
mask2 = t([True, False])
mask23 = t([[True, False, True], [False, True, False]])
mask3 = t([True, False, True])
e = Ellipsis
full = slice(None)
indices = {
    "1": 1,
    "-1": -1,
    "1 2": (1, 2),
    "1 -1 0": (1, -1, 0),
    "...": e,
    "... 1": (e, 1),
    "1 ...": (1, e),
    "None": None,
    "None 1": (None, 1),
    "1 None": (1, None),
    ": None": (full, None),
    "... None": (e, None),
    "1:": slice(1, None),
    ":-1": slice(None, -1),
    "::2": (full, full, slice(None, None, 2)),
    "1:100": slice(1, 100),
    "-100:1": slice(-100, 1),
    "3:1": (full, slice(3, 1)),
    "1:3:2": (full, full, slice(1, 4, 2)),
    "()": (),
    "True": True,
    "False": False,
    "True 1": (True, 1),
    "list": [0, 1],
    "list list": ([0, 1], [1, 2]),
    "list of list": [[0, 1], [1, 1]],
    "tuple in list": ([1],),
    "tensor": i10,
    "tensor -1": t([-1, 0]),
    "2-d tensor": t([[0, 1], [1, 0]]),
    "0-d tensor": t(1),
    "0-d apart": (t(1), full, t(2)),
    "empty list": [],
    "empty tensor": t([], dtype=torch.int64),
    "int32": t([1], dtype=torch.int32),
    "two tensors": (i01, i10),
    "two broadcast": (t([[0], [1]]), t([0, 2])),
    "three": (i01, t([2, 0]), t([3, 1])),
    "adjacent later": (full, i01, i10),
    "apart": (i01, full, i10),
    "apart by a number": (i01, 1, i10),
    "number then tensor": (1, i01),
    "tensor then number": (i01, 1),
    "number apart tensor": (1, full, i10),
    "tensor slice": (i10, slice(1, 3)),
    "slice tensor": (slice(0, 2), i01),
    "slice tensor slice": (slice(0, 1), i01, slice(1, 3)),
    "tensor ...": (i10, e),
    "... tensor": (e, i01),
    "... tensor tensor": (e, i01, i10),
    "tensor ... tensor": (i01, e, i10),
    "None tensor": (None, i10),
    "tensor None": (i10, None),
    "tensor None tensor": (i10, None, i01),
    "2-d in the middle": (full, i2),
    "2-d last": (e, i2),
    "mask all dims": x > 10,
    "mask first": mask2,
    "mask two": mask23,
    "mask none": torch.zeros(2, dtype=torch.bool),
    "mask middle": (full, mask3),
    "mask last": (e, t([True, False, False, True])),
    "mask number": (mask2, 1),
    "number mask": (1, mask3),
    "mask slice": (mask2, slice(1, 2)),
    "mask tensor": (mask2, t([0])),
    "mask mask": (mask2, t([False, True, False])),
    "mask two tensor": (mask23, t([1])),
    "mask list": [True, False],
    "mask ...": (mask2, e),
    "0-d mask": t(True),
    "step slice tensor": (full, slice(None, None, 2), i01),
    "slice object": (slice(0, 2), slice(None, None, 2), slice(1, 4, 2)),
    "range": (range(2),),
    "list last": (e, [0, -1]),
    "nested list apart": ([[0], [1]], full, [[0, 1]]),
}
for name, index in indices.items():
    case(f"get {name}", lambda: x[index])
    case(f"layout {name}", lambda: layout(x[index]))

    def written(value):
        y = x.clone()
        y[index] = value
        return y

    case(f"set {name}", lambda: written(-1))
    case(f"set tensor {name}", lambda: written(t(7)))
    case(f"set own {name}", lambda: written(x[index] * 100))

    def turned_written():
        y = x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
        y[index] = 0.5 if False else 9
        return y

    case(f"set turned {name}", turned_written)

y = x.clone()
y[:, 1] = t([1, 2, 3, 4])
y[0, :, 0] = t([[7, 8, 9]])
y[..., -1] += 100
y[y > 120] = 0
y[[0, 1], [0, 0]] *= 2
y[1, 2] = t([1.9, 2.9, 3.9, 4.9])
case("writes", lambda: y)
z = torch.zeros(4)
z[t([0, 0, 1])] += 1
z[[3, 3]] = t([1.0, 2.0])
case("no accumulation", lambda: z[:3])
case(
    "index_put accumulate",
    lambda: (
        torch.zeros(3).index_put_((t([0, 0, 1]),), t([1.0, 2.0, 3.0]), accumulate=True),
        torch.zeros(2, 3).index_put((t([0, 1]), t([2, 2])), t(5.0)),
    ),
)
case("set list", lambda: (y.__setitem__((0, 0), [1, 2, 3, 4]), y[0, 0]))
case("bool tensor value", lambda: (y.__setitem__(0, True), y[0]))
case("float into int", lambda: (y.__setitem__((0, 0, 0), 3.9), y[0, 0, 0]))

m = ramp(3, 4)
case(
    "index_select",
    lambda: (m.index_select(0, t([2, 0, 2])), torch.index_select(m, 1, t([3])), t(5).index_select(0, t([0]))),
)
case("gather", lambda: (m.gather(1, t([[0, 3], [1, 1], [2, 0]])), torch.gather(m, 0, t([[2, 0, 1, 1]]))))
case("take", lambda: (torch.take(m, t([[0, 11], [5, -1]])), m.take(t([3]))))
case("take_along_dim", lambda: (torch.take_along_dim(m, m.argsort(1), 1), torch.take_along_dim(m, t([[1]]), 1)))
case("scatter", lambda: torch.zeros(3, 4, dtype=torch.float64).scatter(1, t([[0, 3], [1, 1], [2, 0]]), m))
case(
    "scatter value",
    lambda: (torch.zeros(2, 3).scatter_(1, t([[2], [0]]), 1.5), torch.zeros(3).scatter(0, t([1]), value=2)),
)
case(
    "scatter_add",
    lambda: torch.zeros(2, 4, dtype=torch.float64).scatter_add_(0, t([[0, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]]), m),
)
for reduce in ("sum", "prod", "mean", "amax", "amin"):
    for own in (True, False):
        case(
            f"scatter_reduce {reduce} {own}",
            lambda: torch.ones(4).scatter_reduce(
                0, t([0, 1, 1, 3]), t([2.0, 3.0, 5.0, -1.0]), reduce, include_self=own
            ),
        )
case(
    "scatter reduce",
    lambda: (
        torch.ones(3).scatter(0, t([0, 0]), t([2.0, 3.0]), reduce="add"),
        torch.ones(3).scatter_(0, t([0, 0]), t([2.0, 3.0]), reduce="multiply"),
    ),
)
case(
    "index_add",
    lambda: (
        torch.zeros(3, 2).index_add_(0, t([0, 2, 0]), torch.ones(3, 2)),
        torch.zeros(3).index_add(0, t([1]), t([2.0]), alpha=3),
    ),
)
case("index_copy", lambda: torch.zeros(3, 2).index_copy(0, t([2, 0]), t([[1.0, 2.0], [3.0, 4.0]])))
case("index_copy_ dim 1", lambda: torch.zeros(2, 3).index_copy_(1, t([2]), t([[1.0], [2.0]])))
case("index_fill", lambda: (torch.zeros(3, 2).index_fill(1, t([0]), 5), torch.zeros(3).index_fill_(0, t([0, 2]), 1.5)))
case("masked_select", lambda: (m.masked_select(m > 0), torch.masked_select(m, t([True, False, True, False]))))
case(
    "masked_scatter",
    lambda: torch.zeros(2, 3).masked_scatter(t([[True, False, True], [False, True, False]]), t([1.0, 2.0, 3.0, 4.0])),
)
case("select_scatter", lambda: torch.select_scatter(torch.zeros(2, 2), t([1.0, 2.0]), 0, 1))
case("slice_scatter", lambda: torch.slice_scatter(torch.zeros(4, 2), torch.ones(2, 2), 0, 1, 3))
case("diagonal_scatter", lambda: torch.diagonal_scatter(torch.zeros(2, 2), t([1.0, 2.0])))
case("fill_diagonal_", lambda: torch.zeros(3, 2).fill_diagonal_(4))
case("put_", lambda: torch.zeros(2, 2).put_(t([0, 3]), t([1.0, 2.0])))
case(
    "nonzero",
    lambda: (
        torch.nonzero(t([[0, 1], [2, 0]])),
        t([0, 3]).nonzero(as_tuple=True),
        t(5).nonzero(),
        torch.zeros(2).nonzero(),
        torch.argwhere(t([1.0, 0.0])),
    ),
)
case("embedding", lambda: torch.nn.functional.embedding(t([[0, 2]]), m))
case("iterate", lambda: [r for r in t([[1, 2], [3, 4]])])
case("unpack", lambda: (lambda a, b: (a, b))(*t([1, 2])))
case(
    "searchsorted",
    lambda: (
        torch.searchsorted(t([1, 3, 5]), t([0, 3, 6])),
        torch.searchsorted(t([1, 3, 5]), t([3]), right=True),
        torch.bucketize(t([0.5, 3.0]), t([1.0, 3.0])),
    ),
)

fails("out of range", lambda: x[2])
fails("out of range -", lambda: x[-3])
fails("out of range later", lambda: x[0, 5])
fails("too many", lambda: x[0, 0, 0, 0])
fails("too many tensors", lambda: x[t(0), t(0), t(0), t(0)])
fails("tensor out of range", lambda: x[t([0, 2])])
fails("tensor out of range 2", lambda: x[:, t([0, 1]), t([0, 4])])
fails("float index", lambda: x[1.5])
fails("float tensor", lambda: x[t([0.5])])
fails("string", lambda: x["a"])
fails("negative step", lambda: x[::-1])
fails("mask shape", lambda: x[t([True, False, True])])
fails("broadcast", lambda: x[t([0, 1]), t([0, 1, 2])])
fails("set shape", lambda: x.clone().__setitem__(0, torch.zeros(5, dtype=torch.int64)))
fails("set tensor shape", lambda: x.clone().__setitem__(t([0, 1]), torch.zeros(5, dtype=torch.int64)))
fails("0-d", lambda: t(1)[0])
fails("gather rank", lambda: m.gather(1, t([0])))
fails("gather range", lambda: m.gather(1, t([[4]])))
fails("gather type", lambda: m.gather(1, t([[0]], dtype=torch.int32)))
fails("index_select range", lambda: m.index_select(0, t([3])))
fails("scatter type", lambda: torch.zeros(3).scatter(0, t([0]), t([1], dtype=torch.int64)))
fails("take range", lambda: m.take(t([12])))
