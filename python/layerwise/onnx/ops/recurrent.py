"""RNN, GRU and LSTM: both directions, sequences of different lengths, any of ONNX's activations, peepholes; and ONNX Runtime's
LSTM of integers, DynamicQuantizeLSTM."""

import torch
import torch.nn.functional as F
from torch._gen import functions as _ops
from torch.nn.modules.rnn import _NETWORKS

from layerwise.onnx.ops.contrib import dynamic_quantize_matmul
from layerwise.onnx.registry import operator

_PLAIN = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softsign": F.softsign,
    "softplus": lambda x: torch.log1p(torch.exp(x)),
}
_WITH_NUMBERS = {
    "affine": (1.0, 0.0, lambda x, a, b: a * x + b),
    "leakyrelu": (0.01, 0.0, lambda x, a, b: torch.where(x >= 0, x, a * x)),
    "thresholdedrelu": (1.0, 0.0, lambda x, a, b: torch.where(x >= a, x, torch.zeros_like(x))),
    "scaledtanh": (1.0, 1.0, lambda x, a, b: a * torch.tanh(b * x)),
    "hardsigmoid": (0.2, 0.5, lambda x, a, b: torch.clamp(a * x + b, 0, 1)),
    "elu": (1.0, 0.0, lambda x, a, b: torch.where(x >= 0, x, a * torch.expm1(x))),
}


def _activations(node, default, directions):
    """Functions for each direction, in the order of the gates."""
    names = node.get("activations") or default * directions
    alphas = list(node.get("activation_alpha") or [])
    betas = list(node.get("activation_beta") or [])
    found = []
    for name in names:
        key = name.lower()
        if key in _PLAIN:
            found.append(_PLAIN[key])
            continue
        if key not in _WITH_NUMBERS:
            node.refuse(f"the activation {name} is not done here")
        alpha, beta, function = _WITH_NUMBERS[key]
        alpha = alphas.pop(0) if alphas else alpha
        beta = betas.pop(0) if betas else beta
        found.append(lambda x, a=alpha, b=beta, f=function: f(x, a, b))
    count = len(default)
    return [found[d * count : (d + 1) * count] for d in range(directions)]


class _Layer:
    """What the three have in common: weights by direction, the walk over time."""

    def __init__(self, node, x, weight, recurrence, bias, lengths, gates, default):
        self.node = node
        self.directions = weight.shape[0]
        self.gates = gates
        self.hidden = recurrence.shape[2]
        self.is_batch_first = bool(node.get("layout", 0))
        self.x = x.transpose(0, 1) if self.is_batch_first else x
        self.weight, self.recurrence = weight, recurrence
        self.bias = bias if bias is not None else x.new_zeros((self.directions, 2 * gates * self.hidden))
        self.lengths = None if lengths is None else [int(n) for n in lengths.tolist()]
        self.activations = _activations(node, default, self.directions)
        self.limit = node.get("clip")
        self.direction = node.choice("direction", "forward", ("forward", "reverse", "bidirectional"))

    def clip(self, x):
        return x if self.limit is None else torch.clamp(x, -self.limit, self.limit)

    def initial(self, given):
        if given is None:
            return self.x.new_zeros((self.directions, self.x.shape[1], self.hidden))
        return given.transpose(0, 1) if self.is_batch_first else given

    def biases(self, d):
        size = self.gates * self.hidden
        return self.bias[d, :size], self.bias[d, size:]

    def run_whole(self, mode, states, order):
        """The op of PyTorch's layer for all steps; `order` says where its gates stand here."""
        weights = []
        for d in range(self.directions):
            weights.append(self.ordered("weight", self.weight, d, order))
            weights.append(self.ordered("recurrence", self.recurrence, d, order))
            weights += [self.ordered(name, self.bias, d, order, part) for part, name in enumerate(("own", "other"))]
        is_turned = self.direction == "reverse"
        x = self.x.flip(0) if is_turned else self.x
        output, *last = _NETWORKS[mode](x, *states, None, weights, True, self.directions == 2, 0.0, False)
        y = output.view(*x.shape[:2], self.directions, self.hidden).transpose(1, 2)
        return self.arranged(y.flip(0) if is_turned else y, last)

    def ordered(self, name, source, d, order, part=0):
        """One direction's rows in PyTorch's order; kept where they are asked for again and no gradient goes through them."""

        def make(source):
            parts = source[d].split(self.hidden, dim=0)[part * self.gates : (part + 1) * self.gates]
            return torch.cat([parts[i] for i in order], dim=0) if len(parts) > 1 else parts[0]

        if torch.is_grad_enabled() and source.requires_grad or torch.onnx.is_in_onnx_export():
            return make(source)
        return self.node.once(f"{name} {d}", source, make)

    def is_whole(self):
        """Is it PyTorch's layer over whole sequences?"""
        return self.lengths is None and self.limit is None and self.x.shape[0] > 0

    def run(self, step, states):
        """step(direction, x at one time, states) -> new states; the first state is what comes out."""
        outputs, lasts = [], []
        for d in range(self.directions):
            is_reverse = self.direction == "reverse" or d == 1
            state = tuple(part[d] for part in states)
            found = [None] * self.x.shape[0]
            for t in reversed(range(len(found))) if is_reverse else range(len(found)):
                new = step(d, self.x[t], state)
                state, found[t] = self._masked(t, new, state)
            outputs.append(torch.stack(found))
            lasts.append(state)
        return self._joined(outputs, lasts)

    def _joined(self, outputs, lasts):
        return self.arranged(torch.stack(outputs, dim=1), [torch.stack(parts) for parts in zip(*lasts)])

    def arranged(self, y, finals):
        """Outputs [steps, directions, batch, units] and last states as the node says."""
        if self.is_batch_first:
            return y.permute(2, 0, 1, 3), *[part.transpose(0, 1) for part in finals]
        return y, *finals

    def _masked(self, t, new, old):
        """A sequence that has ended (or, backwards, not begun) keeps its state and gives zeros."""
        if self.lengths is None or all(t < n for n in self.lengths):
            return new, new[0]
        is_on = torch.tensor([t < n for n in self.lengths], device=self.x.device).unsqueeze(1)
        state = tuple(torch.where(is_on, a, b) for a, b in zip(new, old))
        return state, torch.where(is_on, new[0], torch.zeros_like(new[0]))


@operator("RNN")
def rnn(node, x, weight, recurrence, bias=None, lengths=None, initial=None):
    layer = _Layer(node, x, weight, recurrence, bias, lengths, 1, ["Tanh"])
    names = {name.lower() for name in node.get("activations") or ["Tanh"]}
    if layer.is_whole() and names in ({"tanh"}, {"relu"}):
        return layer.run_whole("RNN_RELU" if names == {"relu"} else "RNN_TANH", (layer.initial(initial),), [0])

    def step(d, now, state):
        own, other = layer.biases(d)
        total = F.linear(now, weight[d], own) + F.linear(state[0], recurrence[d], other)
        return (layer.activations[d][0](layer.clip(total)),)

    return layer.run(step, (layer.initial(initial),))


@operator("GRU")
def gru(node, x, weight, recurrence, bias=None, lengths=None, initial=None):
    layer = _Layer(node, x, weight, recurrence, bias, lengths, 3, ["Sigmoid", "Tanh"])
    n = layer.hidden
    resets_late = bool(node.get("linear_before_reset", 0))
    if layer.is_whole() and resets_late and not node.get("activations"):
        return layer.run_whole("GRU", (layer.initial(initial),), [1, 0, 2])

    def step(d, now, state):
        own, other = layer.biases(d)
        gate, last = layer.activations[d]
        h = state[0]
        from_input = F.linear(now, weight[d], own)
        hidden = F.linear(h, recurrence[d, : 2 * n], other[: 2 * n])
        update = gate(layer.clip(from_input[:, :n] + hidden[:, :n]))
        reset = gate(layer.clip(from_input[:, n : 2 * n] + hidden[:, n:]))
        if resets_late:
            new = reset * F.linear(h, recurrence[d, 2 * n :], other[2 * n :])
        else:
            new = F.linear(reset * h, recurrence[d, 2 * n :], other[2 * n :])
        new = last(layer.clip(from_input[:, 2 * n :] + new))
        return ((1 - update) * new + update * h,)

    return layer.run(step, (layer.initial(initial),))


# Where PyTorch's gates of an LSTM stand among ONNX's.
_LSTM_GATES = [0, 2, 3, 1]


def _lstm_layer(node, x, weight, recurrence, bias, lengths, initial, initial_cell, peepholes):
    """(the layer, its first states, is it PyTorch's?)"""
    layer = _Layer(node, x, weight, recurrence, bias, lengths, 4, ["Sigmoid", "Tanh", "Tanh"])
    states = (layer.initial(initial), layer.initial(initial_cell))
    is_plain = not node.get("activations") and peepholes is None and not node.get("input_forget", 0)
    return layer, states, is_plain and layer.is_whole()


@operator("LSTM")
def lstm(node, x, weight, recurrence, bias=None, lengths=None, initial=None, initial_cell=None, peepholes=None):
    layer, states, is_usual = _lstm_layer(
        node, x, weight, recurrence, bias, lengths, initial, initial_cell, peepholes
    )
    if is_usual:
        return layer.run_whole("LSTM", states, _LSTM_GATES)

    def gates(d, now, h):
        own, other = layer.biases(d)
        return F.linear(now, weight[d], own) + F.linear(h, recurrence[d], other)

    return _walk_lstm(layer, states, peepholes, gates)


@operator("DynamicQuantizeLSTM", domain="com.microsoft")
def dynamic_quantize_lstm(
    node, x, weight, recurrence, bias=None, lengths=None, initial=None, initial_cell=None, peepholes=None,
    weight_scale=None, weight_zero=None, recurrence_scale=None, recurrence_zero=None,
):
    # Weights lie [directions, inputs, gates]; scales and zero points are one or one a gate's row, of each direction.
    turned = weight.transpose(1, 2), recurrence.transpose(1, 2)
    layer, states, is_usual = _lstm_layer(node, x, *turned, bias, lengths, initial, initial_cell, peepholes)
    numbers = (weight_scale, weight_zero), (recurrence_scale, recurrence_zero)
    codes = [_signed(part, zero) for part, (_, zero) in zip(turned, numbers)]
    if is_usual and layer.x.dtype is torch.float32 and all(part is not None for part in codes):
        return _lstm_of_integers(layer, states, codes, [scale for scale, _ in numbers])

    def product(x, codes, d, numbers, bias):
        scale, zero = (None if part is None else part[d] for part in numbers)
        return dynamic_quantize_matmul(node, x, codes[d], scale, zero, bias)

    # An input is rounded as a whole, whatever its steps are.
    whole = [product(layer.x, weight, d, numbers[0], layer.biases(d)[0]) for d in range(layer.directions)]
    steps = torch.arange(layer.x.shape[0])
    layer.x = steps

    def gates(d, t, h):
        return whole[d][t] + product(h, recurrence, d, numbers[1], layer.biases(d)[1])

    return _walk_lstm(layer, states, peepholes, gates)


def _signed(codes, zero):
    """Codes around zero as int8, None where a byte does not hold them."""
    zeros = None if zero is None else zero.to(torch.int16)
    if codes.dtype == torch.int8 and (zeros is None or not zeros.any()):
        return codes
    if codes.dtype == torch.uint8 and zeros is not None and bool((zeros == 128).all()):
        return (codes.to(torch.int16) - 128).to(torch.int8)
    return None


def _lstm_of_integers(layer, states, codes, scales):
    """All steps in one op, states rounded as a whole in each."""

    def ordered(x):
        parts = x.split(layer.hidden, dim=0)
        return torch.cat([parts[i] for i in _LSTM_GATES], dim=0)

    tensors = []
    for d in range(layer.directions):
        for part, scale, bias in zip(codes, scales, layer.biases(d)):
            own = scale[d].reshape(-1)
            tensors += [ordered(part[d]), own if own.numel() == 1 else ordered(own), ordered(bias)]
    is_turned = layer.direction == "reverse"
    x = layer.x.flip(0) if is_turned else layer.x
    output, *last = _ops._recurrent_network_int8(
        "LSTM", x, *states, None, tensors, True, layer.directions == 2, False, "tensor", 255
    )
    y = output.view(*x.shape[:2], layer.directions, layer.hidden).transpose(1, 2)
    return layer.arranged(y.flip(0) if is_turned else y, last)


def _walk_lstm(layer, states, peepholes, gates):
    """Step by step; gates(direction, x at one time, hidden) gives their sums, in ONNX's order."""
    node, n = layer.node, layer.hidden

    def step(d, now, state):
        gate, into, out_of = layer.activations[d]
        h, c = state
        total = gates(d, now, h)
        i, o, f, g = total.split(n, dim=1)
        if peepholes is not None:
            pi, po, pf = peepholes[d].split(n)
            i, f = i + pi * c, f + pf * c
        i = gate(layer.clip(i))
        f = 1 - i if node.get("input_forget", 0) else gate(layer.clip(f))
        c = f * c + i * into(layer.clip(g))
        if peepholes is not None:
            o = o + po * c
        return gate(layer.clip(o)) * out_of(c), c

    return layer.run(step, states)
