"""Graph mode, before anything else: F.linear and F.conv1d/2d/3d with a model's own parameters become the layers that they stand for,
so that all that is known of layers holds for them. Weights that are computed are left alone."""

import torch
from torch import nn
from torch.nn import functional as F

LAYERS = {
    F.linear: nn.Linear, F.conv1d: nn.Conv1d, F.conv2d: nn.Conv2d, F.conv3d: nn.Conv3d, torch.conv1d: nn.Conv1d,
    torch.conv2d: nn.Conv2d, torch.conv3d: nn.Conv3d,
}
_ARGUMENTS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")


def make_layers(model, scope_of, is_wanted):
    """Replaces calls of functions for which is_wanted(node) in a GraphModule; each layer knows its function as `made_of`."""
    graph = model.graph
    for node in list(graph.nodes):
        if node.op != "call_function" or node.target not in LAYERS or not is_wanted(node):
            continue
        given = {**dict(zip(_ARGUMENTS, node.args)), **node.kwargs}
        weight, bias = (_parameter(model, given.get(name)) for name in ("weight", "bias"))
        if weight is None or bias is None and given.get("bias") is not None:
            continue
        name = _free_name(model, node.name)
        setattr(model, name, _layer(node.target, weight, bias, given, model.training))
        with graph.inserting_before(node):
            call = graph.call_module(name, (given["input"],))
        scope_of[call.name] = scope_of.get(node.name, "")
        node.replace_all_uses_with(call)
        graph.erase_node(node)
        for read in (given["weight"], given.get("bias")):
            if read is not None and not read.users:
                graph.erase_node(read)
    model.recompile()


def _parameter(model, node):
    if getattr(node, "op", None) != "get_attr":
        return None
    owner, _, name = node.target.rpartition(".")
    found = getattr(model.get_submodule(owner) if owner else model, name, None)
    return found if isinstance(found, nn.Parameter) else None


def _layer(function, weight, bias, given, training):
    kind = LAYERS[function]
    if kind is nn.Linear:
        made = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    else:
        options = {name: given[name] for name in _ARGUMENTS[3:] if name in given}
        width = weight.shape[1] * options.get("groups", 1)
        made = kind(width, weight.shape[0], tuple(weight.shape[2:]), bias=bias is not None, device="meta", **options)
    made.weight, made.bias = weight, bias
    made.made_of = function
    return made.train(training)


def _free_name(model, wanted):
    name, number = wanted, 0
    while hasattr(model, name):
        number += 1
        name = f"{wanted}_{number}"
    return name
