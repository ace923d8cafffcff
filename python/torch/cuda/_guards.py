"""Which GPU is current: set_device, and the context managers that change it for a while."""

import _core
from torch import _device

_torch_device = _device.device


def index_of(value=None):
    """The number of a GPU; the current one's for None and for "cuda"."""
    if value is None:
        return _device.current_cuda
    if isinstance(value, int):
        return value if value >= 0 else _device.current_cuda
    value = _torch_device(value)
    if value.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {value}")
    return _device.current_cuda if value.index is None else value.index


def current_device():
    _need_gpu()
    return _device.current_cuda


def set_device(device):
    index = index_of(device)
    _need_gpu()
    if index >= _core.cuda_count():
        raise RuntimeError("CUDA error: invalid device ordinal")
    _device.current_cuda = index


def _need_gpu():
    if not _core.cuda_available():
        from torch.cuda import why_not_available

        raise RuntimeError(why_not_available())


class device:
    """with torch.cuda.device(1): the current GPU is another one."""

    def __init__(self, device):
        self.idx = -1 if device is None else index_of(device)
        self.prev_idx = -1

    def __enter__(self):
        self.prev_idx = _device.current_cuda
        if self.idx >= 0:
            set_device(self.idx)

    def __exit__(self, *exc):
        _device.current_cuda = self.prev_idx
        return False


class device_of(device):
    """The same for the GPU of a tensor; nothing changes for one that is elsewhere."""

    def __init__(self, obj):
        super().__init__(obj.get_device() if obj.is_cuda else None)
