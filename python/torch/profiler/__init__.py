"""torch.profiler: ranges can be named; measuring is done from outside, by `layerwise profile`, which needs no change of the script."""

import contextlib
import enum

from torch._missing import _refusing

_WHY = "run `layerwise profile FILE.py`, or Profile in the editor: it measures without a change of the script"

profile = _refusing("torch.profiler", "profile", _WHY)
tensorboard_trace_handler = _refusing("torch.profiler", "tensorboard_trace_handler", _WHY)


class record_function(contextlib.ContextDecorator):
    """A named range; nobody listens."""

    def __init__(self, name, args=None):
        self.name = name
        self.args = args

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False


class ProfilerActivity(enum.Enum):
    CPU = 0
    CUDA = 2
    XPU = 1


class ProfilerAction(enum.Enum):
    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0):
    """Which step does what, as a function of its number."""
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError("Invalid profiler schedule arguments")

    def action(step):
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        n = wait + warmup + active
        if repeat > 0 and step / n >= repeat:
            return ProfilerAction.NONE
        at = step % n
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < n - 1 else ProfilerAction.RECORD_AND_SAVE

    return action
