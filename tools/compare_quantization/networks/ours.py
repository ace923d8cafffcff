"""layerwise python ours.py NAME...: one line of JSON for each network, float and static int8. Times are the least of many calls."""

import json
import sys
import time

import nets
import torch
from layerwise.quantizing.build import build, prepare
from layerwise.quantizing.schemes import options_of


class Sample:
    def __init__(self, image):
        self.image = image

    def run(self, model):
        return model(self.image)


class Samples:
    def __init__(self, items):
        self.items = items


def finish(steps):
    """What a generator of progress returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def least(model, image, calls):
    found = float("inf")
    for turn in range(calls + 3):
        start = time.perf_counter()
        float(model(image)[0, 0])
        if turn >= 3:
            found = min(found, time.perf_counter() - start)
    return found * 1e3


(options,) = options_of({"schemes": ["static"]})
for name in sys.argv[1:]:
    model, images, others = nets.load(name)
    judge = nets.Judge(model, images, others)
    samples = [Sample(image) for image in images]
    with torch.no_grad():
        before = least(model, images[0], 15)
    built = finish(build(prepare(model, samples[0], with_folding=True), options, Samples(samples)))
    with built.variant.applied(model) as quantized, torch.no_grad():
        after = least(quantized, images[0], 30)
        found = judge.decibels(quantized)
    print(json.dumps({"name": name, "engine": "layerwise", "floatMs": before, "ms": after, **found}), flush=True)
