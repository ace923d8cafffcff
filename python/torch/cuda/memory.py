"""The caching allocator's figures, in PyTorch's names and in PyTorch's table."""

import json
import os

import _core
from torch._C import _buffer, _raise, _return_dead
from torch.cuda._guards import _need_gpu, index_of

_fractions = {}


def _counted(ask, device):
    # Tensors that Python dropped go back in batches.
    _return_dead()
    return int(ask(index_of(device)))


def memory_allocated(device=None):
    return _counted(_core.cuda_memory_allocated, device)


def max_memory_allocated(device=None):
    return _counted(_core.cuda_memory_peak, device)


def memory_reserved(device=None):
    return _counted(_core.cuda_memory_reserved, device)


def max_memory_reserved(device=None):
    return _counted(_core.cuda_memory_peak_reserved, device)


memory_cached = memory_reserved
max_memory_cached = max_memory_reserved


def mem_get_info(device=None):
    _need_gpu()
    if _core.cuda_memory_info(index_of(device)) < 0:
        _raise()
    return int(_buffer[0]), int(_buffer[1])


def empty_cache():
    _return_dead()
    if _core.cuda_empty_cache() < 0:
        _raise()


def reset_peak_memory_stats(device=None):
    _core.cuda_reset_peaks(index_of(device))


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def reset_accumulated_memory_stats(device=None):
    _core.cuda_reset_totals(index_of(device))


def set_per_process_memory_fraction(fraction, device=None):
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    _need_gpu()
    index = index_of(device)
    total = mem_get_info(index)[1]
    if _core.cuda_set_limit(index, int(total * fraction)) < 0:
        _raise()
    _fractions[index] = fraction


def get_per_process_memory_fraction(device=None):
    return _fractions.get(index_of(device), 1.0)


def get_allocator_backend():
    return "native"


def ipc_collect():
    pass


def memory_snapshot(mempool_id=None):
    """Every segment of memory and its blocks, over all GPUs in use."""
    _return_dead()
    segments = json.loads(_core.cuda_memory_snapshot())
    for segment in segments:
        segment["segment_pool_id"] = tuple(segment["segment_pool_id"])
        address = segment["address"]
        for block in segment["blocks"]:
            block["address"] = address
            address += block["size"]
    return [s for s in segments if mempool_id is None or s["segment_pool_id"] == tuple(mempool_id)]


def _asked_settings():
    return os.environ.get("PYTORCH_CUDA_ALLOC_CONF") or os.environ.get("PYTORCH_ALLOC_CONF") or ""


def _set_allocator_settings(env):
    if _core.cuda_configure_allocator(env) < 0:
        _raise()


def memory_stats_as_nested_dict(device=None):
    _return_dead()
    books = json.loads(_core.cuda_memory_statistics(index_of(device)))
    stats = books["quantities"] | books["oversize"]
    stats["max_split_size"] = books["maxSplitBytes"]
    stats["num_sync_all_streams"] = books["nRetries"]
    stats["num_ooms"] = books["nOutOfMemory"]
    stats["num_alloc_retries"] = books["nRetries"]
    stats["num_device_alloc"] = stats["segment"]["all"]["allocated"]
    stats["num_device_free"] = stats["segment"]["all"]["freed"]
    return stats


def memory_stats(device=None):
    flat = {}

    def walk(prefix, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value

    walk("", memory_stats_as_nested_dict(device))
    return dict(sorted(flat.items()))


_SIZES = [
    ("Allocated memory", "allocated_bytes"), ("Active memory", "active_bytes"), ("Requested memory", "requested_bytes"),
    ("GPU reserved memory", "reserved_bytes"), ("Non-releasable memory", "inactive_split_bytes"),
]
_COUNTS = [
    ("Allocations", "allocation"), ("Active allocs", "active"), ("GPU reserved segments", "segment"),
    ("Non-releasable allocs", "inactive_split"),
]
_COLUMNS = ("current", "peak", "allocated", "freed")


def _scaled(value, like, units, step, most):
    """`value` in the unit that suits `like`: all rows of one quantity are in the unit of its first."""
    unit = 0
    while unit + 1 < len(units) and like >= most:
        like /= step
        value //= step
        unit += 1
    return value, units[unit]


def _size_cell(value, like):
    return "{:6d} {}".format(*_scaled(value, like, ("B  ", "KiB", "MiB", "GiB", "TiB", "PiB"), 1024, 768 * 1024))


def _count_cell(value, like):
    return "{:7d} {} ".format(*_scaled(value, like, (" ", "K", "M"), 1000, 750 * 1000))


def memory_summary(device=None, abbreviated=False):
    """The table that PyTorch prints."""
    stats = memory_stats_as_nested_dict(device)
    thick, thin = "=" * 75, "-" * 75
    rows = [
        thick,
        f" {'':16} PyTorch CUDA memory summary, device ID {index_of(device):<17d} ",
        thin,
        f"  {'':9} CUDA OOMs: {stats['num_ooms']:<12d} | {'':6} cudaMalloc retries: {stats['num_alloc_retries']:<8d}  ",
        thick,
        "        Metric         | Cur Usage  | Peak Usage | Tot Alloc  | Tot Freed  ",
    ]

    def row(title, counter, first, cell):
        cells = " | ".join(cell(counter[column], first[column]) for column in _COLUMNS)
        rows.append(f" {title:<21} | {cells} ")

    for cell, metrics in ((_size_cell, _SIZES), (_count_cell, _COUNTS)):
        for title, name in metrics:
            rows.append(thin)
            first = stats[name]["all"]
            row(title, first, first, cell)
            if not abbreviated:
                row("      from large pool", stats[name]["large_pool"], first, cell)
                row("      from small pool", stats[name]["small_pool"], first, cell)
    for title, name in (("Oversize allocations", "oversize_allocations"), ("Oversize GPU segments", "oversize_segments")):
        rows.append(thin)
        row(title, stats[name], stats[name], _count_cell)
    rows.append(thick)
    return "|" + "|\n|".join(rows) + "|\n"
