"""torch.special: functions of one or two variables under their own names."""

from torch._gen.special import *
