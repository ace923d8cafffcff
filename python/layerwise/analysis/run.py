"""One run of a target on shapes alone, watched: what it showed, what it cost, and how it failed if it did."""

import json

import torch

from layerwise.analysis.calls import CallWatch, Construction, tensors_of
from layerwise.analysis.recorder import OutOfTime, Recorder
from layerwise.plan import call as call_target
from layerwise.specs import shapes_device

try:
    import _core
except ImportError:
    _core = None


class Run:
    """The outcome of a run. `error` is the exception that ended it, `is_late` that it was out of time."""

    def __init__(self, plan):
        self.plan = plan
        self.recorder = Recorder()
        self.error = None
        self.is_late = False
        self.is_built = False
        self.target = None
        self.result = None
        self.construction = None
        self.calls = {}
        self.parents = []
        self.ops = []
        self.peak_bytes = 0
        self.parameter_bytes = 0

    @property
    def is_done(self):
        return self.error is None and not self.is_late

    def forget(self):
        """Let go of tensors and modules; what was learned about them stays."""
        self.target = self.result = self.error = None


def run(plan, codes, origins=False, arguments=None, costs=True):
    """Builds and calls a target. `origins` remembers where each tensor came from, at some cost."""
    outcome = Run(plan)
    device = shapes_device()
    with outcome.recorder:
        try:
            outcome.construction = Construction(codes)
            with outcome.construction:
                torch.manual_seed(0)
                outcome.target = plan.build(device)
                if arguments is None:
                    arguments = plan.arguments(device)
            outcome.is_built = True
            watched = CallWatch(codes, outcome.recorder)
            outcome.calls, outcome.parents = watched.calls, watched.parents
            _core.analysis_begin(origins)
            _core.memory_reset_peaks()
            before = _core.memory_allocated()
            try:
                with watched, torch.enable_grad():
                    outcome.result = call_target(outcome.target, arguments)
            finally:
                _core.analysis_end()
            outcome.peak_bytes = _core.memory_peak()
            if costs:
                outcome.ops = json.loads(_core.analysis_ops())
        except OutOfTime:
            outcome.is_late = True
        except Exception as error:
            outcome.error = error
    return outcome


def roots_of(outcome):
    """The tensors of a result that have a gradient."""
    return [tensor for tensor in tensors_of(outcome.result, []) if tensor.requires_grad]
