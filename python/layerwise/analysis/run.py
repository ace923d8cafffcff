"""One run of a target on shapes alone, watched: what it showed, what it cost, and how it failed if it did."""

import json

import torch
from torch import _scopes
from torch._C import _raise, _return_dead

from layerwise.analysis import costs
from layerwise.analysis.calls import CallWatch, Construction
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
        self.late_line = None
        self.is_built = False
        # Did the same arguments go through with an earlier text of the same class?
        self.worked_before = False
        self.arguments = None
        self.target = None
        self.result = None
        self.construction = None
        self.calls = {}
        self.parents = []
        self.ops = []
        self.backward_ops = []
        self.roots = []
        self.tape = None
        self.base_bytes = self.peak_bytes = 0

    @property
    def is_done(self):
        return self.error is None and not self.is_late

    def forget(self):
        """Let go of tensors and modules; what was learned about them stays."""
        self.target = self.result = self.error = self.construction = self.arguments = None
        self.calls = {}
        self.roots = []


def run(plan, codes, origins=False, arguments=None, costs=True):
    """Builds and calls a target. `origins` remembers where each tensor came from, at some cost."""
    outcome = Run(plan)
    device = shapes_device()
    with outcome.recorder:
        try:
            # Tensors that Python has dropped are returned in batches: those of earlier runs now.
            _return_dead()
            outcome.base_bytes = _core.memory_allocated()
            outcome.construction = Construction(codes)
            with outcome.construction:
                torch.manual_seed(0)
                outcome.target = plan.build(device)
                if arguments is None:
                    arguments = plan.arguments(device)
            outcome.arguments = arguments
            outcome.is_built = True
            watched = CallWatch(codes, outcome.recorder)
            outcome.calls, outcome.parents = watched.calls, watched.parents
            _core.analysis_begin(origins)
            # Scopes are ours: those of traces have numbers of their own.
            _scopes.on = False
            _core.memory_reset_peaks()
            try:
                with watched, torch.enable_grad():
                    outcome.result = call_target(outcome.target, arguments)
            finally:
                _core.analysis_end()
                outcome.peak_bytes = max(0, _core.memory_peak() - outcome.base_bytes)
                if costs:
                    outcome.ops = json.loads(_core.analysis_ops())
        except OutOfTime as late:
            outcome.is_late = True
            outcome.late_line = _innermost_line(late, codes)
        except Exception as error:
            outcome.error = error
    return outcome


def backward(outcome):
    """The backward pass of all that the target returned; its error, or None. Afterwards the tape is gone."""
    costs.tape(outcome)
    if not outcome.roots:
        return None
    if not _core.analysis_run_backward(json.dumps(outcome.roots)):
        try:
            _raise()
        except Exception as error:
            return error
    outcome.peak_bytes = max(outcome.peak_bytes, _core.memory_peak() - outcome.base_bytes)
    outcome.backward_ops = json.loads(_core.analysis_backward_ops())
    return None


def _innermost_line(error, codes):
    line = None
    entry = error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code in codes:
            line = entry.tb_lineno
        entry = entry.tb_next
    return line
