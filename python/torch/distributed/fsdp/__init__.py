"""Fully sharded data parallel training: there is nothing to shard over."""

from torch._missing import _refusing
from torch.distributed._several import WHY, alone

FullyShardedDataParallel = alone("FullyShardedDataParallel")
FSDPModule = alone("FSDPModule")
for _name in """
    BackwardPrefetch CPUOffload CPUOffloadPolicy FullOptimStateDictConfig FullStateDictConfig LocalStateDictConfig MixedPrecision
    MixedPrecisionPolicy OffloadPolicy ShardingStrategy StateDictType
""".split():
    globals()[_name] = alone(_name)
fully_shard = _refusing("torch.distributed.fsdp", "fully_shard", WHY)
