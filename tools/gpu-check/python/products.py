"""Matrix products of many shapes and layouts against the same in double precision: prints, per case, the largest error in
units of the dtype's rounding. Which kernel multiplies is chosen outside, by environment variables. Argument: "tiny"."""

import json
import sys

import torch
from numbers_alike import spread

SHAPES = [
    (128, 128, 64), (256, 512, 128), (512, 256, 384), (1024, 1024, 1024), (2048, 1024, 4096), (4096, 4096, 512),
    (1000, 1000, 1000), (129, 257, 65), (1, 4096, 4096), (7, 1024, 2048), (4096, 16, 1024), (320, 1536, 96),
    # Enough blocks of 128 x 256 for wgmma, with ragged edges.
    (8192, 4096, 1024), (4104, 4120, 520), (2176, 8448, 72), (4097, 4099, 515),
]
TINY = [(16, 16, 16), (33, 17, 40), (1, 32, 64)]
EPSILON = {torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11, torch.float32: 2.0**-24}


def error_of(m, n, k, dtype, layout, batch):
    lead = (batch,) if batch > 1 else ()
    a = spread((*lead, m, k), "cuda", dtype, seed=m)
    b = spread((*lead, k, n), "cuda", dtype, k**-0.5, seed=n)
    if "a" in layout:
        a = a.transpose(-1, -2).contiguous().transpose(-1, -2)
    if "b" in layout:
        b = b.transpose(-1, -2).contiguous().transpose(-1, -2)
    got = torch.matmul(a, b).to(torch.float64)
    expected = torch.matmul(a.to(torch.float64), b.to(torch.float64))
    # Sums are kept in single precision and rounded once.
    allowed = EPSILON[dtype] * expected.abs() + k * 2.0**-24 * torch.matmul(a.abs().double(), b.abs().double())
    if not bool(torch.isfinite(got).all()):
        return float("inf")
    return ((got - expected).abs() / allowed.clamp_min(1e-30)).max().item()


def main():
    shapes = TINY if "tiny" in sys.argv else SHAPES
    for dtype in EPSILON:
        for m, n, k in shapes:
            for layout in ("", "a", "b", "ab"):
                error = error_of(m, n, k, dtype, layout, 1)
                print(json.dumps({"case": f"{dtype} {m}x{n}x{k} {layout or 'plain'}", "error": error}), flush=True)
        m, n, k = shapes[0]
        print(json.dumps({"case": f"{dtype} 3x{m}x{n}x{k}", "error": error_of(m, n, k, dtype, "", 3)}), flush=True)


main()
