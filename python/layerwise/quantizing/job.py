"""The whole of `layerwise quantize` for the target that layerwise.probe has prepared: schemes, one proof for each, a file. The
host asks for it piece by piece (`begin`, `advance`), so that it can tell how far it is, and stop."""

import fnmatch

import torch

from layerwise import probe
from layerwise.proof import places
from layerwise.proof.job import Job
from layerwise.proof.proof import open_proof
from layerwise.proof.report import Changed, compare_outputs, sensitivities
from layerwise.proof.refused import Refused
from layerwise.proof.variant import Variant
from layerwise.quantizing import saving
from layerwise.quantizing.build import build, prepare
from layerwise.quantizing.convert import Converter
from layerwise.quantizing.qat import train
from layerwise.quantizing.schemes import stored_form, options_of

def _run(request, job):
    options = options_of(request)
    proof = yield from open_proof(request, "quantize")
    prepared = {}
    reports = []
    failed = None
    for position, one in enumerate(options):
        label = f"{one.scheme}: " if len(options) > 1 else ""
        if one.is_integer not in prepared:
            prepared[one.is_integer] = prepare(proof.model, proof.samples.items[0], with_folding=one.is_integer)
            _require_layers(proof.model, prepared[one.is_integer])
            _check_keep(prepared[one.is_integer], one)
        reporting = _report(request, job, proof, prepared[one.is_integer], one)
        try:
            report, built = yield from _as_part(reporting, label, position, len(options))
        except (Refused, KeyboardInterrupt, MemoryError):
            raise
        except Exception as error:
            # What one scheme cannot do with a model says nothing about the others.
            if len(options) == 1 or request.get("out"):
                raise
            failed = error
            proof.notes.append(f"{one.scheme} failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
            continue
        reports.append(report)
    if not reports:
        raise failed
    answer = {"data": proof.samples.plain(), "notes": proof.notes, "reports": reports}
    if request.get("out"):
        yield "writing", None
        answer["file"] = _write(request["out"]["path"], proof, built)
    return answer


def _require_layers(model, prepared):
    """Without a single weight every scheme would come out as "the same", in six rows."""
    if not prepared.layers:
        raise Refused(f"{type(model).__name__} has nothing to quantize: it has no layer with weights")


def _as_part(generator, label, position, count):
    """The same steps, as parts of a longer way."""
    while True:
        try:
            message, fraction = next(generator)
        except StopIteration as end:
            return end.value
        yield label + message, fraction if count == 1 else (position + (fraction or 0)) / count


def _report(request, job, proof, prepared, options):
    if options.scheme == "qat":
        built = yield from train(prepared, options, proof)
    else:
        built = yield from build(prepared, options, proof.samples)
    prepared = built.prepared
    alone, kept = {}, None
    budget = request.get("budgetDb")
    if request.get("sensitivity") or budget is not None:
        alone = yield from _sensitivity(prepared, built, proof)
    if budget is not None:
        kept = yield from _hold_budget(prepared, built, proof, alone, budget)
    job.keep(lambda: built.variant.applied(prepared.model), built.describe())
    layers = [_changed(part, built, proof.model) for part in prepared.layers]
    report = yield from proof.report(options.scheme, built.describe(), built.variant, prepared.base, layers)
    for part, row in zip(prepared.layers, report["layers"]):
        if part in alone:
            row["sensitivity"] = alone[part].plain()
    changed = [part for part in prepared.layers if part.module in built.variant.modules and part not in (kept or ())]
    report["changed"] = len(changed)
    if built.losses is not None:
        report["losses"] = built.losses
    if kept is not None:
        report["keptForBudget"] = [part.path for part in kept]
    return report, built


def _changed(part, built, model):
    replacement = built.variant.modules.get(part.module)
    if replacement is None:
        dtype = next((tensor.dtype for tensor in part.module.parameters(recurse=False)), torch.float32)
        became = str(dtype).removeprefix("torch.")
    else:
        became = replacement.became()
    source = places.source_of(model, part.path)
    changed = Changed(part.path, part.module, replacement, became, built.why.get(part), part.originals, source)
    if replacement is not None and built.flows is not None:
        changed.in_place = built.flows.in_place(built.variant, replacement)
    return changed


def _sensitivity(prepared, built, proof):
    """{Layer: Difference of the outputs when it alone is changed}"""
    variants = {}
    for part in prepared.layers:
        replacement = built.variant.modules.get(part.module)
        if replacement is not None and part not in built.why:
            variants[part] = Variant(prepared.base)
            variants[part].replace(part.module, replacement)
    return (yield from sensitivities(proof.outputs, variants))


def _hold_budget(prepared, built, proof, alone, budget):
    """Keeps layers, most sensitive first, until the outputs hold the budget; the ones that were kept, in that order."""
    ranking = sorted(alone, key=lambda part: alone[part].sqnr_db)
    converter = Converter(built.options, prepared.shared)
    form = stored_form(built.options.keep_as)

    def with_kept(count):
        variant = Variant(prepared.base)
        variant.modules.update(built.variant.modules)
        variant.values.update(built.variant.values)
        for part in ranking[:count]:
            kept = converter.kept(part, form)
            if kept is None:
                del variant.modules[part.module]
            else:
                variant.modules[part.module] = kept
        if built.flows is not None:
            built.flows.install(variant)
        return variant

    def holds(count):
        difference = yield from compare_outputs(proof.outputs, with_kept(count))
        return difference.sqnr_db >= budget and not difference.broken

    fewest, most = 0, len(ranking)
    if (yield from holds(0)):
        most = 0
    # More layers kept can be worse once in a while: the count that is found is one that holds.
    while most - fewest > 1:
        middle = (fewest + most) // 2
        if (yield from holds(middle)):
            most = middle
        else:
            fewest = middle
    built.variant = with_kept(most)
    for part in ranking[:most]:
        built.why[part] = f"kept to hold {budget:g} dB"
    return ranking[:most]


def _check_keep(prepared, options):
    known = [part.path for part in prepared.layers]
    for pattern, _ in options.keep:
        if not any(fnmatch.fnmatchcase(path, pattern) for path in known):
            shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise Refused(f"--keep '{pattern}' names no layer", f"the layers are {shown}")


def _write(path, proof, built):
    """Writes the last scheme's model to a file and reads it again into a model that is built anew."""
    prepared = built.prepared
    saving.write(prepared, built, path)
    plan, device = probe.planned()
    wanted = proof.outputs.changed(built.variant, 0)
    checked = saving.check(plan.build(device).eval(), path, proof.samples.items[0], wanted)
    count = sum(part.module in built.variant.modules for part in prepared.layers)
    return {"contents": f"{built.describe()}; {count} {'layer' if count == 1 else 'layers'}", "checks": [checked]}


_job = Job(_run)
begin, advance, show, hide = _job.begin, _job.advance, _job.show, _job.hide
