"""The less used part of torch.cuda: pools of memory, the debug mode of waits, older tensor types, and what is refused with the
reason why."""

import contextlib
import types
import warnings

import _core
from torch import _device, _legacy
from torch._C import _raise
from torch._missing import _refusing
from torch.cuda._guards import _need_gpu, index_of

_modes = ("default", "warn", "error")
_mode = 0


def _done(result):
    if result < 0:
        _raise()
    return result


def set_sync_debug_mode(debug_mode):
    """What happens when the host waits for a value: nothing, a warning, an error."""
    global _mode
    if isinstance(debug_mode, str):
        if debug_mode not in _modes:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`")
        debug_mode = _modes.index(debug_mode)
    _need_gpu()
    for index in range(_core.cuda_count()):
        _done(_core.cuda_set_sync_debug(index, debug_mode))
    _mode = debug_mode


def get_sync_debug_mode():
    return _mode


def _warn_of_waiting():
    warnings.warn("called a synchronizing CUDA operation", stacklevel=4)


# Memory


class MemPool:
    """A pool of memory of its own, for `use_mem_pool`. What it holds goes back when it and its tensors are gone."""

    def __init__(self, allocator=None, use_on_oom=False, no_split=False):
        if allocator is not None:
            raise NotImplementedError(f"torch.cuda.MemPool with an allocator is not supported: {_NO_POINTERS}")
        self.device = index_of()
        self.id = (0, int(_done(_core.cuda_new_graph_pool(self.device))))
        _done(_core.cuda_hold_pool(self.device, self.id[1], True))
        self.allocator = None

    def use_count(self):
        return 1

    def snapshot(self, include_traces=False):
        from torch.cuda.memory import memory_snapshot

        return memory_snapshot(self.id)

    def __del__(self):
        if hasattr(self, "id"):
            _core.cuda_hold_pool(self.device, self.id[1], False)


@contextlib.contextmanager
def use_mem_pool(pool, device=None):
    """Tensors that are made inside lie in `pool`."""
    index = index_of(device)
    _done(_core.cuda_choose_pool(index, pool.id[1]))
    try:
        yield
    finally:
        _done(_core.cuda_choose_pool(index, 0))


# Names of other times


class _CudaTypeMeta(type):
    def __instancecheck__(cls, value):
        return isinstance(value, cls.on_host) and value.is_cuda


def _on_gpu(name, on_host):
    def new(cls, *args, device=None):
        return on_host(*args).cuda(device)

    members = {"__new__": new, "on_host": on_host, "dtype": on_host.dtype, "is_cuda": True, "__module__": "torch.cuda"}
    return _CudaTypeMeta(name, (), members)


tensor_types = {name: _on_gpu(name, on_host) for name, on_host in _legacy.types.items()}


class CudaError(RuntimeError):
    def __init__(self, code):
        super().__init__(f"CUDA error {code}")


class DeferredCudaCallError(Exception):
    pass


class cudaStatus:
    SUCCESS = 0
    ERROR_NOT_READY = 34


def check_error(res):
    if res != cudaStatus.SUCCESS:
        raise CudaError(res)


def get_gencode_flags():
    from torch.cuda import get_arch_list

    numbers = (arch.removeprefix("sm_") for arch in get_arch_list())
    return " ".join(f"-gencode compute=compute_{n},code=sm_{n}" for n in numbers)


def cudart():
    """Of the runtime library the calls that programs make around profilers: nobody listens here, see torch.cuda.nvtx."""
    _need_gpu()
    return types.SimpleNamespace(cudaProfilerStart=lambda: 0, cudaProfilerStop=lambda: 0)


# Refused for good

_NO_POINTERS = "code of other libraries cannot be called from here, nor be handed pointers"
_REASONS = {
    "CUDAPluggableAllocator": _NO_POINTERS,
    "ExternalStream": _NO_POINTERS,
    "caching_allocator_alloc": _NO_POINTERS,
    "caching_allocator_delete": _NO_POINTERS,
    "change_current_allocator": _NO_POINTERS,
    "current_blas_handle": _NO_POINTERS,
    "current_solver_handle": _NO_POINTERS,
    "get_stream_from_external": _NO_POINTERS,
    "GreenContext": "streams cannot be given a part of the GPU's multiprocessors",
    "_sleep": "there is no kernel that only waits",
    "caching_allocator_enable": "the allocator keeps the books of all memory and cannot be left out",
    "caching_allocator_disabled": "the allocator keeps the books of all memory and cannot be left out",
    "jiterator": "kernels in C++ text are not compiled; write the expression with ops, which are fused",
    "tunable": "there is one library and one kernel of ours behind a product: nothing to tune",
    "comm": "a run uses one GPU at a time",
    "nccl": "a run uses one GPU at a time",
}
refused = {name: _refusing("torch.cuda", name, why) for name, why in _REASONS.items()}
