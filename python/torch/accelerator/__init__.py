"""torch.accelerator: the one kind of device beside the CPU, where there is one."""

import torch


def is_available():
    return torch.cuda.is_available()


def current_accelerator(check_available=False):
    """torch.device("cuda") where a GPU is, else None."""
    return torch.device("cuda") if torch.cuda.is_available() else None


def device_count():
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _need():
    if not torch.cuda.is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")


def current_device_index():
    _need()
    return torch.cuda.current_device()


current_device_idx = current_device_index


def set_device_index(device, /):
    _need()
    torch.cuda.set_device(device)


set_device_idx = set_device_index


def current_stream(device=None, /):
    _need()
    return torch.cuda.current_stream(device)


def set_stream(stream):
    _need()
    torch.cuda.set_stream(stream)


def synchronize(device=None, /):
    _need()
    torch.cuda.synchronize(device)


def empty_cache():
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def memory_allocated(device_index=None, /):
    return torch.cuda.memory_allocated(device_index) if torch.cuda.is_available() else 0


def memory_reserved(device_index=None, /):
    return torch.cuda.memory_reserved(device_index) if torch.cuda.is_available() else 0


def max_memory_allocated(device_index=None, /):
    return torch.cuda.max_memory_allocated(device_index) if torch.cuda.is_available() else 0


def max_memory_reserved(device_index=None, /):
    return torch.cuda.max_memory_reserved(device_index) if torch.cuda.is_available() else 0


def memory_stats(device_index=None, /):
    return torch.cuda.memory_stats(device_index) if torch.cuda.is_available() else {}


def reset_peak_memory_stats(device_index=None, /):
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats(device_index)


reset_accumulated_memory_stats = reset_peak_memory_stats


class device_index:
    """A context in which another device is current."""

    def __init__(self, device, /):
        self.idx = device

    def __enter__(self):
        if self.idx is not None:
            _need()
            self.prev_idx = torch.cuda.current_device()
            torch.cuda.set_device(self.idx)

    def __exit__(self, *exc):
        if self.idx is not None:
            torch.cuda.set_device(self.prev_idx)
