"""Casts between dtypes, with what rounding, overflow and NaN become; copies; fills; result types."""

ALL = ("f32", "f64", "f16", "bf16", "i64", "i32", "i16", "i8", "u8", "b")
LONG = {
    "f32": "float32", "f64": "float64", "f16": "float16", "bf16": "bfloat16", "i64": "int64",
    "i32": "int32", "i16": "int16", "i8": "int8", "u8": "uint8", "b": "bool",
}  # fmt: skip
METHODS = ("float", "double", "half", "bfloat16", "long", "int", "short", "char", "byte", "bool")


def declare(family):
    for source in ALL:
        for target in ALL:
            is_float = source in ("f32", "f64", "f16", "bf16")
            # What a float beyond an integer's range becomes is the machine's affair.
            kind = (
                "big"
                if is_float and target in ("i64", "i32")
                else "any"
                if is_float and target not in ("b", "f32", "f64", "f16", "bf16")
                else "special"
            )
            if source == "b":
                kind = "any"
            kind = "pos" if is_float and target == "u8" else kind
            family.add("to", f"a.to(torch.{LONG[target]})", f"{source}[22]:{kind}")
        for method in METHODS:
            family.add(method, f"a.{method}()", f"{source}[2,3]:pos:t")
    family.block(
        "to",
        """
a.to(torch.float64) ; *[2,3]:t
a.to(torch.float64) ; *[2,3]:exp
a.to(torch.float64) ; *[2,3]:step
a.to(torch.float64) ; *[2,3,2,2]:cl
a.to(torch.float32, copy=True) ; *[2,3]:t
a.to(dtype=torch.int32) ; *[2,3]
a.to(b) ; *[2,3] ; f16[1]
a.to('cpu') ; *[2,3]
a.to('cpu', torch.float64) ; *[2]
a.to(device='cpu', dtype=torch.int8) ; *[2]
a.to(memory_format=torch.channels_last) ; *[2,3,2,2]
a.to(torch.float64, memory_format=torch.contiguous_format) ; *[2,3]:t
a.to(torch.float32, non_blocking=True) ; *[2]
a.to() ; *[2]
a.to('nowhere') ; *[2]
a.to(3.5) ; *[2]
a.type(torch.float64) ; *[2]
a.type('torch.IntTensor') ; *[2]
a.type() ; *[2]
a.type_as(b) ; *[2] ; f64[1]
a.cpu() ; *[2]
a.to(torch.int64).to(torch.float32) ; *[4]
a.float() ; *[0,2]
a.is_floating_point() ; *[1]
a.is_signed() ; *[1]
a.is_complex() ; *[1]
a.dtype ; *[1]
a.device.type ; *[1]
a.layout ; *[1]
torch.is_tensor(a) ; *[1]
torch.is_floating_point(a) ; *[1]
""",
        ("f32", "i64", "f16", "b"),
        words=False,
    )
    family.block(
        "copy_",
        """
a.copy_(b) ; *[2,3] ; f32[2,3]
a.copy_(b) ; *[2,3]:t ; f64[3]
a.copy_(b) ; *[2,3]:step ; i64[2,1]
a.copy_(b) ; *[2,3] ; f32[3,3]
a.copy_(b) ; *[3] ; f32[2,3]
a.copy_(b) ; *[3,2]:exp ; f32[2]
a.copy_(b) ; *[0,3] ; f32[3]
a.copy_(b) ; *[] ; f16[1]
a.copy_(3) ; *[2]
a.fill_(3) ; *[2,3]:step
a.fill_(2.5) ; *[2,3]
a.fill_(b) ; *[2] ; f64[]
a.fill_(b) ; *[2] ; f64[2]
a.fill_(1) ; *[3,2]:exp
a.fill_(True) ; *[2]
a.zero_() ; *[2,3]:t
a.set_(b) ; *[2] ; *[3]
a.resize_(2, 2) ; *[4]
a.resize_(3) ; *[4]
a.random_(0, 1) ; *[3]
a.type(torch.int64).fill_(300) ; *[2]
""",
        ("f32", "i64", "f16", "u8", "b"),
        words=False,
    )
    for left in ALL:
        for right in ALL:
            family.add("promote_types", f"torch.promote_types(torch.{LONG[left]}, torch.{LONG[right]})")
            family.add("can_cast", f"torch.can_cast(torch.{LONG[left]}, torch.{LONG[right]})")
    for left in ("f32", "f16", "i64", "u8", "b"):
        for right in ("f64[]", "f16[2]", "i32[]", "b[2]", "i64[2]"):
            family.add("result_type", "torch.result_type(a, b)", f"{left}[2]", right)
            family.add("result_type", "torch.result_type(a, b)", f"{left}[]", right)
        for number in ("1", "1.5", "True"):
            family.add("result_type", f"torch.result_type(a, {number})", f"{left}[2]")
            family.add("result_type", f"torch.result_type({number}, a)", f"{left}[2]")
