"""torch.distributed.tensor: tensors over a mesh of devices. None is ever made here; the names exist for isinstance."""

from torch._missing import _refusing
from torch.distributed._several import WHY, alone
from torch.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard

DTensor = alone("DTensor")
DeviceMesh = alone("DeviceMesh")
for _name in ("distribute_tensor", "distribute_module", "init_device_mesh", "zeros", "ones", "empty", "full", "rand", "randn"):
    globals()[_name] = _refusing("torch.distributed.tensor", _name, WHY)
