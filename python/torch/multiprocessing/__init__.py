"""torch.multiprocessing: user code has one process. What would start another says so; settings are accepted."""

from torch._missing import _refusing

_WHY = "user code runs in one process here and cannot start others; DataLoader(num_workers=...) loads in this one"

for _name in ("Process", "Pool", "Queue", "SimpleQueue", "spawn", "start_processes", "Manager", "Pipe"):
    globals()[_name] = _refusing("torch.multiprocessing", _name, _WHY)
_strategy = "file_descriptor"
_method = "fork"


def cpu_count():
    import torch

    return torch.get_num_threads()


def get_all_sharing_strategies():
    return {"file_descriptor", "file_system"}


def get_sharing_strategy():
    return _strategy


def set_sharing_strategy(new_strategy):
    global _strategy
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(f"invalid sharing strategy {new_strategy}")
    _strategy = new_strategy


def get_start_method(allow_none=False):
    return _method


def set_start_method(method, force=False):
    global _method
    _method = method


def get_context(method=None):
    import sys

    return sys.modules[__name__]
