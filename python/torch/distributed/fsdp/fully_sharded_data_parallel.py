"""Where libraries import FullyShardedDataParallel from."""

from torch.distributed.fsdp import *
from torch.distributed.fsdp import FullyShardedDataParallel
