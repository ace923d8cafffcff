"""Timing for the benchmark cases: perf_counter around steps that read a value, so that the work is really done."""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "examples"))


def milliseconds(step: Callable[[], object], warmup: int, repeats: int) -> list[float]:
    for _ in range(warmup):
        step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def report(metrics: dict[str, list[float]], unit: str, check: float) -> None:
    """One JSON line: the median of each metric, and a number that both sides must agree on."""
    medians = {name: round(statistics.median(times), 5) for name, times in metrics.items()}
    print(json.dumps({"unit": unit, "check": check, "metrics": medians}))
