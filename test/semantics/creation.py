"""Tensors from nothing and from Python data: values, dtypes, layouts, and what is refused."""

import torch
from show import DTYPES, FLOATS, case, fails, layout, show

t = torch.tensor

for data in (
    1,
    True,
    2.5,
    [1, 2],
    [1, 2.5],
    [True, False],
    [True, 2],
    [True, 2.0],
    [],
    [[]],
    [[], []],
    [[1, 2], [3, 4]],
    (1, 2),
    [(1, 2), [3, 4]],
    [[[1.5]]],
    range(3),
    float("nan"),
    float("inf"),
    2**40,
    -(2**63),
):
    case(f"tensor({data})", lambda: t(data))
for dtype in DTYPES:
    case(
        f"tensor as {dtype}", lambda: t([0, 1, 2, 3.7, -1.2] if dtype.is_floating_point else [0, 1, 2, 3], dtype=dtype)
    )
    case(
        f"zeros ones full {dtype}",
        lambda: (torch.zeros(2, dtype=dtype), torch.ones(2, dtype=dtype), torch.full((2,), 1, dtype=dtype)),
    )
    case(f"arange {dtype}", lambda: torch.arange(4, dtype=dtype))
    case(f"eye {dtype}", lambda: torch.eye(2, dtype=dtype))
    case(
        f"element size {dtype}",
        lambda: (torch.zeros(3, dtype=dtype).element_size(), torch.zeros(3, dtype=dtype).nbytes),
    )
    case(f"cast from float {dtype}", lambda: t([0.0, 0.4, 1.9, 100.5]).to(dtype))
    case(f"cast from int {dtype}", lambda: t([0, 1, 127, 255]).to(dtype))
    case(f"cast from bool {dtype}", lambda: t([True, False]).to(dtype))
for dtype in DTYPES[4:9]:
    case(f"wrap {dtype}", lambda: t([300, -300, 70000, 2**33 + 5]).to(dtype))
    case(f"iinfo {dtype}", lambda: (torch.iinfo(dtype).min, torch.iinfo(dtype).max, torch.iinfo(dtype).bits))
for dtype in FLOATS:
    info = torch.finfo(dtype)
    case(f"finfo {dtype}", lambda: [float(v) for v in (info.eps, info.max, info.min, info.tiny, info.resolution)])
case("int64 large", lambda: t([2**62, -(2**62), 2**53 + 1, 9007199254740993]))
case("int64 large sum", lambda: t([2**62, -(2**62), 2**53 + 1]).sum())
case("int64 item", lambda: t(2**53 + 1).item())
case("full large int", lambda: torch.full((2,), 2**53 + 1))
case("full -0.0", lambda: torch.full((2,), -0.0).signbit())
case("add large int", lambda: t([0]) + (2**53 + 1))
case("float16 rounding", lambda: t([1 / 3, 65504.0, 65520.0, 1e-8, 6e-8], dtype=torch.float16))
case("bfloat16 rounding", lambda: t([1 / 3, 3e38, 1.00390625, 1.01171875], dtype=torch.bfloat16))

# Sizes and fills
case("empty shape", lambda: torch.empty(2, 0, 3).shape)
case("zeros list", lambda: torch.zeros([2, 1]))
case("zeros size", lambda: torch.zeros(torch.Size([2])))
case("zeros ()", lambda: torch.zeros(()))
case("ones 0", lambda: torch.ones(0))
case("full bool", lambda: torch.full((2,), True))
case("full int", lambda: torch.full([2], 3))
case("full float", lambda: torch.full((1, 2), 0.5))
case("full nan", lambda: torch.full((2,), float("nan")))
case("full_like", lambda: torch.full_like(torch.ones(2, dtype=torch.int32), 7.9))
case(
    "likes",
    lambda: (torch.zeros_like(t([1, 2])), torch.ones_like(t([1.0])), torch.ones_like(t([1]), dtype=torch.float64)),
)
case("like of a transpose", lambda: layout(torch.zeros_like(torch.zeros(2, 3).t())))
case("empty_like of a transpose", lambda: layout(torch.empty_like(torch.zeros(2, 3).t())))
case("like of an expansion", lambda: layout(torch.zeros_like(torch.zeros(1, 3).expand(2, 3))))
case("like of a slice", lambda: layout(torch.zeros_like(torch.zeros(4, 6)[::2, ::2])))
case(
    "new_",
    lambda: (
        t([1], dtype=torch.int16).new_zeros(2),
        t([1.0]).new_ones(2, 1),
        t([1]).new_full((2,), 3),
        t([1.5]).new_tensor([1, 2]),
    ),
)
case("eye 2 3", lambda: torch.eye(2, 3))
case("eye 3 1", lambda: torch.eye(3, 1))
case("empty_strided", lambda: layout(torch.empty_strided((2, 3), (1, 2))))

# Ranges
for arguments in (
    (5,),
    (1, 4),
    (1, 10, 3),
    (5, 0, -2),
    (0.0, 1.0, 0.25),
    (3.5,),
    (0, 1, 0.3),
    (0,),
    (-2, 2),
    (1, 1.5, 0.1),
):
    case(f"arange{arguments}", lambda: torch.arange(*arguments))
case("arange float steps", lambda: torch.arange(0, 1, 0.1, dtype=torch.float64))
case("arange keywords", lambda: torch.arange(start=1, end=7, step=2))
for arguments in ((0, 1, 5), (0, 10, 4), (3, 3, 2), (1, 0, 3), (-1.5, 2.5, 7), (0, 1, 1), (0, 1, 0), (0, 100, 11)):
    case(f"linspace{arguments}", lambda: torch.linspace(*arguments))
    case(f"linspace64{arguments}", lambda: torch.linspace(*arguments, dtype=torch.float64))
case("linspace bits", lambda: [v.hex() for v in torch.linspace(0, 1, 7, dtype=torch.float64).tolist()])
case("linspace bits 32", lambda: [v.hex() for v in torch.linspace(-3, 3, 11).tolist()])
case("linspace int", lambda: torch.linspace(0, 9, 4, dtype=torch.int64))
case("logspace", lambda: torch.logspace(0, 2, 3))
case("logspace base 2", lambda: torch.logspace(0, 4, 5, base=2))

# From tensors and data
base = t([1.0, 2.0])
case("as_tensor is the same", lambda: torch.as_tensor(base) is base)
case("as_tensor dtype", lambda: torch.as_tensor(base, dtype=torch.float64))
case("clone is apart", lambda: (base.clone().fill_(0), base))
case("to same is self", lambda: base.to(torch.float32) is base)
case("to copy", lambda: base.to(torch.float32, copy=True) is base)
case("to other", lambda: base.to(t([1], dtype=torch.int32)))
case("type_as", lambda: base.type_as(t([1])))
case(
    "methods of casting",
    lambda: [getattr(base, m)().dtype for m in "float double half bfloat16 long int short char byte bool".split()],
)
case("type()", lambda: (base.type(), base.type(torch.int64), base.long().type()))
case("tensor of 0-d tensors", lambda: t([t(1.5), t(2)]))
case("tensor of a tensor", lambda: torch.tensor(t([1, 2])))
case("scalar_tensor", lambda: (torch.scalar_tensor(3), torch.scalar_tensor(2.5, dtype=torch.float64)))
case(
    "legacy",
    lambda: (
        torch.Tensor([1, 2]),
        torch.FloatTensor([1]),
        torch.LongTensor([1, 2]),
        torch.Tensor(2, 3).shape,
        torch.Tensor().shape,
    ),
)
case("item kinds", lambda: (t(1).item(), t(1.5).item(), t(True).item()))
case(
    "tolist",
    lambda: (t([[1, 2], [3, 4]]).tolist(), t(1.0).tolist(), torch.zeros(2, 0).tolist(), torch.zeros(0, 2).tolist()),
)
case("python numbers", lambda: (int(t(3.7)), float(t(2)), bool(t(0.0)), bool(t([1]))))
case("index of a list", lambda: [10, 20, 30][t(1)])
case("len", lambda: (len(torch.zeros(3, 2)), [show(r) for r in torch.zeros(2, 1)]))
case("numel and dim", lambda: (torch.zeros(2, 3).numel(), torch.zeros(2, 3).dim(), t(1).dim(), torch.numel(base)))
case("frombuffer", lambda: torch.frombuffer(bytearray(b"\x01\x00\x02\x00"), dtype=torch.int16))
case("view as bytes", lambda: t([1.0], dtype=torch.float32).view(torch.int32))
case(
    "default dtype",
    lambda: (
        torch.set_default_dtype(torch.float64),
        torch.tensor(1.5),
        torch.zeros(1),
        torch.arange(1.0),
        t(1) / 2,
        torch.set_default_dtype(torch.float32),
    ),
)
case("tril_indices", lambda: torch.tril_indices(3, 3))
case("triu_indices", lambda: torch.triu_indices(3, 4, 1))
case("cartesian_prod", lambda: torch.cartesian_prod(t([1, 2]), t([3, 4])))
case("meshgrid ij", lambda: torch.meshgrid(t([1, 2]), t([3, 4, 5]), indexing="ij"))
case("meshgrid xy", lambda: torch.meshgrid(t([1, 2]), t([3, 4, 5]), indexing="xy"))
case("windows", lambda: (torch.hann_window(4), torch.hann_window(5, periodic=False)))
case("vander", lambda: torch.vander(t([1, 2, 3])))
case("block_diag", lambda: torch.block_diag(t([[1, 2]]), t([[3], [4]])))
case("complex type refused", lambda: torch.is_tensor(3))

fails("ragged", lambda: t([[1, 2], [3]]))
fails("too deep", lambda: t([1, [2]]))
fails("string", lambda: t("abc"))
fails("object", lambda: t([object()]))
case("negative size", lambda: torch.zeros(-1))
fails("zero step", lambda: torch.arange(0, 1, 0))
fails("wrong sign", lambda: torch.arange(1, 0, 1))
fails("negative steps", lambda: torch.linspace(0, 1, -1))
fails("item of two", lambda: base.item())
fails("bool of two", lambda: bool(base))
fails("bool of none", lambda: bool(torch.zeros(0)))
fails("len of 0-d", lambda: len(t(1)))
fails("iterate 0-d", lambda: list(t(1)))
fails("int requires grad", lambda: t([1], requires_grad=True))
fails("requires_grad_ int", lambda: t([1]).requires_grad_())
