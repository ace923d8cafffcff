"""How a GPU is doing, by NVIDIA's management library: use, memory, temperature, power, clocks, processes. Raises where
the library is missing or does not tell."""

import json as _json

import _core
from torch.cuda._guards import index_of as _index_of


def _readings(device):
    readings = _json.loads(_core.cuda_readings(_index_of(device)))
    if "reason" in readings:
        raise RuntimeError(f"the GPU's readings are not available: {readings['reason']}")
    return readings


def _reading(device, name, what):
    value = _readings(device).get(name)
    if value is None:
        raise RuntimeError(f"this GPU does not tell its {what}")
    return value


def utilization(device=None):
    """Percent of the last sample period in which a kernel ran."""
    return round(_reading(device, "utilization", "utilization") * 100)


def memory_usage(device=None):
    """Percent of the last sample period in which memory was read or written."""
    return round(_reading(device, "memoryUtilization", "use of memory") * 100)


def device_memory_used(device=None):
    """Bytes that all processes hold."""
    return int(_reading(device, "usedBytes", "used memory"))


def temperature(device=None):
    """Degrees Celsius."""
    return round(_reading(device, "temperatureC", "temperature"))


def power_draw(device=None):
    """Milliwatts."""
    return round(_reading(device, "powerW", "power draw") * 1000)


def clock_rate(device=None):
    """Of the multiprocessors, in MHz."""
    return round(_reading(device, "clockMhz", "clock rate"))


def list_gpu_processes(device=None):
    index = _index_of(device)
    lines = [f"GPU:{index}"]
    processes = _readings(device)["processes"]
    if not processes:
        lines.append("no processes are running")
    for process in processes:
        used = process.get("bytes", float("nan")) / 2**20
        lines.append(f"process {process['pid']:>10d} uses {used:>12.3f} MB GPU memory")
    return "\n".join(lines)
