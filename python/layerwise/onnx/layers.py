"""Products and convolutions with weights of their own as the layers of torch.nn that they are: so that whatever works on layers
(profiles, quantizing, pruning) finds them. Changes no number; what does not fit a layer stays a node."""

import torch
from torch import nn

_CONV = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}


def take_layers(graph, uses, is_free):
    """Replaces nodes of the graph; gives {node: layer}. `is_free(name)`: a weight that is trained and that no other node reads.

    The node is left with its input alone, and the weights are no longer the graph's.
    """
    found = {}
    gone = set()
    for node in graph.nodes:
        if node.operator.domain != "" or node in gone:
            continue
        if node.operator.op == "Conv":
            made = _convolution(node, graph, is_free)
        elif node.operator.op == "Gemm":
            made = _gemm(node, graph, is_free)
        elif node.operator.op == "MatMul":
            made = _product(node, graph, uses, is_free, gone)
        else:
            continue
        if made is not None:
            found[node] = made
    graph.nodes = [node for node in graph.nodes if node not in gone]
    return found


def _weight(name, graph, is_free):
    initializer = graph.initializers.get(name)
    return initializer.tensor if initializer is not None and is_free(name) else None


def _bias(name, graph, is_free, size):
    tensor = _weight(name, graph, is_free)
    return tensor if tensor is not None and tuple(tensor.shape) == (size,) else None


def _filled(layer, weight, bias):
    """The layer was made without memory."""
    layer.weight = nn.Parameter(weight)
    if bias is not None:
        layer.bias = nn.Parameter(bias)
    return layer


def _taken(node, graph, names):
    for name in names:
        del graph.initializers[name]
    node.inputs = node.inputs[:1]


def _convolution(node, graph, is_free):
    weight_name, bias_name = node.inputs[1], node.inputs[2] if len(node.inputs) > 2 else ""
    weight = _weight(weight_name, graph, is_free)
    if weight is None or weight.dim() not in _CONV or node.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    rank = weight.dim() - 2
    pads = node.get("pads") or [0] * (2 * rank)
    if node.get("auto_pad", "NOTSET") == "VALID":
        pads = [0] * (2 * rank)
    bias = _bias(bias_name, graph, is_free, weight.shape[0]) if bias_name else None
    if pads[:rank] != pads[rank:] or bias_name and bias is None:
        return None
    groups = node.get("group", 1)
    layer = _CONV[weight.dim()](
        weight.shape[1] * groups,
        weight.shape[0],
        tuple(weight.shape[2:]),
        tuple(node.get("strides") or [1] * rank),
        tuple(pads[:rank]),
        tuple(node.get("dilations") or [1] * rank),
        groups,
        bias is not None,
        device="meta",
        dtype=weight.dtype,
    )
    _taken(node, graph, [weight_name, *[bias_name] * (bias is not None)])
    return _filled(layer, weight, bias)


def _linear(weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta", dtype=weight.dtype)
    return _filled(layer, weight, bias)


def _gemm(node, graph, is_free):
    if node.get("transA", 0) or node.get("alpha", 1.0) != 1 or node.get("beta", 1.0) != 1:
        return None
    weight_name, bias_name = node.inputs[1], node.inputs[2] if len(node.inputs) > 2 else ""
    weight = _weight(weight_name, graph, is_free)
    if weight is None or weight.dim() != 2:
        return None
    plain = weight if node.get("transB", 0) else weight.t().contiguous()
    bias = _bias(bias_name, graph, is_free, plain.shape[0]) if bias_name else None
    if bias_name and bias is None:
        return None
    _taken(node, graph, [weight_name, *[bias_name] * (bias is not None)])
    return _linear(plain, bias)


def _product(node, graph, uses, is_free, gone):
    weight_name = node.inputs[1]
    weight = _weight(weight_name, graph, is_free)
    if weight is None or weight.dim() != 2:
        return None
    add, bias_name = _added(node, graph, uses, is_free, weight.shape[1])
    bias = graph.initializers[bias_name].tensor if add is not None else None
    _taken(node, graph, [weight_name, *[bias_name] * (bias is not None)])
    if add is not None:
        node.outputs = add.outputs
        gone.add(add)
    return _linear(weight.t().contiguous(), bias)


def _added(node, graph, uses, is_free, size):
    """The node that adds a bias to this product and is the only one that reads it."""
    output = node.outputs[0]
    readers = uses.get(output, ())
    if len(readers) != 1 or any(item["name"] == output for item in graph.outputs):
        return None, ""
    add, position = readers[0]
    if position not in (0, 1) or add.operator.op != "Add" or add.operator.domain != "" or add not in graph.nodes:
        return None, ""
    name = add.inputs[1 - position]
    return (add, name) if _bias(name, graph, is_free, size) is not None else (None, "")
