"""Answers questions about cases, one JSON line each, until its input ends: the same program under real PyTorch and under
Layerwise, so that both can be measured turn by turn in one session. Decides nothing about what is measured.

    {"do": "about"}                                        versions and the device
    {"do": "prepare", "id": 1, "case": "matmul", "with": {...}, "compiled": false}
    {"do": "measure", "id": 1, "goalMs": 40, "repeats": 5}
    {"do": "drop", "id": 1}
"""

import json
import os
import sys
import time
import traceback

import torch
from cases_kernels import CASES as KERNEL_CASES
from cases_models import CASES as MODEL_CASES
from timing import milliseconds_per_step, steps_for, synchronize

CASES = {**KERNEL_CASES, **MODEL_CASES}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
prepared = {}


def allocated():
    return torch.cuda.memory_allocated() if DEVICE == "cuda" else 0


def about(question):
    name = torch.cuda.get_device_name(0) if DEVICE == "cuda" else "cpu"
    return {"torch": torch.__version__, "device": DEVICE, "name": name}


def prepare(question):
    """Builds a case, compiles it if asked, runs it twice, and says what it needed and what came out."""
    before = allocated()
    start = time.perf_counter()
    case = CASES[question["case"]](DEVICE, **question["with"])
    if question.get("compiled"):
        case.compile(torch.compile, {"backend": "eager"} if DEVICE == "cpu" else {})
    synchronize(DEVICE)
    kept = allocated() - before
    case.step()
    synchronize(DEVICE)
    resting = allocated()
    if DEVICE == "cuda":
        torch.cuda.reset_peak_memory_stats()
    case.step()
    synchronize(DEVICE)
    moving = torch.cuda.max_memory_allocated() - resting if DEVICE == "cuda" else 0
    prepared[question["id"]] = case
    # What other prepared cases hold rests: it cancels out.
    peak = resting - before + moving
    return {
        "seconds": time.perf_counter() - start, "keptBytes": kept, "peakBytes": peak,
        "flops": case.flops, "bytes": case.bytes, "items": case.items, "check": case.check(),
    }


def measure(question):
    case = prepared[question["id"]]
    if case.steps is None:
        case.steps = steps_for(case.step, DEVICE, question["goalMs"])
    else:
        case.step()
    ms = milliseconds_per_step(case.step, DEVICE, case.steps, question["repeats"])
    return {"ms": ms, "steps": case.steps}


def drop(question):
    prepared.pop(question["id"], None)
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
    return {}


ANSWERS = {"about": about, "prepare": prepare, "measure": measure, "drop": drop}


def answer(question):
    try:
        return {"ok": ANSWERS[question["do"]](question)}
    except Exception as error:
        trace = traceback.format_exc().splitlines()[-12:]
        return {"error": f"{type(error).__name__}: {error}".split("\n")[0][:400], "trace": trace}


def main():
    # Libraries print to standard output as they like: answers go where nobody else writes.
    out = os.fdopen(os.dup(1), "w")
    sys.stdout = sys.stderr
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
