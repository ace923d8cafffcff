"""What both sides of the comparison of float convolutions measure, and how: the least time of many calls."""

import json
import time

# Images, channels, size, channels out, kernel, stride, padding, groups.
CONVS = [
    (32, 1, 8, 32, 3, 1, 1, 1), (32, 32, 8, 64, 3, 1, 1, 1), (32, 64, 4, 64, 3, 1, 1, 1), (1, 32, 8, 64, 3, 1, 1, 1),
    (1, 64, 14, 64, 3, 1, 1, 1), (1, 256, 14, 256, 3, 1, 1, 1), (8, 256, 7, 256, 3, 1, 1, 1), (64, 128, 7, 128, 3, 1, 1, 1),
    (16, 64, 14, 64, 1, 1, 0, 1), (64, 256, 4, 256, 1, 1, 0, 1), (1, 256, 14, 256, 1, 1, 0, 1), (8, 128, 14, 256, 3, 2, 1, 1),
    (16, 64, 8, 128, 1, 2, 0, 1), (64, 16, 8, 16, 3, 1, 1, 1), (16, 128, 14, 128, 3, 1, 1, 128),
    (1, 3, 224, 64, 7, 2, 3, 1), (1, 64, 56, 64, 3, 1, 1, 1), (1, 128, 28, 128, 3, 1, 1, 1), (1, 512, 7, 512, 3, 1, 1, 1),
    (1, 64, 56, 128, 3, 2, 1, 1), (1, 256, 14, 512, 3, 2, 1, 1), (1, 64, 56, 256, 1, 1, 0, 1), (1, 128, 28, 256, 1, 2, 0, 1),
    # As networks of small channels have them.
    (1, 16, 112, 96, 1, 1, 0, 1), (1, 96, 56, 24, 1, 1, 0, 1), (1, 96, 14, 576, 1, 1, 0, 1), (1, 960, 7, 320, 1, 1, 0, 1),
    (1, 32, 112, 32, 3, 1, 1, 32), (1, 96, 112, 96, 3, 2, 1, 96), (1, 144, 56, 144, 3, 1, 1, 144), (1, 384, 14, 384, 3, 1, 1, 384),
    (1, 960, 7, 960, 3, 1, 1, 960), (1, 672, 14, 672, 5, 1, 2, 672), (1, 96, 14, 96, 7, 1, 3, 96), (1, 208, 14, 208, 3, 1, 1, 26),
]  # fmt: skip


def name(shape):
    n, c, size, o, kernel, stride, _, groups = shape
    return f"{n} x {c} x {size}, {o} of {kernel} by {stride} in {groups}"


def least(call, seconds=0.2):
    """The least time of one call, in microseconds, after half as long to grow warm."""
    warm = time.perf_counter() + seconds / 2
    call()
    while time.perf_counter() < warm:
        call()
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best * 1e6


def measured(torch, found, side):
    """Inference with a bias, and the gradients of what comes out, on the `torch` that is given."""
    torch.manual_seed(0)
    for shape in CONVS:
        n, c, size, o, kernel, stride, padding, groups = shape
        layer = torch.nn.Conv2d(c, o, kernel, stride, padding, groups=groups)
        x = torch.randn(n, c, size, size)

        def forward():
            with torch.no_grad():
                # The result must be there: one number of it is asked for.
                return layer(x).as_strided((1,), (1,)).item()

        found.setdefault(name(shape), {})[side] = least(forward)


def report(found):
    print(json.dumps(found))
