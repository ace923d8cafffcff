"""DataParallel and DistributedDataParallel for one process and one device: wrappers that call their module."""

from .data_parallel import DataParallel, data_parallel
from .distributed import DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]
