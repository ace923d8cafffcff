"""torch.distributed.checkpoint: sharded checkpoints of many processes. One process writes a state_dict with torch.save."""

from torch._missing import _refusing

_WHY = "one process has its whole state: use torch.save and torch.load"

for _name in ("save", "load", "async_save", "save_state_dict", "load_state_dict"):
    globals()[_name] = _refusing("torch.distributed.checkpoint", _name, _WHY)
