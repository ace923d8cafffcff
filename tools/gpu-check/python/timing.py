"""Times a step as a user would: events around a run of steps on a GPU, the clock on a CPU. Judges nothing."""

import time

import torch


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def elapsed_ms(step, device, n_steps):
    """Milliseconds of n steps in a row, by the device's own clock where it has one."""
    if device != "cuda":
        start = time.perf_counter()
        for _ in range(n_steps):
            step()
        return (time.perf_counter() - start) * 1e3
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(n_steps):
        step()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def steps_for(step, device, goal_ms, most=2000):
    """How many steps take about goal_ms, measured warm."""
    elapsed_ms(step, device, 1)
    one = max(elapsed_ms(step, device, 1), 1e-4)
    return max(1, min(most, round(goal_ms / one)))


def milliseconds_per_step(step, device, n_steps, repeats):
    return [elapsed_ms(step, device, n_steps) / n_steps for _ in range(repeats)]
