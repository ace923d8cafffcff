"""torch.cuda on a machine without CUDA: every question has its honest answer."""

import _core


def is_available():
    return False


def device_count():
    return 0


def is_initialized():
    return False


def is_bf16_supported(including_emulation=True):
    return False


def _missing(*args, **kwargs):
    raise RuntimeError(
        "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver; "
        "`layerwise devices` says what was looked for"
    )


current_device = get_device_name = get_device_properties = get_device_capability = set_device = mem_get_info = init = _missing


def synchronize(device=None):
    pass


def empty_cache():
    pass


def manual_seed(seed):
    pass


manual_seed_all = seed = seed_all = manual_seed


def memory_allocated(device=None):
    return 0


memory_reserved = max_memory_allocated = max_memory_reserved = memory_allocated


def reset_peak_memory_stats(device=None):
    pass


def is_current_stream_capturing():
    return False
