"""The way of a proving verb through Python: the host begins it, has it work in pieces so that it can tell how far it is and stop,
and may ask for the model that came out, to export it. What is done is a generator's business."""

import contextlib

import torch

from layerwise import exporting, probe
from layerwise.proof.bad_data import BadData
from layerwise.proof.pieces import Pieces
from layerwise.proof.refused import Refused


class Job:
    """`run(request, job)` yields (message, fraction) and returns the answer; it calls `job.keep` with what an export shall see."""

    def __init__(self, run):
        self._run = run
        self._pieces = Pieces((Refused, BadData))
        self._kept = None
        self._shown = None

    def keep(self, applied, description):
        """`applied()` is a context manager that gives the model that came out."""
        self._kept = applied, description

    def begin(self, request):
        """Start on a request: src/protocol/compress.ts, its files as {"path", "shown", "function", "root"}."""
        self._kept = None
        self._pieces.start(self._run(request, self))
        return {}

    def advance(self):
        """Work for a moment: {"message", "fraction"}, then once {"result"} or {"failure"}."""
        return self._pieces.advance()

    def show(self):
        """Until `hide` the model that came out stands where the prepared target stood, for an export.

        {"description", "batch": inputs whose first dimension is the same}
        """
        applied, description = self._kept
        self._shown = contextlib.ExitStack()
        exporting.stand_in(self._shown.enter_context(applied()))
        self._shown.callback(exporting.stand_in, None)
        _, arguments = probe.prepared()
        tensors = {name: value for name, value in arguments.items() if isinstance(value, torch.Tensor) and value.dim()}
        sizes = {value.shape[0] for value in tensors.values()}
        return {"description": description, "batch": list(tensors) if len(sizes) == 1 else []}

    def hide(self):
        self._shown.close()
        return {}
