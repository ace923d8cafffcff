"""The whole of `layerwise quantize` for the target that layerwise.probe has prepared: data, schemes, proof. The host asks for it
piece by piece (`begin`, `advance`), so that it can tell how far it is, and stop. Times are told as they were measured."""

import contextlib
import fnmatch
import math

import torch

from layerwise import exporting, probe, runner
from layerwise.checkpoints import load_state_dict
from layerwise.proof import places
from layerwise.proof.difference import Difference
from layerwise.proof.metrics import Judge, better_of, own_metric
from layerwise.proof.pieces import Pieces
from layerwise.proof.report import (
    Changed,
    Outputs,
    compare_outputs,
    latencies,
    layer_rows,
    model_bytes,
    sensitivities,
)
from layerwise.proof.samples import BadData, file_samples, function_samples, random_samples
from layerwise.proof.variant import Variant
from layerwise.quantizing import saving
from layerwise.quantizing.build import build, prepare
from layerwise.quantizing.convert import Converter
from layerwise.quantizing.qat import train
from layerwise.quantizing.schemes import Refused, options_of

_pieces = Pieces((Refused, BadData))
# What was built last, for a file of it.
_last = {}


def begin(request):
    """Start on a request; what it takes is src/protocol/compress.ts, files as {"path", "shown", "function"}."""
    _last.clear()
    _pieces.start(_run(request))
    return {}


def advance():
    """Work for a moment: {"message", "fraction"}, then once {"result"} or {"failure"}."""
    return _pieces.advance()


def show():
    """Until `hide` the quantized model stands where the prepared target stood, for an export: {"layers", "description"}."""
    built, prepared = _last["built"], _last["prepared"]
    stack = contextlib.ExitStack()
    exporting.stand_in(stack.enter_context(built.variant.applied(prepared.model)))
    stack.callback(exporting.stand_in, None)
    _last["shown"] = stack
    return {"description": built.describe()}


def hide():
    _last.pop("shown").close()
    return {}


def _run(request):
    options = options_of(request)
    target, _ = probe.prepared()
    if not isinstance(target, torch.nn.Module):
        raise Refused("a function has no layers to quantize", "name an nn.Module class of the file")
    model = target.eval()
    yield "reading data", None
    _load_weights(model, request.get("weights"))
    samples = _samples(request, model)
    outputs = Outputs(model, samples)
    notes = _check(model, outputs)
    judge = Judge(samples, places.source_text(), outputs.of(0))
    metric = _metric(request.get("metric"))
    prepared = {}
    reports = []
    for position, one in enumerate(options):
        label = f"{one.scheme}: " if len(options) > 1 else ""
        if one.is_integer not in prepared:
            prepared[one.is_integer] = prepare(model, samples.items[0], with_folding=one.is_integer)
            _check_keep(prepared[one.is_integer], one)
        reporting = _report(request, prepared[one.is_integer], one, samples, outputs, judge, metric)
        report = yield from _told(reporting, label, position, len(options))
        reports.append(report)
    answer = {"data": samples.plain(), "notes": notes, "reports": reports}
    file = request.get("out")
    if file:
        yield "writing", None
        answer["file"] = _write(file, _last["prepared"], _last["built"], samples, outputs)
    return answer


def _write(file, prepared, built, samples, outputs):
    """Writes a file and reads it again into a model that is built anew."""
    saving.write(prepared, built, file["path"])
    plan, device = probe.planned()
    wanted = outputs.changed(built.variant, 0)
    checked = saving.check(plan.build(device).eval(), file["path"], samples.items[0], wanted)
    count = sum(part.module in built.variant.modules for part in prepared.layers)
    noun = "layer" if count == 1 else "layers"
    return {"contents": f"{built.describe()}; {count} {noun}", "checks": [checked]}


def _told(generator, label, position, count):
    """The same steps, as parts of a longer way."""
    while True:
        try:
            message, fraction = next(generator)
        except StopIteration as end:
            return end.value
        yield label + message, fraction if count == 1 else (position + (fraction or 0)) / count


def _report(request, prepared, options, samples, outputs, judge, metric):
    model = prepared.model
    if options.scheme == "qat":
        built = yield from train(prepared, options, samples, outputs)
    else:
        built = yield from build(prepared, options, samples)
    rows_sensitivity = {}
    kept_for_budget = None
    budget = request.get("budgetDb")
    if request.get("sensitivity") or budget is not None:
        rows_sensitivity = yield from _sensitivity(prepared, built, outputs)
    if budget is not None:
        kept_for_budget = yield from _hold_budget(prepared, built, outputs, rows_sensitivity, budget)
    variant = built.variant
    changed = [_changed(part, built, model) for part in prepared.layers]
    rows = yield from layer_rows(model, prepared.base, variant, changed, samples)
    for part, row in zip(prepared.layers, rows):
        if part in rows_sensitivity:
            row["sensitivity"] = rows_sensitivity[part].plain()
    difference, metrics = yield from _whole(model, variant, samples, outputs, judge)
    if metric is not None:
        yield f"calling {metric['name']}", None
        metrics.insert(0, _own(metric, model, variant, samples))
    times = yield from latencies(model, variant, samples.items[0], (request.get("maxTimeMs") or 1500) / 1000)
    before, after = model_bytes(model, variant)
    _last.update(model=model, samples=samples, built=built, prepared=prepared)
    answer = {
        "name": options.scheme,
        "description": built.describe(),
        "beforeBytes": before,
        "afterBytes": after,
        "times": times,
        "output": difference.plain(),
        "metrics": metrics,
        "layers": rows,
        "changed": sum(
            part.module in variant.modules and part not in (kept_for_budget or ()) for part in prepared.layers
        ),
    }
    if built.losses is not None:
        answer["losses"] = built.losses
    if kept_for_budget is not None:
        answer["keptForBudget"] = [part.path for part in kept_for_budget]
    return answer


def _changed(part, built, model):
    replacement = built.variant.modules.get(part.module)
    if replacement is None:
        dtype = next((tensor.dtype for tensor in part.module.parameters(recurse=False)), torch.float32)
        became = str(dtype).removeprefix("torch.")
    else:
        became = replacement.became()
    source = places.source_of(model, part.path)
    return Changed(part.path, part.module, replacement, became, built.why.get(part), part.originals, source)


def _whole(model, variant, samples, outputs, judge):
    """(Difference of all outputs, metrics)"""
    found = Difference()
    before_sums, after_sums = judge.start(), judge.start()
    for index, sample in enumerate(samples.items):
        before, after = outputs.of(index), outputs.changed(variant, index)
        for (_, one), (_, other) in zip(before, after):
            found.add(one, other)
        judge.add(before_sums, sample, before, before)
        judge.add(after_sums, sample, before, after)
        yield "comparing outputs", (index + 1) / len(samples.items)
    return found, judge.plain(before_sums, after_sums)


def _sensitivity(prepared, built, outputs):
    """{Layer: Difference of the outputs when it alone is changed}"""
    variants = {}
    for part in prepared.layers:
        replacement = built.variant.modules.get(part.module)
        if replacement is not None and part not in built.why:
            variants[part] = Variant(prepared.base)
            variants[part].replace(part.module, replacement)
    return (yield from sensitivities(outputs, variants))


def _hold_budget(prepared, built, outputs, found, budget):
    """Keeps layers, most sensitive first, until the outputs hold the budget; the ones that were kept, in that order."""
    ranking = sorted(found, key=lambda part: found[part].sqnr_db)
    converter = Converter(built.options, prepared.shared)

    def with_kept(count):
        variant = Variant(prepared.base)
        variant.modules.update(built.variant.modules)
        variant.values.update(built.variant.values)
        for part in ranking[:count]:
            kept = converter.kept(part)
            if kept is None:
                del variant.modules[part.module]
            else:
                variant.modules[part.module] = kept
        return variant

    def holds(count):
        difference = yield from compare_outputs(outputs, with_kept(count))
        return difference.sqnr_db >= budget and not difference.broken

    fewest, most = 0, len(ranking)
    if not (yield from holds(0)):
        # More layers kept can be worse once in a while: the count that is found is one that holds.
        while most - fewest > 1:
            middle = (fewest + most) // 2
            if (yield from holds(middle)):
                most = middle
            else:
                fewest = middle
    else:
        most = 0
    built.variant = with_kept(most)
    for part in ranking[:most]:
        built.why[part] = f"kept to hold {budget:g} dB"
    return ranking[:most]


def _check_keep(prepared, options):
    known = [part.path for part in prepared.layers]
    for pattern in options.keep:
        if not any(fnmatch.fnmatchcase(path, pattern) for path in known):
            shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise Refused(f"--keep '{pattern}' names no layer", f"the layers are {shown}")


def _load_weights(model, weights):
    if not weights:
        return
    try:
        state = load_state_dict(weights["path"])
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise Refused(f"{weights['shown']} cannot be read: {error}") from error
    for name in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
            break
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        sentence = " ".join(str(error).split())
        raise Refused(f"{weights['shown']} does not fit the model: {sentence[:400]}") from error


def _samples(request, model):
    data = request.get("data")
    plan, device = probe.planned()
    most = request.get("samples")
    if not data:
        return random_samples(plan, device, most)
    template = plan.arguments(device)
    if data.get("function"):
        return function_samples(_function(data), data["shown"], model, template, most)
    return file_samples(data["path"], data["shown"], model, template, most)


def _function(named):
    """A function of a file of the person's."""
    module = runner.load_module(named["path"], named.get("root"))
    function = getattr(module, named["function"], None)
    if not callable(function):
        raise Refused(f"{named['shown']} names no function of that file")
    return function


def _metric(named):
    if not named:
        return None
    return {"name": named["function"], "function": _function(named), "shown": named["shown"]}


def _own(metric, model, variant, samples):
    name, function = metric["name"], metric["function"]
    before = own_metric(function, metric["shown"], model)
    with variant.applied(model) as changed:
        after = own_metric(function, metric["shown"], changed)
    for value in (before, after):
        if not math.isfinite(value):
            raise Refused(f"{metric['shown']} returned {value}: expected a finite number")
    return {"name": name, "before": before, "after": after, "better": better_of(name, function), "samples": samples.count}


def _check(model, outputs):
    """Sentences on what makes figures doubtful; refuses a model whose outputs cannot be compared."""
    first = outputs.of(0)
    if not first:
        raise Refused("the model returns no floating-point tensor: nothing can be compared")
    for name, tensor in first:
        if bool(tensor.isnan().any()):
            raise Refused(f"{name} of the model itself holds NaN: nothing can be compared", "look at weights and data first")
    again = outputs.changed(Variant(), 0)
    notes = []
    if any(not torch.equal(one, other) for (_, one), (_, other) in zip(first, again)):
        notes.append("The model gives other outputs for the same inputs: part of every difference is its own.")
    return notes
