"""Which nodes become one layer or step on codes. Each rule looks at one node, and at what stands around it; products are in products.py."""

import torch
from torch._gen import functions as _ops

from layerwise.onnx import registry
from layerwise.onnx.integers import products
from layerwise.onnx.integers.layers import IntegerLinear
from layerwise.onnx.integers.view import is_own, is_plain, made_node
from layerwise.quantizing.flow import steps


def fuse(view):
    """Rewrites the graph of the view; gives {node: layer}."""
    layers = {}
    for node in view.graph.nodes:
        if node in view.gone:
            continue
        rule, n_inputs = products.RULES.get((node.operator.domain, node.operator.op), (None, 0))
        found = None if rule is None or len(node.inputs) < n_inputs else rule(view, node)
        if found is not None:
            layer, inputs, gone, output = found
            made = made_node(node, type(layer).__name__, inputs, [output])
            layers[made] = layer
            view.replace(gone, made)
    for node in view.graph.nodes:
        if node not in view.gone and is_plain(node, "QuantizeLinear"):
            _joined(view, node) or _added(view, node) or _multiplied(view, node) or _mapped(view, node)
    for node in view.graph.nodes:
        if node not in view.gone and is_plain(node, "GlobalAveragePool"):
            _averaged(view, node)
    for made, layer in layers.items():
        if isinstance(layer, IntegerLinear) and layer.given is not None:
            # A product rounds its input itself, where nothing came of the rounding that was there.
            made.inputs[0] = products.rounding_of(view, made.inputs[0]) or made.inputs[0]
    for node in view.graph.nodes:
        if node not in view.gone:
            _rounded(view, node)
    view.done()
    return layers


def _rounded(view, node):
    """Roundings by numbers that are known: one kernel each."""
    if is_plain(node, "QuantizeLinear"):
        scale = view.scale_of(node)
        if scale is not None:
            view.replace([node], made_node(node, "QuantizeLinear", node.inputs[:1], node.outputs, _quantize(scale)))
    elif is_plain(node, "DequantizeLinear") and node.get("output_dtype", 0) in (0, 1) and node.inputs[0] not in view.graph.initializers:
        scale = view.scale_of(node)
        if scale is not None:
            view.replace([node], made_node(node, "DequantizeLinear", node.inputs[:1], node.outputs, steps.dequantize(scale)))


def _quantize(scale):
    number, zero, low, high, dtype = scale.scale, scale.zero, scale.low, scale.high, scale.dtype
    return lambda x: _ops._quantize_affine(x, number, zero, None, low, high, dtype, True)


def _joined(view, node):
    """Codes -> real numbers -> Concat -> codes."""
    scale, join = view.scale_of(node), view.maker(node.inputs[0], "Concat")
    if scale is None or join is None or join in view.gone or view.only_reader(join.outputs[0])[0] is not node:
        return False
    parts = [view.codes_of(name) for name in join.inputs]
    if any(part is None or part[1].dtype != scale.dtype for part in parts):
        return False
    axis, tables = join.get("axis"), {}
    changes = [None if given == scale else steps.mapped(given, scale, lambda x: x) for _, given in parts]

    def step(*codes):
        mapped = [part if change is None else change(part) for part, change in zip(codes, changes)]
        return _ops._cat_int8(mapped, None, axis)

    view.replace([join, node], made_node(join, "Concat", [name for name, _ in parts], node.outputs, step))
    return True


def _cut(view, node):
    """(what made the numbers that this rounds, is a Relu between, the nodes to take out); None where others see them."""
    maker, position = view.makers.get(node.inputs[0], (None, 0))
    gone, relu = [node], False
    if maker is not None and is_plain(maker, "Relu") and view.only_reader(maker.outputs[0])[0] is node:
        relu = True
        gone.append(maker)
        maker, position = view.makers.get(maker.inputs[0], (None, 0))
    if maker is None or position or maker in view.gone or view.only_reader(maker.outputs[0])[0] is not gone[-1]:
        return None
    return maker, relu, [*gone, maker]


def _added(view, node):
    """The sum of two tensors of codes; where shapes turn out to differ, by way of real numbers."""
    scale, cut = view.scale_of(node), _cut(view, node)
    if scale is None or cut is None or not is_plain(cut[0], "Add"):
        return False
    add, relu, gone = cut
    parts = [view.codes_of(name) for name in add.inputs]
    if any(part is None or part[1].dtype != scale.dtype for part in parts):
        return False
    one, other = (given for _, given in parts)
    fast, reals, codes_of = steps.add(one, other, scale, relu), [steps.dequantize(given) for given in (one, other)], _quantize(scale)

    def step(x, y):
        if x.shape == y.shape:
            return fast(x, y)
        total = reals[0](x) + reals[1](y)
        return codes_of(torch.relu(total) if relu else total)

    view.replace(gone, made_node(add, "Add", [name for name, _ in parts], node.outputs, step))
    return True


def _multiplied(view, node):
    """The product of two tensors of codes, or of images and a number for each channel."""
    scale, cut = view.scale_of(node), _cut(view, node)
    if scale is None or cut is None or not is_plain(cut[0], "Mul"):
        return False
    product, relu, gone = cut
    parts = [view.codes_of(name) for name in product.inputs]
    if any(part is None or part[1].dtype != scale.dtype for part in parts):
        return False
    step = steps.mul(parts[0][1], parts[1][1], scale, relu)
    view.replace(gone, made_node(product, "Mul", [name for name, _ in parts], node.outputs, step))
    return True


def _averaged(view, node):
    """Means over whole images of codes: exact sums, given in codes where nothing else reads them."""
    found = view.codes_of(node.inputs[0])
    if found is None:
        return
    codes, given = found
    reader, _ = view.only_reader(node.outputs[0])
    made = view.scale_of(reader) if reader is not None and is_plain(reader, "QuantizeLinear") else None
    made = None if made is None or made.dtype != given.dtype else made
    gone, outputs = ([node], node.outputs) if made is None else ([node, reader], reader.outputs)
    step = steps.mean(given, made, True, lambda x: registry.call(node, _NoRun(), [x])[0])
    view.replace(gone, made_node(node, "GlobalAveragePool", [codes], outputs, step))


# Functions of one number, and of one number and constants.
_FUNCTIONS = {
    "Abs", "Acos", "Asin", "Atan", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Mish", "Neg", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
    "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
}
_WITH_NUMBER = {"Add", "Sub", "Mul", "Div", "Min", "Max", "Pow"}


class _NoRun:
    """What operators ask of a run when they compute a table."""

    device = torch.device("cpu")


def _mapped(view, node):
    """Codes through a chain of functions of one number: a table of 256 bytes."""
    scale = view.scale_of(node)
    chain, gone, name, reader = [], [node], node.inputs[0], node
    while scale is not None:
        maker, position = view.makers.get(name, (None, 0))
        if maker is not None and is_plain(maker, "DequantizeLinear"):
            break
        if maker is None or position or maker in view.gone or view.only_reader(name)[0] is not reader:
            return False
        at = _number_at(view, maker)
        if at is None:
            return False
        chain.append((maker, at))
        gone.append(maker)
        name, reader = maker.inputs[at], maker
    codes = None if scale is None else view.codes_of(name)
    if codes is None:
        return False
    constants = {
        maker: [None if i == at else view.constant(each) for i, each in enumerate(maker.inputs)] for maker, at in chain
    }

    def function(x):
        for maker, at in reversed(chain):
            inputs = [x if i == at else value for i, value in enumerate(constants[maker])]
            x = registry.call(maker, _NoRun(), inputs)[0]
        return x

    step = _table(codes[1], scale, function)
    view.replace(gone, made_node(chain[-1][0] if chain else node, "Map", [codes[0]], node.outputs, step))
    return True


def _number_at(view, node):
    """Which input the function is of; None where it is no function of one number."""
    others = node.inputs[1:]
    if is_plain(node, *_FUNCTIONS) or is_own(node, "Gelu", "QuickGelu"):
        return 0 if all(not name or view.number(name) is not None for name in others) else None
    if is_plain(node, *_WITH_NUMBER) and len(node.inputs) == 2:
        numbers = [view.number(name) is not None for name in node.inputs]
        return numbers.index(False) if sorted(numbers) == [False, True] else None
    return None


def _table(given, made, function):
    """What becomes of each of the 256 codes, looked up; made at the first call."""
    tables = {}
    codes_of = _quantize(made)

    def table(device):
        bits = torch.arange(256, dtype=torch.uint8)
        real = steps.dequantize(given)(bits if given.low == 0 else bits.view(torch.int8))
        found = codes_of(function(real))
        found = found if made.low == 0 else found.view(torch.uint8)
        tables[device] = found.to(device)
        return tables[device]

    def step(codes):
        if given.dtype != made.dtype:
            codes = codes.view(made.dtype)
        known = tables.get(codes.device)
        return _ops._map_int8(codes, table(codes.device) if known is None else known)

    return step
