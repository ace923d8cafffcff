"""torch.special: functions of one or two variables under their own names."""

from torch._gen.special import *

from torch import _known

__getattr__ = _known.missing_from("torch.special", _known.SPECIAL)
