"""The quantized variant of a model: what calibration needs to see is watched, then every layer is made. Generators here yield
(message, fraction) while they work and return what they made."""

import torch

from layerwise.proof.variant import Variant, storage_key
from layerwise.proof.watch import Calls, Inputs
from layerwise.quantizing import absorb, fold, gptq, scaling
from layerwise.quantizing.flow.ranges import Flows
from layerwise.quantizing.convert import KEPT_BY_REQUEST, Converter, Seen, layers_of, matrix_of, shared_weights
from layerwise.quantizing.observers import OBSERVERS
from layerwise.quantizing.parts import taken_apart
from layerwise.quantizing.rows import has_rows, rows_of
from layerwise.quantizing.schemes import stored_form
from layerwise.values import tensors_in

# Rows of inputs that a search for factors looks at.
_MOST_ROWS = 256
# Numbers in the correlations that are kept at the same time: 256 MiB.
_MOST_CORRELATIONS = 1 << 26
# Inputs of calibration with more rows than this are thinned out.
_MOST_CORRELATED_ROWS = 4096


class Prepared:
    """A model taken apart: what is quantized stands in modules of its own. Computes what the model computes."""

    def __init__(self, model):
        self.model = model
        self.base = Variant()
        # {product in the base: (product, norm) of the model, whose place it and an identity took}
        self.folded = {}
        # {product whose factors a norm has taken: rows of its inputs from then on, or None}
        self.absorbed = {}
        self.layers = []
        self.shared = {}

    def relist(self):
        with self.base.applied(self.model) as root:
            self.layers = layers_of(root)
        for part in self.layers:
            part.originals = self.folded.get(part.module, ())
        self.shared = shared_weights(self.layers)
        tied = {key for key, paths in self.shared.items() if any(part.is_embedding for part in self._at(paths))}
        for part in self.layers:
            weight = getattr(part.module, "weight", None)
            if isinstance(weight, torch.Tensor) and storage_key(weight) in tied:
                part.is_embedding = True

    def _at(self, paths):
        return [part for part in self.layers if part.path in paths]


def prepare(model, sample, with_folding):
    """Prepared, with attention and recurrent layers taken apart, and norms folded where schemes round activations."""
    prepared = Prepared(model)
    for module in model.modules():
        made = taken_apart(module)
        if made is not None:
            prepared.base.replace(module, made)
    if with_folding:
        _fold(prepared, sample)
    prepared.relist()
    return prepared


def _fold(prepared, sample):
    """Norms go into the products before them, one pair after the other taken back where numbers change."""
    model, base = prepared.model, prepared.base
    with torch.no_grad():
        found = fold.pairs(model, lambda: sample.run(model))
        if not found:
            return
        wanted = _outputs(sample.run(model))
        for product, norm in found:
            trial = Variant(base)
            trial.replace(product, fold.folded(product, norm))
            trial.replace(norm, torch.nn.Identity())
            with trial.applied(model) as changed:
                got = _outputs(sample.run(changed))
            if not _are_close(wanted, got):
                continue
            for original, made in trial.modules.items():
                base.replace(original, made)
            prepared.folded[trial.modules[product]] = (product, norm)


def _outputs(result):
    return [tensor for tensor in tensors_in(result) if tensor.is_floating_point()]


def _are_close(wanted, got):
    if len(wanted) != len(got):
        return False
    for before, after in zip(wanted, got):
        size = before.abs().max().item() if before.numel() else 0.0
        if before.shape != after.shape or (before - after).abs().max().item() > 1e-4 * max(size, 1e-6):
            return False
    return True


class Built:
    """A scheme's variant, what it stands on, and why layers stayed as they were."""

    def __init__(self, options, prepared):
        self.options = options
        self.prepared = prepared
        self.variant = Variant(prepared.base)
        # {Layer: sentence}, also for layers that were quantized in another way than asked for.
        self.why = {}
        # {Layer: Seen} of the ones that were quantized.
        self.seen = {}
        # flow.ranges.Flows of a scheme whose layers can hand on integers.
        self.flows = None
        self.losses = None
        # What has to be said about how it was made.
        self.remark = ""

    def describe(self):
        flows = "" if self.flows is None else self.flows.describe(self.variant)
        return ", ".join(filter(None, [self.options.describe(), self._embeddings(), self.remark, flows]))

    def _embeddings(self):
        """What became of embeddings, where that is not what became of the rest."""
        form, rest = stored_form(self.options.embeddings), self.options.weight_format().describe()
        if not any(part.is_embedding for part in self.prepared.layers) or (form and form.describe() == rest):
            return ""
        return f"embeddings in {form.describe()}" if form else "embeddings as they were"


def build(prepared, options, samples):
    """Built: every layer that can be, in the scheme's form."""
    if options.method in ("smoothquant", "awq"):
        prepared = yield from _absorb_factors(prepared, options, samples)
    built = Built(options, prepared)
    targets = []
    for part in prepared.layers:
        reason = part.refusal(options)
        if reason is None:
            targets.append(part)
        else:
            built.why[part] = reason
    converter = Converter(options, prepared.shared)
    seen = yield from _calibrate(prepared, options, samples, targets, built)
    built.seen = seen
    in_order = []
    if options.method == "gptq":
        in_order = [part for part in targets if part in seen and has_rows(part) and not _is_tied(prepared, part)]
    for number, part in enumerate(targets):
        if part in seen and part not in in_order:
            built.variant.replace(part.module, converter.convert(part, seen[part]))
        if number % 8 == 7:
            yield "rounding weights", number / len(targets)
    yield from _round_in_order(prepared, samples, in_order, seen, converter, built)
    for part in prepared.layers:
        if part.refusal(options) == KEPT_BY_REQUEST:
            made = converter.kept(part, options.form_of(part))
            if made is not None:
                built.variant.replace(part.module, made)
    if built.flows is not None:
        built.flows.install(built.variant)
    return built


def _calibrate(prepared, options, samples, targets, built):
    """{Layer: Seen}; layers without what they need are left out, with the reason in built.why."""
    seen = {part: Seen() for part in targets}
    products = [part for part in targets if _is_correlated(prepared, part)]
    if options.method in ("smoothquant", "awq"):
        for part in products:
            seen[part].rows = prepared.absorbed.get(part.module)
        products = [part for part in products if part.module not in prepared.absorbed]
        yield from _watch_columns(prepared, samples, products, seen, options.method == "awq")
        for number, part in enumerate(products):
            _choose_factors(matrix_of(part), seen[part], options)
            if number % 4 == 3:
                yield "searching factors", number / len(products)
    if options.needs_ranges:
        ranged = [part for part in targets if options.rounds_inputs_of(part)]
        built.flows = Flows(prepared, options, samples.items[0], [part for part in ranged if seen[part].smooth is None])
        yield from _watch_ranges(prepared, samples, ranged, seen, options, built.flows)
        for part in ranged:
            if seen[part].observer.n_seen == 0:
                built.why[part] = "never called with this data: nothing is known about its range"
                del seen[part]
        built.flows.settle(seen)
    return seen


def watch(prepared, samples, parts, see, message, variant=None):
    """Runs all samples, through a variant of what is prepared, and hands every input of the parts to see(Layer, tensor)."""
    by_module = {part.module: part for part in parts}
    with (variant or prepared.base).applied(prepared.model) as root, torch.no_grad():
        with Inputs(by_module, lambda module, x: see(by_module[module], x)):
            for number, sample in enumerate(samples.items):
                sample.run(root)
                yield message, (number + 1) / len(samples.items)


def _watch_columns(prepared, samples, parts, seen, with_rows):
    totals = {}

    def see(part, x):
        known = seen[part]
        rows = x.reshape(-1, x.shape[-1]).float()
        largest = rows.abs().amax(dim=0)
        known.largest = largest if known.largest is None else torch.maximum(known.largest, largest)
        total, count = totals.get(part, (0.0, 0))
        totals[part] = total + rows.abs().sum(dim=0), count + rows.shape[0]
        known.mean = totals[part][0] / totals[part][1]
        if with_rows:
            _keep_rows(known, rows, samples)

    yield from watch(prepared, samples, parts, see, "watching activations")


def _keep_rows(known, rows, samples):
    kept = 0 if known.rows is None else known.rows.shape[0]
    share = -(-_MOST_ROWS // max(1, len(samples.items)))
    step = max(1, rows.shape[0] // share)
    # Not the same places of every sample.
    taken = rows[kept % step :: step][: min(share, _MOST_ROWS - kept)].clone()
    known.rows = taken if known.rows is None else torch.cat([known.rows, taken])


def _absorb_factors(prepared, options, samples):
    """Prepared with factors moved into norms where that changes nothing, on top of the one given."""
    products = [part for part in prepared.layers if part.refusal(options) is None and _is_correlated(prepared, part)]
    found = absorb.groups(prepared, products, samples.items[0])
    # All products of a norm have the same input: one is watched for all.
    first = {norm: parts[0] for norm, parts in found.items()}
    seen = {part: Seen() for part in first.values()}
    yield from _watch_columns(prepared, samples, list(seen), seen, options.method == "awq")
    changed = Prepared(prepared.model)
    changed.base, changed.folded = prepared.base, prepared.folded
    with torch.no_grad():
        wanted = _outputs(samples.items[0].run(prepared.model))
    for number, (norm, parts) in enumerate(found.items()):
        known = seen[first[norm]]
        _choose_factors(torch.cat([matrix_of(part) for part in parts]), known, options)
        if known.smooth is None:
            known.smooth = torch.ones_like(known.largest)
        trial, made = absorb.scaled(changed.base, norm, parts, known.smooth)
        with trial.applied(prepared.model) as model, torch.no_grad():
            got = _outputs(samples.items[0].run(model))
        if _are_close(wanted, got):
            changed.base = trial
            changed.absorbed.update((product, known.rows) for product in made.values())
        yield "moving factors into norms", (number + 1) / len(found)
    if not changed.absorbed:
        return prepared
    changed.relist()
    return changed


def _choose_factors(matrix, known, options):
    """Finds known.smooth for a weight, from what was seen of its inputs; known.rows are divided by it."""
    if known.largest is None:
        return
    if options.method == "smoothquant":
        known.smooth = scaling.smooth(known.largest, matrix)
    else:
        form = options.weight_format()
        factors = scaling.activation_aware(known.mean, matrix, known.rows, form)
        if bool((factors == 1).all()):
            return
        known.smooth = factors
        known.rows = known.rows / factors


def _watch_ranges(prepared, samples, parts, seen, options, flows):
    for part in parts:
        seen[part].observer = OBSERVERS[options.observer]()

    def see(part, x):
        known = seen[part]
        known.observer.see(x if known.smooth is None else x / known.smooth)

    yield from watch(prepared, samples, parts, see, "watching ranges", flows.watching(prepared.base))


def _is_correlated(prepared, part):
    """Can its columns be scaled for what they are given?"""
    return part.sort == "linear" and not _is_tied(prepared, part)


def _is_tied(prepared, part):
    """A tied weight has to serve several inputs: it is not rounded for one of them."""
    return storage_key(part.module.weight) in prepared.shared


def _round_in_order(prepared, samples, waiting, seen, converter, built):
    """GPTQ in the order of execution, as many layers at a time as memory allows: later ones see what earlier became."""
    if not waiting:
        return
    order = yield from _order(prepared, samples.items[0], waiting)
    done = 0
    while order:
        chosen, numbers = [], 0
        while order and (not chosen or numbers + _columns(order[0]) ** 2 <= _MOST_CORRELATIONS):
            part = order.pop(0)
            numbers += _columns(part) ** 2
            chosen.append(part)
        known = {}
        for part in chosen:
            known[part.module] = gptq.Correlations(_columns(part), part.module.weight.device)

        def see(module, x):
            known[module].see(rows_of(module, x, _MOST_CORRELATED_ROWS))

        with built.variant.applied(prepared.model) as root, torch.no_grad(), Inputs(known, see):
            for number, sample in enumerate(samples.items):
                sample.run(root)
                yield "collecting correlations", (number + 1) / len(samples.items)
        for part in chosen:
            found = known[part.module]
            seen[part].correlations = found.sum if found.n_rows else None
            if not found.n_rows:
                built.why[part] = "never called with this data: rounded to the nearest"
            built.variant.replace(part.module, converter.convert(part, seen[part]))
            seen[part].correlations = None
            done += 1
            yield "rounding weights column by column", done / len(waiting)


def _columns(part):
    return matrix_of(part).shape[1]


def _order(prepared, sample, parts):
    """The parts in the order of their first calls; those that are never called come last."""
    with prepared.base.applied(prepared.model) as root, torch.no_grad():
        with Calls([part.module for part in parts], most=0) as calls:
            sample.run(root)
    yield "following the model", None
    places = {module: place for place, module in enumerate(calls.order)}
    return sorted(parts, key=lambda part: places.get(part.module, len(places)))
