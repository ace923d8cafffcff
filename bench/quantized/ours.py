"""Quantized products on Layerwise: one JSON line of microseconds by case."""

import sys

sys.path.insert(0, "bench/quantized")

import torch
from shapes import CONVS, LINEARS, LOW_BITS, least, report
from torch._gen import functions as _f

found = {}


def measure(name, call, side="layerwise"):
    # The result must be there: one number of it is asked for.
    found.setdefault(name, {})[side] = least(lambda: call().as_strided((1,), (1,)).item())


with torch.no_grad():
    for m, n, k in LINEARS:
        x, w, s = torch.randn(m, k), torch.randint(-127, 128, (n, k), dtype=torch.int8), torch.rand(n)
        measure(f"int8 linear {m} x {n} x {k}", lambda: _f._linear_int8_dynamic(x, w, s, None, None, "tensor", 127))
    for n, c, size, o, kernel, stride, pad, groups in CONVS:
        x = torch.randint(0, 256, (n, c, size, size), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
        w = torch.randint(-127, 128, (o, c // groups, kernel, kernel), dtype=torch.int8)
        w = w.contiguous(memory_format=torch.channels_last)
        s = torch.rand(o)
        call = lambda: _f._conv2d_int8(
            x, 0.1, 3, w, s, None, s, [stride] * 2, [pad] * 2, [1, 1], groups, 0.5, 10, torch.uint8
        )
        measure(f"int8 conv {n} x {c} x {size}, {o} of {kernel} by {stride} in {groups}", call)
    for m, n, k, group in LOW_BITS:
        x, scale = torch.randn(m, k), torch.rand(n, k // group)
        codes = torch.randint(0, 256, (n, k // 2), dtype=torch.uint8)
        table = torch.linspace(-1, 1, 16)
        name = f"{m} x {n} x {k} in {group}"
        measure(f"int4 {name}", lambda: _f._linear_low_bit(x, codes, scale, None, None, None, "int4", group))
        in_bytes = lambda: _f._linear_low_bit(x, codes, scale, None, None, None, "int4", group, "int8")
        measure(f"int4 {name}", in_bytes, "layerwise, x in int8")
        measure(f"nf4 {name}", lambda: _f._linear_low_bit(x, codes, scale, None, table, None, "float4", group))
        bytes_ = torch.randint(-127, 128, (n, k), dtype=torch.int8)
        measure(f"int8 weights {name}", lambda: _f._linear_low_bit(x, bytes_, scale, None, None, None, "int8", group))
report(found)
