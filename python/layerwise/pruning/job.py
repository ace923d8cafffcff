"""The whole of `layerwise prune` for the target that layerwise.probe has prepared, piece by piece (see quantizing.job)."""

import contextlib
import copy
import re

import torch

from layerwise import exporting, probe
from layerwise.proof import places
from layerwise.proof.metrics import Judge
from layerwise.proof.pieces import Pieces
from layerwise.proof.report import Changed, Outputs, latencies, layer_rows, model_bytes
from layerwise.proof.request import (
    Refused,
    check_model,
    compare_whole,
    load_weights,
    metric_of,
    own_metric_row,
    samples_of,
)
from layerwise.proof.samples import BadData
from layerwise.proof.training import train
from layerwise.proof.variant import Variant
from layerwise.pruning import channels, masks, saving
from layerwise.pruning.rows import channel_rows
from layerwise.quantizing.qat import loss_of

_DEFAULT_AMOUNT = 0.5
_pieces = Pieces((Refused, BadData))
_last = {}


def begin(request):
    """Start on a request; what it takes is PruneRequest of src/protocol/compress.ts."""
    _last.clear()
    _pieces.start(_run(request))
    return {}


def advance():
    """Work for a moment: {"message", "fraction"}, then once {"result"} or {"failure"}."""
    return _pieces.advance()


def show():
    """Until `hide` the pruned model stands where the prepared target stood, for an export."""
    stack = contextlib.ExitStack()
    exporting.stand_in(_last["pruned"])
    stack.callback(exporting.stand_in, None)
    _last["shown"] = stack
    return {"description": _last["description"]}


def hide():
    _last.pop("shown").close()
    return {}


def _run(request):
    target, _ = probe.prepared()
    if not isinstance(target, torch.nn.Module):
        raise Refused("a function has no weights to prune", "name an nn.Module class of the file")
    model = target.eval()
    pattern = _Pattern(request)
    yield "reading data", None
    load_weights(model, request.get("weights"))
    samples = samples_of(request, model)
    outputs = Outputs(model, samples)
    notes = check_model(model, outputs)
    judge = Judge(samples, places.source_text(), outputs.of(0))
    metric = metric_of(request.get("metric"))
    way = _remove if pattern.kind == "channels" else _zero
    made = yield from way(model, pattern, samples)
    pruned, rows_of, changed, after_step = made
    losses = None
    if pattern.steps and changed:
        losses = yield from _fine_tune(pruned, pattern.steps, samples, outputs, after_step)
    variant = Variant()
    variant.replace(model, pruned)
    rows = yield from rows_of(variant)
    difference, metrics = yield from compare_whole(model, variant, samples, outputs, judge)
    if metric is not None:
        yield f"calling {metric['name']}", None
        metrics.insert(0, own_metric_row(metric, model, variant, samples))
    times = yield from latencies(model, variant, samples.items[0], (request.get("maxTimeMs") or 1500) / 1000)
    before, after = model_bytes(model, variant)
    description = pattern.describe()
    _last.update(pruned=pruned, description=description)
    report = {
        "name": pattern.name,
        "description": description,
        "beforeBytes": before,
        "afterBytes": after,
        "times": times,
        "output": difference.plain(),
        "metrics": metrics,
        "layers": rows,
        "changed": changed,
        **({} if losses is None else {"losses": losses}),
    }
    answer = {"data": samples.plain(), "notes": notes, "reports": [report]}
    if request.get("out"):
        yield "writing", None
        answer["file"] = _write(request["out"]["path"], pruned, variant, samples, outputs, description)
    return answer


class _Pattern:
    """What is asked for, checked."""

    def __init__(self, request):
        self.name = request.get("pattern") or "unstructured"
        self.over_all = bool(request.get("global"))
        self.keep = request.get("keep") or []
        self.steps = request.get("steps") or 0
        self.kept = self.of = None
        found = re.fullmatch(r"(\d+):(\d+)", self.name)
        self.kind = "n:m" if found else self.name
        amount = request.get("amount")
        if found:
            self.kept, self.of = int(found[1]), int(found[2])
            if not 0 < self.kept < self.of <= 64:
                raise Refused(f"--pattern {self.name}: expected n:m with 0 < n < m <= 64, such as 2:4")
            if amount is not None:
                raise Refused(f"--pattern {self.name} says by itself how many weights go: leave --amount out")
        elif self.kind not in ("unstructured", "channels"):
            raise Refused(f"there is no pattern '{self.name}'", "the patterns are unstructured, channels and n:m such as 2:4")
        self.amount = _DEFAULT_AMOUNT if amount is None else amount
        if not 0 < self.amount < 1:
            raise Refused(f"--amount {self.amount:g}: expected a share between 0 and 1")

    def describe(self):
        where = "of all layers together" if self.over_all else "of each layer"
        tuned = f", then {self.steps} training steps" if self.steps else ""
        if self.kind == "n:m":
            return f"{self.kept} of every {self.of} weights along the input kept{tuned}"
        if self.kind == "channels":
            what = "all groups together" if self.over_all else "each group"
            return f"{self.amount:.0%} of the channels of {what} removed, least magnitude first{tuned}"
        return f"{self.amount:.0%} of the weights {where} zero, least magnitude first{tuned}"


def _require_layers(model, keep, layers):
    if layers:
        return
    why = "every layer is kept by request" if keep else "it has no linear layer, convolution or embedding"
    raise Refused(f"{type(model).__name__} has nothing to prune: {why}")


def _zero(model, pattern, samples):
    """(pruned model, rows of a variant, layers changed, what puts the zeros back)"""
    yield "choosing weights", None
    layers, why = masks.prunable(model, pattern.keep)
    _require_layers(model, pattern.keep, layers)
    if pattern.kind == "n:m":
        found, refused = masks.n_of_m(layers, pattern.kept, pattern.of)
        why.update(refused)
    else:
        found = masks.by_magnitude(layers, pattern.amount, pattern.over_all)
    pruned = copy.deepcopy(model)
    chosen = {pruned.get_submodule(path).weight: found[module.weight] for path, module in layers if module.weight in found}
    masks.apply(chosen)

    def rows(variant):
        changed = []
        for path, module in [*layers, *((path, model.get_submodule(path)) for path in why if path not in dict(layers))]:
            twin = pruned.get_submodule(path)
            is_zeroed = twin.weight in chosen
            became = f"{float((twin.weight == 0).float().mean()):.0%} zeros" if is_zeroed else "unchanged"
            replacement = twin if is_zeroed else None
            changed.append(Changed(path, module, replacement, became, why.get(path), (), places.source_of(model, path)))
        made = yield from layer_rows(model, Variant(), variant, changed, samples)
        for row, part in zip(made, changed):
            if part.replacement is not None:
                row["zeros"] = float((part.replacement.weight == 0).float().mean())
        return made

    return pruned, rows, len(chosen), lambda: masks.apply(chosen)


def _remove(model, pattern, samples):
    """The same with channels that go for good."""
    yield "following channels", None
    sample = samples.items[0]
    removal = channels.find(model, sample)
    choose = lambda: channels.choose(removal, pattern.amount, pattern.keep, pattern.over_all)
    yield from channels.settle(removal, sample, choose)
    why = channels.reasons(removal)
    if not removal.gone:
        known = [f"{path}: {reason}" for path, reason in why.items()] or removal.refused
        shown = "; ".join(known[:4]) or "it has no layers that make channels"
        raise Refused(f"no channel of {type(model).__name__} can be removed: {shown}")
    with removal.variant().applied(model) as root:
        pruned = copy.deepcopy(root)

    def rows(variant):
        return (yield from channel_rows(model, pruned, removal, why, samples))

    narrowed = sum(
        any(len(removal.kept(t, dim)) < t.shape[dim] for dim in dims) for t, dims in removal.places.items() if t.dim() > 1
    )
    return pruned, rows, narrowed, None


def _fine_tune(pruned, steps, samples, outputs, after_step):
    teaching = [[(name, t.clone()) for name, t in outputs.of(index)] for index in range(len(samples.items))]
    losses = yield from train(
        pruned, samples, lambda model, sample, index: loss_of(sample.run(model), sample, teaching[index]), steps,
        after_step=after_step,
    )
    return losses


def _write(path, pruned, variant, samples, outputs, description):
    saving.write(pruned, path)
    plan, device = probe.planned()
    checked = saving.check(plan.build(device).eval(), path, samples.items[0], outputs.changed(variant, 0))
    return {"contents": f"{description}; {sum(p.numel() for p in pruned.parameters()):,} parameters", "checks": [checked]}
