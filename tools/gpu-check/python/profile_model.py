"""Runs a few steps of one case after a pause, to be recorded: Layerwise records its own trace; real PyTorch's profiler is
asked here, and its kernels printed as JSON lines. Arguments: case, sizes as JSON, steps."""

import json
import sys
import time

import torch
from cases_kernels import CASES as KERNEL_CASES
from cases_models import CASES as MODEL_CASES
from timing import elapsed_ms, synchronize

# Longer than anything a set-up waits for: what follows the pause are the steps.
PAUSE_S = 0.5


def main():
    name, sizes, n_steps = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    case = {**KERNEL_CASES, **MODEL_CASES}[name](device, **sizes)
    for _ in range(3):
        case.step()
    synchronize(device)
    if "layerwise" in torch.__version__:
        time.sleep(PAUSE_S)
        ms = elapsed_ms(case.step, device, n_steps)
        print(json.dumps({"msPerStep": ms / n_steps}))
        return
    ms = elapsed_ms(case.step, device, n_steps)
    print(json.dumps({"msPerStep": ms / n_steps}))
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as profiler:
        elapsed_ms(case.step, device, n_steps)
    for entry in profiler.key_averages():
        us = entry.self_device_time_total if device == "cuda" else entry.self_cpu_time_total
        # On a GPU, the kernels alone: operators carry the same time a second time.
        if us > 0 and (device != "cuda" or entry.device_type != torch.autograd.DeviceType.CPU):
            print(json.dumps({"kernel": entry.key[:120], "us": us, "calls": entry.count}))


main()
