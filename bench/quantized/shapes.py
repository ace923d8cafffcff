"""The sizes that both sides measure, and how: the least time of many calls, for a machine that others use, too."""

import json
import time

LINEARS = [
    (1, 768, 768), (1, 4096, 4096), (8, 768, 3072), (32, 768, 768), (128, 3072, 768), (128, 768, 3072), (512, 1024, 1024),
    (1, 256, 256), (16, 512, 512), (64, 256, 256), (64, 1024, 256), (64, 256, 1024),
]  # fmt: skip
# N C size O kernel stride padding groups
CONVS = [
    (1, 3, 224, 64, 7, 2, 3, 1), (1, 64, 56, 64, 3, 1, 1, 1), (1, 64, 56, 256, 1, 1, 0, 1), (1, 256, 14, 256, 3, 1, 1, 1),
    (1, 512, 7, 512, 3, 1, 1, 1), (1, 144, 56, 144, 3, 1, 1, 144), (8, 128, 28, 128, 3, 1, 1, 1),
    (32, 1, 8, 32, 3, 1, 1, 1), (32, 32, 8, 64, 3, 1, 1, 1), (32, 64, 4, 64, 3, 1, 1, 1),
]  # fmt: skip
LOW_BITS = [
    (1, 4096, 4096, 32), (1, 4096, 4096, 128), (1, 768, 3072, 32), (4, 4096, 4096, 128), (8, 2048, 2048, 32), (64, 2048, 2048, 128),
    (64, 1024, 256, 32), (1, 256, 256, 32), (16, 1024, 1024, 64),
]  # fmt: skip


def least(call, seconds=0.3):
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


def report(found):
    print(json.dumps(found))
