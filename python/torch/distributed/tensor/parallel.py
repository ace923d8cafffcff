"""Plans of tensor parallelism: the names exist, carrying one out says why it cannot be."""

from torch._missing import _refusing
from torch.distributed._several import WHY, alone


class ParallelStyle:
    pass


ColwiseParallel = alone("ColwiseParallel", ParallelStyle)
RowwiseParallel = alone("RowwiseParallel", ParallelStyle)
SequenceParallel = alone("SequenceParallel", ParallelStyle)
PrepareModuleInput = alone("PrepareModuleInput", ParallelStyle)
PrepareModuleOutput = alone("PrepareModuleOutput", ParallelStyle)
parallelize_module = _refusing("torch.distributed.tensor.parallel", "parallelize_module", WHY)
loss_parallel = _refusing("torch.distributed.tensor.parallel", "loss_parallel", WHY)
