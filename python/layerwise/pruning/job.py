"""The whole of `layerwise prune` for the target that layerwise.probe has prepared, as a job of the host."""

import contextlib
import copy
import re

from layerwise import probe
from layerwise.proof import places
from layerwise.proof.job import Job
from layerwise.proof.proof import open_proof
from layerwise.proof.report import Changed, layer_rows
from layerwise.proof.refused import Refused
from layerwise.proof.training import loss_of, train
from layerwise.proof.variant import Variant
from layerwise.pruning import channels, masks, saving
from layerwise.pruning.rows import channel_rows

_DEFAULT_AMOUNT = 0.5
def _run(request, job):
    pattern = _Pattern(request)
    proof = yield from open_proof(request, "prune")
    way = _remove if pattern.kind == "channels" else _zero
    pruned, rows_of, changed, after_step = yield from way(proof.model, pattern, proof.samples)
    losses = None
    if pattern.steps and changed:
        losses = yield from _fine_tune(pruned, pattern.steps, proof, after_step)
    variant = Variant()
    variant.replace(proof.model, pruned)
    rows = yield from rows_of(variant)
    report = yield from proof.report(pattern.name, pattern.describe(), variant, Variant(), rows=rows)
    report["changed"] = changed
    if losses is not None:
        report["losses"] = losses
    job.keep(lambda: contextlib.nullcontext(pruned), report["description"])
    answer = {"data": proof.samples.plain(), "notes": proof.notes, "reports": [report]}
    if request.get("out"):
        yield "writing", None
        answer["file"] = _write(request["out"]["path"], pruned, variant, proof, report["description"])
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


def _fine_tune(pruned, steps, proof, after_step):
    samples, outputs = proof.samples, proof.outputs
    teaching = [[(name, t.clone()) for name, t in outputs.of(index)] for index in range(len(samples.items))]

    def loss(model, sample, index):
        return loss_of(sample.run(model), sample, teaching[index])

    return (yield from train(pruned, samples, loss, steps, after_step=after_step))


def _write(path, pruned, variant, proof, description):
    saving.write(pruned, path)
    plan, device = probe.planned()
    wanted = proof.outputs.changed(variant, 0)
    checked = saving.check(plan.build(device).eval(), path, proof.samples.items[0], wanted)
    return {"contents": f"{description}; {sum(p.numel() for p in pruned.parameters()):,} parameters", "checks": [checked]}


_job = Job(_run)
begin, advance, show, hide = _job.begin, _job.advance, _job.show, _job.hide
