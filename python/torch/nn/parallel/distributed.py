"""DistributedDataParallel needs a process group, which this runtime does not have; the name exists for isinstance."""

from ..modules.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    def __init__(self, module, device_ids=None, output_device=None, dim=0, **kwargs):
        super().__init__()
        raise RuntimeError(
            "Default process group has not been initialized, please make sure to call init_process_group."
        )
