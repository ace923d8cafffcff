"""torch.cuda: what there is of GPUs, which one is current, their memory, streams and events. Without a driver every
question has its honest answer and everything that would compute says what is missing."""

import json as _json

import _core
from torch._device import device as _torch_device

from torch.cuda._guards import current_device, device, device_of, index_of as _index_of, set_device
from torch.cuda.memory import (
    empty_cache, get_allocator_backend, get_per_process_memory_fraction, ipc_collect, max_memory_allocated, max_memory_cached,
    max_memory_reserved, mem_get_info, memory_allocated, memory_cached, memory_reserved, memory_snapshot, memory_stats,
    memory_stats_as_nested_dict, memory_summary, reset_accumulated_memory_stats, reset_max_memory_allocated,
    reset_max_memory_cached, reset_peak_memory_stats, set_per_process_memory_fraction,
)
from torch.cuda.nvml import (
    clock_rate, device_memory_used, list_gpu_processes, memory_usage, power_draw, temperature, utilization,
)
from torch.cuda.random import (
    default_generators, get_rng_state, get_rng_state_all, initial_seed, manual_seed, manual_seed_all, seed, seed_all, set_rng_state,
    set_rng_state_all,
)
from torch.cuda.streams import Event, Stream, StreamContext, current_stream, default_stream, set_stream, stream
from torch.cuda._rest import (
    CudaError, DeferredCudaCallError, MemPool, check_error, cudaStatus, cudart, get_gencode_flags, get_sync_debug_mode,
    set_sync_debug_mode, tensor_types as _tensor_types, refused as _refused, use_mem_pool,
)
from torch.cuda.graphs import CUDAGraph, graph, graph_pool_handle, is_current_stream_capturing, make_graphed_callables
from torch._C import OutOfMemoryError
from torch._missing import missing_from


def is_available():
    return bool(_core.cuda_available())


def device_count():
    return _core.cuda_count()


def is_initialized():
    return bool(_core.cuda_in_use())


def init():
    if not is_available():
        raise RuntimeError(why_not_available())


def why_not_available():
    return (
        f"Found no usable NVIDIA GPU on your system: {_core.cuda_reason()}. Please check that you have an NVIDIA GPU and "
        "installed a driver; `layerwise devices` says what was looked for"
    )


class _CudaDeviceProperties:
    """What get_device_properties returns."""

    def __init__(self, facts):
        self.name = facts["name"]
        self.major = facts["major"]
        self.minor = facts["minor"]
        self.total_memory = facts["totalBytes"]
        self.multi_processor_count = facts["multiprocessors"]
        self.is_integrated = int(facts["isIntegrated"])
        self.is_multi_gpu_board = 0
        self.max_threads_per_multi_processor = facts["maxThreadsPerMultiprocessor"]
        self.max_threads_per_block = 1024
        self.regs_per_multiprocessor = facts["registersPerMultiprocessor"]
        self.shared_memory_per_block = facts["sharedBytesPerBlock"]
        self.shared_memory_per_block_optin = facts["sharedBytesPerBlockOptIn"]
        self.shared_memory_per_multiprocessor = facts["sharedBytesPerMultiprocessor"]
        self.warp_size = 32
        self.clock_rate = facts["clockKilohertz"]
        self.L2_cache_size = facts["l2Bytes"]
        self.uuid = facts["uuid"][4:]
        self.gcnArchName = f"sm_{self.major}{self.minor}"

    def __repr__(self):
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory // 2**20}MB, multi_processor_count={self.multi_processor_count}, "
            f"uuid={self.uuid}, L2_cache_size={self.L2_cache_size // 2**20}MB)"
        )


def get_device_properties(device=None):
    index = _index_of(device)
    facts = _json.loads(_core.cuda_properties(index))
    if facts is None:
        if not is_available():
            raise RuntimeError(why_not_available())
        raise AssertionError("Invalid device id")
    return _CudaDeviceProperties(facts)


def get_device_name(device=None):
    return get_device_properties(device).name


def get_device_capability(device=None):
    properties = get_device_properties(device)
    return properties.major, properties.minor


def is_bf16_supported(including_emulation=True):
    return is_available() and (including_emulation or get_device_capability()[0] >= 8)


def is_tf32_supported():
    return is_available() and get_device_capability()[0] >= 8


def can_device_access_peer(device, peer_device):
    return False


def get_arch_list():
    return [f"sm_{arch}" for arch in (75, 80, 86, 89, 90, 100, 120)] if is_available() else []


def synchronize(device=None):
    if is_available():
        from torch._C import _raise

        if _core.cuda_synchronize(_index_of(device)) < 0:
            _raise()


globals().update(_tensor_types)
globals().update(_refused)
__getattr__ = missing_from(
    "torch.cuda",
    "host_memory_stats host_memory_stats_as_nested_dict reset_accumulated_host_memory_stats reset_peak_host_memory_stats",
)

has_half = True
has_magma = False
AcceleratorError = RuntimeError

from torch.cuda import amp, graphs, memory, nvtx, profiler, random, streams
