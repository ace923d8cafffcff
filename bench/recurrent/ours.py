"""Recurrent layers on Layerwise: one JSON line of microseconds by case. Dynamic int8 is torch.ao's, and that of `layerwise quantize`."""

import sys

sys.path.insert(0, "bench/recurrent")

import torch
from shapes import SHAPES, least, measured, name, report

from layerwise.quantizing.layers import layer
from layerwise.quantizing.parts import taken_apart

found = {}
measured(torch, found, "layerwise")


def dynamic(linear):
    scale = linear.weight.detach().abs().amax(1) / 127
    tensors = {"codes": (linear.weight / scale[:, None]).round().to(torch.int8), "scale": scale, "bias": linear.bias}
    return layer({"kind": "dynamic_linear", "format": "int8", "granularity": "row", "attributes": {}}, tensors)


for kind in (torch.nn.LSTM, torch.nn.GRU):
    for shape in SHAPES:
        steps, batch, width = shape
        network, x = taken_apart(kind(width, width)), torch.randn(steps, batch, width)
        network.ih_l0, network.hh_l0 = dynamic(network.ih_l0), dynamic(network.hh_l0)
        with torch.no_grad():
            call = lambda: network(x)[0].as_strided((1,), (1,)).item()
            found[name(kind.__name__, shape, "dynamic int8")]["layerwise quantize"] = least(call)
report(found)
