"""The report on a variant of a model: differences whole and layer by layer, sizes, times. Plain data; the words for people are
the host's. Generators yield (message, fraction) while they work and return what they found."""

import functools
import time

import torch

from layerwise.probe import synchronize
from layerwise.proof.difference import Difference, OutputsDifference, histograms
from layerwise.proof.variant import Bytes, all_tensors, own_tensors, type_of
from layerwise.proof.watch import Calls
from layerwise.values import collect, tensors_in

# Samples on which layers are compared one by one, and calls of a layer in each.
_DETAILED = 4
_CALLS = 2
_MOST_KEPT_BYTES = 1 << 28
_LAYER_REPETITIONS = 7
_MOST_LAYER_SECONDS = 0.1
_FEWEST_ROUNDS = 8
_STEADY = 0.05


class Changed:
    """One layer as the report sees it: what it was and what it is. `originals` are the modules of the model that it was made
    of, where a norm was folded into it."""

    def __init__(self, path, module, replacement, became, why=None, originals=(), source=None):
        self.path = path
        self.module = module
        # None: it stayed as it was.
        self.replacement = replacement
        self.became = became
        self.why = why
        self.originals = list(originals) or [module]
        self.source = source
        # prepare(x) gives a function without arguments that does what the replacement does in the model, where that is less than a
        # call of it: what others hand it and what it hands on are no real numbers.
        self.in_place = None


class Outputs:
    """What the unchanged model gives for each sample: kept as far as memory allows, made again beyond that."""

    def __init__(self, model, samples):
        self.model = model
        self.samples = samples
        self._kept = {}
        self._bytes = 0

    def of(self, index):
        """[(name, tensor)]"""
        if index in self._kept:
            return self._kept[index]
        with torch.no_grad():
            found = floating_outputs(self.samples.items[index].run(self.model))
        found = [(name, tensor.clone()) for name, tensor in found]
        size = sum(tensor.numel() * tensor.element_size() for _, tensor in found)
        if self._bytes + size <= _MOST_KEPT_BYTES:
            self._kept[index] = found
            self._bytes += size
        return found

    def changed(self, variant, index):
        """The same of a variant."""
        with variant.applied(self.model) as model, torch.no_grad():
            return floating_outputs(self.samples.items[index].run(model))


def floating_outputs(result):
    """(name, tensor) of everything in a result that can be a little different."""
    found = []
    collect(result, "output", found)
    return [(name, tensor) for name, tensor in found if tensor.is_floating_point() or tensor.is_complex()]


def compare_outputs(outputs, variant, most=None):
    """The Difference of the model's outputs over its samples, or the first of them."""
    found = OutputsDifference()
    count = len(outputs.samples.items) if most is None else min(most, len(outputs.samples.items))
    for index in range(count):
        before, after = outputs.of(index), outputs.changed(variant, index)
        if [name for name, _ in before] != [name for name, _ in after]:
            raise ValueError("the changed model returns other outputs than the model did")
        found.add_outputs(before, after)
        yield "comparing outputs", (index + 1) / count
    return found


def layer_rows(model, base, variant, changed, samples):
    """[LayerReport] for a list of Changed. `base` is the variant in which the layers stand before they are changed."""
    rows = [_bytes_row(part) for part in changed]
    _count_bytes(changed, rows)
    replaced = [(part, row) for part, row in zip(changed, rows) if part.replacement is not None]
    for part, row in replaced:
        _compare_weights(part, row)
    yield from _compare_calls(model, base, variant, replaced, samples)
    return rows


def _bytes_row(part):
    kinds = " + ".join(type_of(original) for original in part.originals)
    row = {"path": part.path, "type": kinds, "became": part.became}
    if part.why:
        row["why"] = part.why
    if part.source:
        row["source"] = part.source
    parameters = [parameter for original in part.originals for parameter in original.parameters(recurse=False)]
    row["parameters"] = sum(parameter.numel() for parameter in parameters)
    return row


def _count_bytes(changed, rows):
    before, after = Bytes(), Bytes()
    for part, row in zip(changed, rows):
        row["beforeBytes"] = before.of(tensor for original in part.originals for tensor in own_tensors(original))
        kept = own_tensors(part.module) if part.replacement is None else all_tensors(part.replacement)
        row["afterBytes"] = after.of(kept)


def _compare_weights(part, row):
    weight = getattr(part.module, "weight", None)
    if not isinstance(weight, torch.Tensor):
        return
    after = part.replacement.weight
    found = Difference()
    found.add(weight, after)
    row["weight"] = found.plain()
    ranges = histograms(weight, after)
    if ranges:
        row.setdefault("ranges", {})["weight"] = ranges


def _compare_calls(model, base, variant, replaced, samples):
    """Outputs of each layer for the input it had, and in place; times of both."""
    alone = {part: Difference() for part, _ in replaced}
    in_place = {part: Difference() for part, _ in replaced}
    items = samples.items[:_DETAILED]
    for number, sample in enumerate(items):
        with base.applied(model) as root, torch.no_grad():
            with Calls([part.module for part, _ in replaced], _CALLS) as before:
                sample.run(root)
        with variant.applied(model) as root, torch.no_grad():
            with Calls([part.replacement for part, _ in replaced], _CALLS, with_inputs=False) as after:
                sample.run(root)
        yield "comparing layers", number / len(items)
        for place, (part, row) in enumerate(replaced):
            calls, later = before.kept[part.module], after.kept[part.replacement]
            for call, changed_call in zip(calls, later):
                _add_all(in_place[part], call[2], changed_call[2])
            for positional, words, output in calls:
                with torch.no_grad():
                    _add_all(alone[part], output, part.replacement(*positional, **words))
            if calls and number == 0:
                _watch_first_call(part, row, calls[0])
            if place % 16 == 15:
                yield "comparing layers", (number + place / len(replaced)) / len(items)
    for part, row in replaced:
        if alone[part].count or alone[part].broken:
            row["output"] = alone[part].plain()
            row["inPlace"] = in_place[part].plain()
        else:
            row.setdefault("why", "never called with this data")


def _add_all(found, before, after):
    for one, other in zip(tensors_in(before), tensors_in(after)):
        if one.is_floating_point() and one.shape == other.shape:
            found.add(one, other)


def _watch_first_call(part, row, call):
    positional, words, output = call
    with torch.no_grad():
        after = part.replacement(*positional, **words)
    if isinstance(output, torch.Tensor) and isinstance(after, torch.Tensor):
        ranges = histograms(output, after)
        if ranges:
            row.setdefault("ranges", {})["output"] = ranges
    row["beforeUs"], row["afterUs"] = _layer_times(part, positional, words)


def _layer_times(part, positional, words):
    """Medians of both in turn, in microseconds."""
    times = ([], [])
    began = time.perf_counter()
    with torch.no_grad():
        calls = [functools.partial(module, *positional, **words) for module in (part.module, part.replacement)]
        if part.in_place is not None and len(positional) == 1:
            calls[1] = part.in_place(*positional)
        for repetition in range(_LAYER_REPETITIONS + 1):
            for call, found in zip(calls, times):
                synchronize()
                start = time.perf_counter()
                call()
                synchronize()
                found.append((time.perf_counter() - start) * 1e6)
            if repetition > 1 and time.perf_counter() - began > _MOST_LAYER_SECONDS:
                break
    # The first call pays for what is made once.
    return tuple(sorted(found[1:])[len(found[1:]) // 2] for found in times)


def sensitivities(outputs, variants, most=2):
    """Differences of the outputs when one layer alone is changed: {key: Difference} for {key: Variant}."""
    found = {}
    for place, (key, variant) in enumerate(variants.items()):
        comparing = compare_outputs(outputs, variant, most)
        while True:
            try:
                next(comparing)
            except StopIteration as end:
                found[key] = end.value
                break
        yield "changing one layer at a time", (place + 1) / len(variants)
    return found


def model_bytes(model, variant):
    """(bytes of parameters and saved buffers before, and after)."""
    before = Bytes().of(all_tensors(model))
    with variant.applied(model) as changed:
        after = Bytes().of(all_tensors(changed))
    return before, after


def latencies(model, variant, sample, seconds=1.5):
    """({"before": [us], "after": [us]}): whole calls, the two in turn, after a warm-up of each."""
    times = {"before": [], "after": []}
    began = time.perf_counter()

    def measure(name, called, count, is_kept=True):
        for _ in range(count):
            synchronize()
            start = time.perf_counter()
            with torch.no_grad():
                sample.call(called)
            synchronize()
            if is_kept:
                times[name].append((time.perf_counter() - start) * 1e6)

    rounds = 0
    while True:
        measure("before", model, 1, is_kept=False)
        measure("before", model, 2)
        with variant.applied(model) as changed:
            measure("after", changed, 1, is_kept=False)
            measure("after", changed, 2)
        rounds += 1
        passed = time.perf_counter() - began
        # The first round also pays for compiled programs and memory.
        if rounds >= _FEWEST_ROUNDS and all(_is_steady(found[2:]) for found in times.values()):
            break
        if passed > seconds and rounds > 1:
            break
        yield "measuring", min(1.0, passed / seconds)
    return {name: found[2:] if rounds > 3 else found for name, found in times.items()}


def _is_steady(times):
    """Are the quartiles as close as a profile asks for?"""
    ordered = sorted(times)
    quarter = len(ordered) // 4
    return ordered[-1 - quarter] - ordered[quarter] < _STEADY * ordered[len(ordered) // 2]
