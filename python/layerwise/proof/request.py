"""What quantizing, pruning and distilling are asked alike: samples, a function that judges."""

import math

import torch

from layerwise import probe
from layerwise.proof.difference import OutputsDifference
from layerwise.proof.metrics import better_of, own_metric
from layerwise.proof.named import function_named, samples_at
from layerwise.proof.refused import Refused
from layerwise.proof.samples import SEED, random_samples
from layerwise.proof.variant import Variant


def compare_whole(model, variant, samples, outputs, judge):
    """(Difference of all outputs, metrics)"""
    found = OutputsDifference()
    before_sums, after_sums = judge.start(), judge.start()
    for index, sample in enumerate(samples.items):
        before, after = outputs.of(index), outputs.changed(variant, index)
        found.add_outputs(before, after)
        judge.add(before_sums, sample, before, before)
        judge.add(after_sums, sample, before, after)
        yield "comparing outputs", (index + 1) / len(samples.items)
    return found, judge.plain(before_sums, after_sums)


def samples_of(request, model):
    data = request.get("data")
    plan, device = probe.planned()
    most = request.get("samples")
    if not data:
        return random_samples(plan, device, most)
    template = plan.arguments(device)
    return samples_at(data, request.get("prepare"), model, template, most)


def metric_of(named):
    if not named:
        return None
    return {"name": named["function"], "function": function_named(named), "shown": named["shown"]}


def own_metric_row(metric, model, variant, samples):
    name, function = metric["name"], metric["function"]
    before = own_metric(function, metric["shown"], model)
    with variant.applied(model) as changed:
        after = own_metric(function, metric["shown"], changed)
    for value in (before, after):
        if not math.isfinite(value):
            raise Refused(f"{metric['shown']} returned {value}: expected a finite number")
    return {"name": name, "before": before, "after": after, "better": better_of(name, function), "samples": samples.count}


def check_model(model, outputs):
    """Sentences on what makes figures doubtful; refuses a model whose outputs cannot be compared."""
    first = outputs.of(0)
    if not first:
        raise Refused("the model returns no floating-point tensor: nothing can be compared")
    for name, tensor in first:
        if bool(tensor.isnan().any()):
            raise Refused(f"{name} of the model itself holds NaN: nothing can be compared", "look at weights and data first")
    torch.manual_seed(SEED)
    state = torch.get_rng_state()
    again = outputs.changed(Variant(), 0)
    notes = []
    if not torch.equal(state, torch.get_rng_state()):
        notes.append("The model draws random numbers in every call: before and after are given the same ones.")
    if any(not torch.equal(one, other) for (_, one), (_, other) in zip(first, again)):
        notes.append("The model gives other outputs for the same inputs: part of every difference is its own.")
    return notes
