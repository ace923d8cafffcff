"""Meshes of devices: there is one device."""

from torch._missing import _refusing
from torch.distributed._several import WHY
from torch.distributed.tensor import DeviceMesh

init_device_mesh = _refusing("torch.distributed", "init_device_mesh", WHY)
