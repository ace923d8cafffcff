"""torch.special: functions of one or two variables under their own names."""

from torch._gen.special import *

from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.special", _known.SPECIAL)
