"""Products and convolutions that are layers on codes or on weights of few bits: (layer, its inputs, nodes that it stands for, its output)
of a node, or None where there is no such layer."""

import torch
from torch._gen import functions as _ops

from layerwise.onnx.integers.layers import IntegerConv, IntegerLinear, Weight
from layerwise.onnx.integers.view import is_plain
from layerwise.quantizing.flow.steps import Scale
from layerwise.quantizing.layers import layer as low_bit_layer

_OWN = "com.microsoft"
RULES = {}


def _rule(name, n_inputs, domain=""):
    """Of nodes with so many inputs at least."""

    def add(function):
        RULES[domain, name] = function, n_inputs
        return function

    return add


class _Tail:
    """What follows a product: a bias where `size` is given, a Relu, and a rounding to codes."""

    def __init__(self, view, node, size=None, bias=None):
        self.gone, self.output, self.bias, self.relu, self.made = [node], node.outputs[0], bias, False, None
        if size is not None and bias is None:
            self._take_bias(view, size)
        reader, _ = view.only_reader(self.output)
        if reader is not None and is_plain(reader, "Relu"):
            self.relu = True
            self._take(reader)
            reader, _ = view.only_reader(self.output)
        if reader is not None and is_plain(reader, "QuantizeLinear") and reader.inputs[0] == self.output:
            self.made = view.scale_of(reader)
            if self.made is not None:
                self._take(reader)

    def _take(self, node):
        self.gone.append(node)
        self.output = node.outputs[0]

    def _take_bias(self, view, size):
        reader, position = view.only_reader(self.output)
        if reader is None or not is_plain(reader, "Add"):
            return
        bias = view.real(reader.inputs[1 - position])
        # Fewer dimensions than any product has: the sum keeps its shape.
        if bias is not None and bias.dim() <= 1 and bias.numel() in (1, size):
            self.bias = bias.reshape(-1).expand(size).contiguous()
            self._take(reader)


def _weight(view, name, axis, turned):
    """The Weight that a value is; `axis` is that of its rows, which come first when it is `turned`."""
    node = view.maker(name, "DequantizeLinear")
    if node is None or len(node.inputs) < 2 or node.get("block_size", 0) or node.get("output_dtype", 0) not in (0, 1):
        return None
    codes, scale = view.constant(node.inputs[0]), view.constant(node.inputs[1])
    zero = view.constant(node.inputs[2]) if len(node.inputs) > 2 else None
    if codes is None or scale is None or len(node.inputs) > 2 and node.inputs[2] and zero is None:
        return None
    if codes.dim() == 0 or turned and codes.dim() != 2:
        return None
    if scale.numel() > 1 and node.get("axis", 1) % codes.dim() != axis % codes.dim():
        return None
    return Weight.of(codes.t() if turned else codes, scale, zero)


# ---- real numbers between codes: QuantizeLinear and DequantizeLinear around what computes ----------------------------------------


@_rule("Conv", 2)
def _conv(view, node):
    weight = _weight(view, node.inputs[1], 0, False)
    bias = view.real(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    given = view.codes_of(node.inputs[0])
    if weight is None or given is None or not _can_convolve(node, weight) or _lacks(node, 2, bias):
        return None
    tail = _Tail(view, node)
    return IntegerConv(node, weight, bias, given[1], tail.made, tail.relu), [given[0]], tail.gone, tail.output


def _can_convolve(node, weight):
    """Has the kernel this form?"""
    return weight.codes.dim() in (3, 4) and node.get("auto_pad", "NOTSET") in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def _lacks(node, position, value):
    """Is there an input that is no constant?"""
    return value is None and len(node.inputs) > position and node.inputs[position] != ""


@_rule("MatMul", 2)
def _matmul(view, node):
    weight = _matrix(view, node.inputs[1], 1, True)
    return None if weight is None else _linear(view, node, weight, None)


@_rule("Gemm", 2)
def _gemm(view, node):
    if node.get("transA", 0) or node.get("alpha", 1.0) != 1 or node.get("beta", 1.0) != 1:
        return None
    is_turned = not node.get("transB", 0)
    weight = _matrix(view, node.inputs[1], 1 if is_turned else 0, is_turned)
    bias = view.real(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    if weight is None or _lacks(node, 2, bias) or bias is not None and bias.numel() not in (1, weight.codes.shape[0]):
        return None
    return _linear(view, node, weight, None if bias is None else bias.reshape(-1).expand(weight.codes.shape[0]).contiguous())


def _matrix(view, name, axis, turned):
    weight = _weight(view, name, axis, turned)
    return weight if weight is not None and weight.codes.dim() == 2 else None


def _linear(view, node, weight, bias):
    size = weight.codes.shape[0]
    given = view.codes_of(node.inputs[0])
    if given is None:
        tail = _Tail(view, node, size, bias)
        return None if tail.made is not None or tail.relu else (_bytes_linear(weight, tail.bias), node.inputs[:1], tail.gone, tail.output)
    tail = _Tail(view, node, size, bias)
    name, scale = given
    return IntegerLinear(weight, tail.bias, scale, tail.made, tail.relu), [name], tail.gone, tail.output


def rounding_of(view, codes):
    """The real numbers that become these codes for one product alone, which can round them itself."""
    maker = view.maker(codes, "QuantizeLinear")
    if maker is None or maker in view.gone or view.n_readers(codes) != 1:
        return None
    turning = view.uses[codes][0][0]
    is_alone = is_plain(turning, "DequantizeLinear") and view.n_readers(turning.outputs[0]) == 1
    return maker.inputs[0] if is_alone else None


def _bytes_linear(weight, bias):
    rows, columns = weight.codes.shape
    scale = weight.scale.reshape(-1, 1).expand(rows, 1).contiguous()
    zero = None if weight.zero is None else weight.zero.reshape(-1, 1).expand(rows, 1).to(torch.int8).contiguous()
    return _low_bits("int8", 0, "float", weight.codes, scale, zero, bias, [rows, columns])


def _low_bits(name, group, activations, codes, scale, zero, bias, shape):
    config = {
        "kind": "low_bit_linear", "attributes": {}, "format": name, "kernel": name, "group": group, "shape": shape,
        "activations": activations,
    }
    tensors = {"codes": codes, "scale": scale, "zero": zero, "bias": bias}
    return low_bit_layer(config, {key: tensor for key, tensor in tensors.items() if tensor is not None})


# ---- operators that say themselves that they compute on codes ------------------------------------------------------------------


def _stated(view, node, codes, scale, zero):
    """The Weight of three inputs of a node, rows first; None where they are no constants."""
    parts = [view.constant(node.inputs[at]) if len(node.inputs) > at else None for at in (codes, scale, zero)]
    return None if parts[0] is None or parts[1] is None or _lacks(node, zero, parts[2]) else parts


@_rule("QLinearConv", 8)
def _qlinear_conv(view, node):
    parts = _stated(view, node, 3, 4, 5)
    weight = None if parts is None else Weight.of(*parts)
    given, made = view.scale_of(node, 1), view.scale_of(node, 6)
    codes = view.constant(node.inputs[8]) if len(node.inputs) > 8 and node.inputs[8] else None
    if weight is None or given is None or made is None or not _can_convolve(node, weight) or _lacks(node, 8, codes):
        return None
    bias = _stated_bias(codes, given, weight)
    return IntegerConv(node, weight, bias, given, made, False), node.inputs[:1], [node], node.outputs[0]


def _stated_bias(codes, given, weight):
    """Biases are in the codes of sums."""
    return None if codes is None else codes.to(torch.float32) * (weight.scale * torch.tensor(given.scale))


@_rule("QLinearMatMul", 8)
def _qlinear_matmul(view, node):
    parts = _stated(view, node, 3, 4, 5)
    weight = None if parts is None or parts[0].dim() != 2 else Weight.of(parts[0].t(), *parts[1:])
    given, made = view.scale_of(node, 1), view.scale_of(node, 6)
    if weight is None or given is None or made is None:
        return None
    return IntegerLinear(weight, None, given, made, False), node.inputs[:1], [node], node.outputs[0]


@_rule("QGemm", 6, _OWN)
def _qgemm(view, node):
    parts = _stated(view, node, 3, 4, 5)
    if parts is None or parts[0].dim() != 2 or node.get("transA", 0) or node.get("alpha", 1.0) != 1:
        return None
    weight = Weight.of(parts[0] if node.get("transB", 0) else parts[0].t(), *parts[1:])
    given = view.scale_of(node, 1)
    codes = view.constant(node.inputs[6]) if len(node.inputs) > 6 and node.inputs[6] else None
    is_coded = len(node.inputs) > 7 and node.inputs[7] != ""
    made = view.scale_of(node, 7) if is_coded else None
    if weight is None or given is None or is_coded and made is None or _lacks(node, 6, codes):
        return None
    if codes is not None and codes.numel() != weight.codes.shape[0]:
        return None
    bias = None if codes is None else _stated_bias(codes.reshape(-1), given, weight)
    return IntegerLinear(weight, bias, given, made, False), node.inputs[:1], [node], node.outputs[0]


# ---- scales from each call ------------------------------------------------------------------------------------------------------


@_rule("MatMulInteger", 2)
def _matmul_integer(view, node):
    weight = _dynamic_weight(view, node, lambda codes: codes.t() if codes.dim() == 2 else None)
    return None if weight is None else _dynamic(view, node, *weight, lambda *parts: IntegerLinear(*parts))


@_rule("ConvInteger", 2)
def _conv_integer(view, node):
    weight = _dynamic_weight(view, node, lambda codes: codes)
    if weight is None or not _can_convolve(node, Weight.of(weight[0], torch.ones(1), weight[1])):
        return None
    return _dynamic(view, node, *weight, lambda *parts: IntegerConv(node, *parts))


def _dynamic_weight(view, node, turned):
    codes = view.constant(node.inputs[1])
    zero = view.constant(node.inputs[3]) if len(node.inputs) > 3 else None
    codes = None if codes is None or _lacks(node, 3, zero) else turned(codes)
    return None if codes is None or Weight.of(codes, torch.ones(1), zero) is None else (codes, zero)


def _dynamic(view, node, codes, zero, make):
    """DynamicQuantizeLinear -> sums -> bias in their steps -> Cast -> times both scales -> bias."""
    source, position = view.makers.get(node.inputs[0], (None, 0))
    if source is None or position or not is_plain(source, "DynamicQuantizeLinear"):
        return None
    if len(node.inputs) < 3 or node.inputs[2] != source.outputs[2]:
        return None
    rows, n_dims = codes.shape[0], codes.dim()
    gone, output, bias_codes = [node], node.outputs[0], ""
    add, at = view.only_reader(output)
    if add is not None and is_plain(add, "Add"):
        bias_codes = _spread_over_rows(view, add.inputs[1 - at], rows, n_dims)
        if bias_codes is None:
            return None
        gone.append(add)
        output = add.outputs[0]
    cast, _ = view.only_reader(output)
    if cast is None or not is_plain(cast, "Cast") or cast.get("to") != 1:
        return None
    gone.append(cast)
    output = cast.outputs[0]
    scale, has_input_scale = None, False
    while True:
        product, at = view.only_reader(output)
        if product is None or not is_plain(product, "Mul"):
            break
        known, names_input, inner = _factor(view, product.inputs[1 - at], source.outputs[1])
        if not names_input and known is None or names_input and has_input_scale or known is not None and scale is not None:
            break
        if known is not None and not _is_per_row(known, rows, n_dims):
            break
        scale, has_input_scale = known if known is not None else scale, has_input_scale or names_input
        gone.extend([*inner, product])
        output = product.outputs[0]
    if not has_input_scale:
        return None
    weight = Weight.of(codes, torch.ones(1) if scale is None else scale.reshape(-1), zero)
    bias = None
    add, at = view.only_reader(output)
    if not bias_codes and add is not None and is_plain(add, "Add"):
        found = view.real(add.inputs[1 - at])
        if found is not None and _is_per_row(found, rows, n_dims):
            bias = found.reshape(-1).expand(rows).contiguous()
            gone.append(add)
            output = add.outputs[0]
    reader, _ = view.only_reader(output)
    relu = reader is not None and is_plain(reader, "Relu")
    if relu:
        gone.append(reader)
        output = reader.outputs[0]
    layer = make(weight, bias, None, None, relu)
    # A product rounds what it reads, where nobody else wants the codes.
    is_alone = isinstance(layer, IntegerLinear) and not bias_codes and view.only_reader(source.outputs[0])[0] is node
    inputs = source.inputs[:1] if is_alone else [*source.outputs, *[bias_codes] * (bias_codes != "")]
    return layer, inputs, gone, output


def _spread_over_rows(view, name, rows, n_dims):
    """The name of numbers, one for each row of a weight, that were laid where rows lie in what it makes; None for others."""
    reshape = view.maker(name, "Reshape")
    shape = None if reshape is None else view.constant(reshape.inputs[1])
    wanted = [[lead, rows, *[1] * (n_dims - 2)] for lead in (1, -1)]
    if shape is None or shape.tolist() not in [*wanted, [1, -1, *[1] * (n_dims - 2)]]:
        return None
    return reshape.inputs[0]


def _factor(view, name, input_scale):
    """(constant or None, is the input's scale in it, nodes that it stands for) of what sums are multiplied by."""
    if name == input_scale:
        return None, True, []
    known = view.constant(name)
    if known is not None:
        return known, False, []
    product = view.maker(name, "Mul")
    if product is None or input_scale not in product.inputs:
        return None, False, []
    known = view.constant(product.inputs[1 - product.inputs.index(input_scale)])
    # Others may read it, too.
    return (None, False, []) if known is None else (known, True, [])


def _is_per_row(t, rows, n_dims):
    """One number for all rows of a weight, or one for each: where these lie in what it makes."""
    if t.dtype != torch.float32:
        return False
    after = n_dims - 2
    return t.numel() == 1 or t.numel() == rows and tuple(t.shape)[max(0, t.dim() - after - 1) :] == (rows, *[1] * after)


@_rule("DynamicQuantizeMatMul", 3, _OWN)
def _dynamic_matmul(view, node):
    weight = _own_matrix(view, node, 1, 2, 3)
    bias = view.real(node.inputs[4]) if len(node.inputs) > 4 and node.inputs[4] else None
    if weight is None or _lacks(node, 4, bias):
        return None
    return IntegerLinear(weight, bias, None, None, False), node.inputs[:1], [node], node.outputs[0]


@_rule("MatMulIntegerToFloat", 4, _OWN)
def _matmul_to_float(view, node):
    weight = _own_matrix(view, node, 1, 3, 5)
    bias = view.real(node.inputs[6]) if len(node.inputs) > 6 and node.inputs[6] else None
    source, position = view.makers.get(node.inputs[0], (None, 0))
    if weight is None or _lacks(node, 6, bias) or source is None or not is_plain(source, "DynamicQuantizeLinear"):
        return None
    if position or [*node.inputs, "", ""][2:5:2] != source.outputs[1:3]:
        return None
    return IntegerLinear(weight, bias, None, None, False), source.inputs[:1], [node], node.outputs[0]


def _own_matrix(view, node, codes, scale, zero):
    parts = _stated(view, node, codes, scale, zero)
    return None if parts is None or parts[0].dim() != 2 else Weight.of(parts[0].t(), *parts[1:])


# ---- weights of few bits ---------------------------------------------------------------------------------------------------------


@_rule("MatMulNBits", 3, _OWN)
def _matmul_nbits(view, node):
    bits, block, columns, rows = node.get("bits", 4), node.get("block_size"), node.get("K"), node.get("N")
    inputs = [*node.inputs, "", "", ""][:6]
    codes, scales, zeros = (view.constant(name) for name in inputs[1:4])
    bias = view.real(inputs[5]) if inputs[5] else None
    if None in (block, columns, rows) or min(block, columns, rows) < 1:
        return None
    if bits not in (4, 8) or block % 8 or columns % 2 or inputs[4] or codes is None or scales is None or inputs[5] and bias is None:
        return None
    if inputs[3] and (zeros is None or zeros.dtype != torch.uint8) or scales.dtype != torch.float32:
        return None
    groups = -(-columns // block)
    if codes.numel() != rows * groups * block * bits // 8 or scales.numel() != rows * groups or codes.dtype != torch.uint8:
        return None
    if zeros is not None and zeros.numel() != rows * -(-groups * bits // 8):
        return None
    weight = codes.reshape(rows, -1)[:, : columns * bits // 8].contiguous()
    zero = None
    if zeros is not None:
        zero = zeros.reshape(rows, -1)
        zero = (zero if bits == 8 else _ops._unpack_int4(zero.contiguous()))[:, :groups].contiguous()
    if bits == 8:
        weight = _lowered(weight)
        zero = None if zero is None else _lowered(zero)
    # Level 4 lets inputs be rounded to eight bits, which weights of four gain most from.
    activations = "int8" if node.get("accuracy_level", 0) == 4 and bits == 4 else "float"
    tail = _Tail(view, node, rows, bias)
    if tail.relu or tail.made is not None:
        tail = None
    bias, gone, output = (bias, [node], node.outputs[0]) if tail is None else (tail.bias, tail.gone, tail.output)
    scale = scales.reshape(rows, groups)
    return _low_bits(f"int{bits}", block, activations, weight, scale, zero, bias, [rows, columns]), node.inputs[:1], gone, output


def _lowered(codes):
    """128 less, as int8: the same bits but for the first."""
    return torch.bitwise_xor(codes, torch.full_like(codes, 128)).view(torch.int8)
