"""Inputs of golden cases, described in a few letters and made the same way on every machine: nothing of them is stored.

"f32[2,3]" is a tensor; behind colons stand where its values come from and how it lies in memory: "f32[2,3]:special:t".
"""

import re

import torch

DTYPES = {
    "f32": torch.float32,
    "f64": torch.float64,
    "f16": torch.float16,
    "bf16": torch.bfloat16,
    "i64": torch.int64,
    "i32": torch.int32,
    "i16": torch.int16,
    "i8": torch.int8,
    "u8": torch.uint8,
    "b": torch.bool,
    "c64": torch.complex64,
    "c128": torch.complex128,
}
SHORT = {dtype: short for short, dtype in DTYPES.items()}
FLOATS = ("f32", "f64", "f16", "bf16")
SPEC = re.compile(r"(\w+)\[([\d,]*)\]((?::\w+)*)$")

# Largest, smallest normal and a subnormal number.
LIMITS = {
    "f32": (3.4028234663852886e38, 1.1754943508222875e-38, 1.401298464324817e-45),
    "f64": (1.7976931348623157e308, 2.2250738585072014e-308, 5e-324),
    "f16": (65504.0, 6.103515625e-05, 5.960464477539063e-08),
    "bf16": (3.3895313892515355e38, 1.1754943508222875e-38, 9.183549615799121e-41),
}
BITS = {"i64": 64, "i32": 32, "i16": 16, "i8": 8}
LAYOUTS = {"t", "step", "exp", "off", "cl"}


def numbers(seed_text):
    """Endless whole numbers in [0, 8192) that depend on nothing but the text."""
    state = 2166136261
    for byte in seed_text.encode():
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield state >> 19


def special_floats(short):
    largest, normal, subnormal = LIMITS[short]
    nan, inf = float("nan"), float("inf")
    return [
        *(nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -7.0),
        *(largest, -largest, normal, -subnormal, 1e-3, 88.5, -104.0, 709.5),
    ]


def edge_integers(short):
    if short == "u8":
        return [0, 255, 1, 254, 128, 127, 2, 3, 7, 100]
    bits = BITS[short]
    most = 2 ** (bits - 1) - 1
    return [0, most, -most - 1, 1, -1, most - 1, -most, 2, -2, 3, -3, 7, -7, 100, 2 ** (bits // 2)]


def values(short, count, kind, seed_text):
    """`count` numbers for a dtype; `kind` says from where."""
    draw = numbers(seed_text)
    if short.startswith("c"):
        parts = values("f64", 2 * count, kind, seed_text)
        return [complex(parts[2 * i], parts[2 * i + 1]) for i in range(count)]
    if kind.startswith("lt"):
        return [next(draw) % int(kind[2:]) for _ in range(count)]
    if kind == "special":
        cycle = edge_integers(short) if short in BITS or short == "u8" else special_floats(short)
        return [cycle[i % len(cycle)] for i in range(count)]
    if kind == "edge":
        cycle = edge_integers(short)
        return [cycle[i % len(cycle)] for i in range(count)]
    if kind == "zero":
        return [0] * count
    if kind == "one":
        return [1] * count
    if kind == "rise":
        return list(range(count))
    if kind == "perm":
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = next(draw) % (i + 1)
            order[i], order[j] = order[j], order[i]
        return order
    if short == "b":
        return [next(draw) % 2 == 1 for _ in range(count)]
    if kind == "ties":
        return [next(draw) % 3 - (0 if short == "u8" else 1) for _ in range(count)]
    if short not in FLOATS:
        low = 0 if short == "u8" or kind == "pos" else -8
        return [low + next(draw) % (9 if low == 0 else 17) + (1 if kind == "pos" else 0) for _ in range(count)]
    if kind == "pos":
        return [(next(draw) + 128) / 2048 for _ in range(count)]
    if kind == "unit":
        return [(next(draw) + 0.5) / 8192 for _ in range(count)]
    if kind == "small":
        return [(next(draw) - 4096 + 0.5) / 4200 for _ in range(count)]
    if kind == "int":
        return [next(draw) % 17 - 8 for _ in range(count)]
    if kind == "big":
        return [(next(draw) - 4096) * 25.0 for _ in range(count)]
    if kind == "huge":
        return [(next(draw) - 4096) * LIMITS[short][0] / 8192 for _ in range(count)]
    if kind == "nan":
        plain = [(next(draw) - 4096) / 1024 for _ in range(count)]
        return [float("nan") if i % 5 == 2 else v for i, v in enumerate(plain)]
    if kind != "any":
        raise ValueError(f"inputs know no values called {kind!r}")
    return [(next(draw) - 4096) / 1024 for _ in range(count)]


def product(sizes):
    count = 1
    for size in sizes:
        count *= size
    return count


def base_shape(shape, layout):
    """The contiguous tensor from which a layout is made."""
    if layout == "t":
        return [*shape[:-2], shape[-1], shape[-2]]
    if layout == "step":
        return [*shape[:-1], 2 * shape[-1]]
    if layout == "exp":
        return [1, *shape[1:]]
    if layout == "off":
        return [product(shape) + 3]
    if layout == "cl":
        return [shape[0], *shape[2:], shape[1]]
    return shape


def laid_out(base, shape, layout):
    if layout == "t":
        return base.transpose(-1, -2)
    if layout == "step":
        return base[..., ::2]
    if layout == "exp":
        return base.expand(shape)
    if layout == "off":
        return base[3:].view(shape)
    if layout == "cl":
        return base.permute(0, len(shape) - 1, *range(1, len(shape) - 1))
    return base


class Input:
    """One described tensor: `leaf` holds the numbers, `tensor` is what the call sees."""

    def __init__(self, name, spec, key, device, wants_gradient):
        match = SPEC.match(spec)
        if not match:
            raise ValueError(f"{key}: {spec!r} describes no input")
        short, sizes, options = match.groups()
        shape = [int(size) for size in sizes.split(",") if size]
        words = [word for word in options.split(":") if word]
        layout = next((word for word in words if word in LAYOUTS), "")
        kind = next((word for word in words if word not in LAYOUTS | {"leaf", "plain"}), "any")
        inner = base_shape(shape, layout)
        flat = values(short, product(inner), kind, f"{key} {name}")
        leaf = torch.tensor(flat, dtype=DTYPES[short], device=device).reshape(inner)
        self.is_leaf = "leaf" in words
        # Running statistics: what is written there shows in the results, and counts no version in PyTorch.
        self.is_plain = "plain" in words
        self.name = name
        self.leaf = leaf
        is_real = short in ("f32", "f64", "c64", "c128")
        self.has_gradient = is_real and "plain" not in words and (self.is_leaf or wants_gradient)
        if self.has_gradient:
            leaf.requires_grad_()
        self.base = leaf if self.is_leaf else leaf.clone() if self.has_gradient else leaf
        self.tensor = laid_out(self.base, shape, layout)
