"""One proof from a request's data to its report. Asks layerwise.probe for the target that was prepared; how a variant came about is
none of its business."""

import torch

from layerwise import probe
from layerwise.proof import places
from layerwise.proof.metrics import Judge
from layerwise.proof.refused import Refused
from layerwise.proof.report import Outputs, latencies, layer_rows, model_bytes
from layerwise.proof.request import (
    check_model,
    compare_whole,
    metric_of,
    own_metric_row,
    samples_of,
)

_MEASURING_MS = 1500


class Proof:
    """A model with the data on which everything that is made of it is judged."""

    def __init__(self, model, samples, metric, seconds):
        self.model = model
        self.samples = samples
        self.outputs = Outputs(model, samples)
        self.notes = check_model(model, self.outputs)
        self._judge = Judge(samples, places.source_text(), self.outputs.of(0))
        self.notes += self._judge.doubts()
        self._metric = metric
        self._seconds = seconds

    def report(self, name, description, variant, base, layers=(), rows=None):
        """CompressionReport of a variant, without words: `times` in microseconds instead of `latency`, and no verdict.

        `layers` are report.Changed, `base` the variant in which they stand before they are changed; `rows` are theirs where they
        are known already.
        """
        if rows is None:
            rows = yield from layer_rows(self.model, base, variant, layers, self.samples)
        difference, metrics = yield from compare_whole(self.model, variant, self.samples, self.outputs, self._judge)
        if self._metric is not None:
            yield f"calling {self._metric['name']}", None
            metrics.insert(0, own_metric_row(self._metric, self.model, variant, self.samples))
        times = yield from latencies(self.model, variant, self.samples.items[0], self._seconds)
        before, after = model_bytes(self.model, variant)
        return {
            "name": name,
            "description": description,
            "beforeBytes": before,
            "afterBytes": after,
            "times": times,
            "output": difference.plain(),
            "metrics": metrics,
            "layers": rows,
        }


def open_proof(request, verb):
    """The Proof of a ProofRequest for the prepared target; `verb` says in a refusal what was wanted of it."""
    target, _ = probe.prepared()
    if not isinstance(target, torch.nn.Module):
        raise Refused(f"a function has no layers to {verb}", "name an nn.Module class of the file")
    model = target.eval()
    yield "reading data", None
    samples = samples_of(request, model)
    seconds = (request.get("maxTimeMs") or _MEASURING_MS) / 1000
    return Proof(model, samples, metric_of(request.get("metric")), seconds)
