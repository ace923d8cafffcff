"""Tensors out of nothing, out of Python values, and like other tensors."""

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool")


def declare(family):
    for name in ("zeros", "ones"):
        for call in (
            f"torch.{name}(2, 3, device=dev)",
            f"torch.{name}((2, 3), device=dev)",
            f"torch.{name}(0, 3, device=dev)",
            f"torch.{name}((), device=dev)",
            f"torch.{name}([4], device=dev)",
            f"torch.{name}(-1, device=dev)",
            f"torch.{name}(2.5, device=dev)",
            f"torch.{name}('x', device=dev)",
            f"torch.{name}(2, dtype=int, device=dev)",
            f"torch.{name}(2, requires_grad=True, device=dev)",
            f"torch.{name}(2, dtype=torch.int32, requires_grad=True, device=dev)",
            f"torch.{name}(torch.Size([2, 1]), device=dev)",
        ):
            family.add(name, call, words="'x'" not in call and "2.5" not in call)
        for dtype in DTYPES:
            family.add(name, f"torch.{name}(3, dtype=torch.{dtype}, device=dev)")
        like(family, f"{name}_like", f"torch.{name}_like(a")
        family.block(
            f"new_{name}",
            f"""
a.new_{name}(2, 3) ; *[2]
a.new_{name}((2,), dtype=torch.int32) ; *[2]
""",
            ("f32", "f64", "i64", "b", "f16"),
        )
    like(family, "full_like", "torch.full_like(a, 3")
    for value in ("2", "2.5", "True", "-1", "inf", "nan", "1e40", "300"):
        for dtype in ("None", *(f"torch.{dtype}" for dtype in DTYPES)):
            family.add("full", f"torch.full((2, 2), {value}, dtype={dtype}, device=dev)")
    family.block(
        "full",
        """
torch.full((), 3, device=dev)
torch.full([0], 3, device=dev)
torch.full(2, 3, device=dev)
torch.full((2,), 'x', device=dev)
torch.full((2,), torch.tensor(3), device=dev)
a.new_full((2, 2), 7) ; f32[2]
a.new_full((2,), 7.5) ; i64[2]
a.new_full((2,), 7, dtype=torch.float64) ; i64[2]
""",
        words=False,
    )
    family.block(
        "arange",
        """
torch.arange(5, device=dev)
torch.arange(5.0, device=dev)
torch.arange(2, 7, device=dev)
torch.arange(1, 2, 0.25, device=dev)
torch.arange(10, 0, -3, device=dev)
torch.arange(0, 1, 0.1, device=dev)
torch.arange(0, 1, 0.1, dtype=torch.float64, device=dev)
torch.arange(-3, 3, 2, dtype=torch.float32, device=dev)
torch.arange(5, dtype=torch.float16, device=dev)
torch.arange(5, dtype=torch.bfloat16, device=dev)
torch.arange(5, dtype=torch.uint8, device=dev)
torch.arange(0, device=dev)
torch.arange(3, 3, device=dev)
torch.arange(3, 1, device=dev)
torch.arange(1, 3, 0, device=dev)
torch.arange(1, 3, -1, device=dev)
torch.arange(2**40, 2**40 + 3, device=dev)
torch.arange(nan, 1, device=dev)
torch.arange(0, inf, device=dev)
torch.arange(2.5, device=dev)
torch.arange(1, 6, 1.5, dtype=torch.int64, device=dev)
torch.arange(end=4, device=dev)
torch.arange(start=1, end=4, step=2, device=dev)
torch.arange(True, device=dev)
torch.arange('x', device=dev)
torch.arange(torch.tensor(4), device=dev)
torch.range(1, 4, device=dev)
torch.range(0, 1, 0.25, device=dev)
torch.linspace(0, 1, 5, device=dev)
torch.linspace(-3, 7, 11, device=dev)
torch.linspace(0, 10, 1, device=dev)
torch.linspace(0, 10, 0, device=dev)
torch.linspace(0, 10, -1, device=dev)
torch.linspace(5, 1, 4, dtype=torch.float64, device=dev)
torch.linspace(0, 10, 4, dtype=torch.int64, device=dev)
torch.linspace(0, 1, 7, dtype=torch.float16, device=dev)
torch.linspace(0.1, 0.7, 100, device=dev)
torch.linspace(start=0, end=1, steps=3, device=dev)
torch.linspace(0, 1, device=dev)
torch.logspace(0, 2, 3, device=dev)
torch.logspace(-1, 1, 5, base=2, device=dev)
torch.logspace(0, 1, 4, dtype=torch.float64, device=dev)
torch.eye(3, device=dev)
torch.eye(2, 4, device=dev)
torch.eye(0, device=dev)
torch.eye(3, dtype=torch.int64, device=dev)
torch.eye(2, dtype=torch.bool, device=dev)
torch.eye(-1, device=dev)
torch.empty(2, 0, device=dev)
torch.empty((0,), dtype=torch.int64, device=dev)
torch.empty(2, 3, device=dev).shape
torch.empty_strided((2, 3), (1, 2), device=dev).stride()
torch.empty_permuted((2, 3), (1, 0), device=dev).stride()
torch.empty(1, 2, 3, 4, memory_format=torch.channels_last, device=dev).stride()
torch.hann_window(5, device=dev)
torch.hann_window(6, periodic=False, device=dev)
torch.hann_window(1, device=dev)
torch.hann_window(0, device=dev)
torch.scalar_tensor(3, device=dev)
torch.scalar_tensor(2.5, dtype=torch.float64, device=dev)
torch.complex
""".replace(
            "torch.complex\n", ""
        ),
        near=2,
    )
    values = (
        *("1", "1.5", "True", "[1, 2]", "[1, 2.5]", "[True, 2]", "[[1, 2], [3, 4]]", "[]", "[[]]", "[[], []]"),
        *("[1.0, True]", "(1, 2)", "[(1, 2), (3, 4)]", "range(3)", "[nan, inf, -inf]", "2**62", "2**63", "2**64"),
        *("-2**63", "1e400", "[[1], [1, 2]]", "'x'", "None", "[None]", "['a']", "{}", "{1}", "[1, 'a']", "b'a'"),
        *("[1, [2]]", "[[1, 2], 3]", "torch.tensor([1, 2])", "[torch.tensor(1), torch.tensor(2)]", "[torch.ones(2)]"),
        *("[torch.ones(1)]", "-0.0", "[0.1, 0.2]", "[2**40]", "[[[1.0]]]", "object()", "[1e-46]", "[3.5e38]"),
    )
    for value in values:
        family.add("tensor", f"torch.tensor({value}, device=dev)")
        family.add("as_tensor", f"torch.as_tensor({value}, device=dev)")
        for dtype in ("float32", "float16", "int64", "uint8", "bool"):
            family.add("tensor", f"torch.tensor({value}, dtype=torch.{dtype}, device=dev)")
    family.block(
        "tensor",
        """
torch.tensor(a) ; *[2]
torch.tensor(a.tolist()) ; *[2,3]
a.new_tensor([1, 2.5]) ; *[2]
torch.as_tensor(a) ; *[2,3]
torch.as_tensor(a, dtype=torch.float64) ; *[2]
torch.asarray(a) ; *[2]
torch.asarray([1, 2])
a.new(2, 3).shape ; *[2]
a.new([1, 2]) ; *[2]
a.new_empty((2, 0)) ; *[2]
torch.tensor(a, requires_grad=True) ; *[2]
a.tolist() ; *[2,3]
a.tolist() ; *[]
a.tolist() ; *[0,2]
a.item() ; *[1,1]
a.item() ; *[2]
a.item() ; *[0]
float(a) ; *[]:one
int(a) ; *[1]:one
int(a) ; *[2]
complex(a) ; *[]:one
a.__index__() ; *[]:one
torch.full_like(a, 2.5) ; *[2,3]:t
torch.empty_like(a).stride() ; *[2,3]:t
torch.empty_like(a).stride() ; *[3,2,2,2]:cl
torch.empty_like(a).stride() ; *[2,3]:step
torch.empty_like(a).stride() ; *[2,3]:exp
""",
        ("f32", "i64", "b", "f16"),
    )


def like(family, op, start):
    for spec in (
        "f32[2,3]",
        "f64[3,2]:t",
        "i64[4]:step",
        "b[2]",
        "f16[2,3]:exp",
        "f32[2,3,2,2]:cl",
        "f32[0,3]",
        "f32[]",
        "bf16[2]",
        "u8[2]",
    ):
        family.add(op, f"{start})", spec)
    for option in (
        "dtype=torch.float64",
        "dtype=torch.bool",
        "dtype=torch.int32",
        "memory_format=torch.contiguous_format",
        "memory_format=torch.channels_last",
        "requires_grad=True",
    ):
        family.add(op, f"{start}, {option})", "f32[2,3,2,2]:cl")
