"""Recurrent layers whose matrices are int8 or float16: activations are quantized on the fly, gates are computed in
float."""

import torch
from torch._gen import functions as _f
from torch._quantized_packed import CellParams, PackedHalf, _most_code


def make_quantized_cell_params_dynamic(w_ih, w_hh, bias_ih, bias_hh, reduce_range=False):
    return CellParams(w_ih, w_hh, reduce_range)


def make_quantized_cell_params_fp16(w_ih, w_hh):
    return CellParams(w_ih, w_hh)


# One step: gates from the input and from the hidden state, each already multiplied by its matrix.


def _lstm_step(from_input, from_hidden, state):
    gates = from_input + from_hidden
    into, forget, new, out = gates.chunk(4, 1)
    cell = torch.sigmoid(forget) * state[1] + torch.sigmoid(into) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(cell), cell


def _gru_step(from_input, from_hidden, state):
    input_reset, input_update, input_new = from_input.chunk(3, 1)
    hidden_reset, hidden_update, hidden_new = from_hidden.chunk(3, 1)
    reset = torch.sigmoid(hidden_reset + input_reset)
    update = torch.sigmoid(hidden_update + input_update)
    new = torch.tanh(input_new + hidden_new * reset)
    return ((state[0] - new) * update + new,)


def _rnn_step(function):
    return lambda from_input, from_hidden, state: (function(from_hidden + from_input),)


_STEPS = {"LSTM": _lstm_step, "GRU": _gru_step}


# A layer: all inputs are multiplied at once, so that they share one scale; steps of a packed sequence have batches of
# their own.


def _layer(mode, params, data, sizes, state, is_reversed):
    gates = params.from_input(data)
    if state[0].dtype is torch.float32 and not torch.compiler._is_exporting and params.has_one_op():
        output, *finals = params.over_steps(mode, gates, state, sizes, is_reversed)
        return output, finals
    step = _STEPS[mode]
    gates = gates.split(sizes)
    outputs = [None] * len(sizes)
    order = range(len(sizes) - 1, -1, -1) if is_reversed else range(len(sizes))
    # Sequences are sorted by length: of a batch of n the first n are still, or again, under way.
    whole = [part.clone() for part in state]
    for t in order:
        n = sizes[t]
        now = tuple(part[:n] for part in whole)
        now = step(gates[t], params.from_hidden(now[0]), now)
        whole = [new if n == part.shape[0] else torch.cat([new, part[n:]]) for new, part in zip(now, whole)]
        outputs[t] = now[0]
    return torch.cat(outputs), whole


def _in_layers(mode, data, sizes, state, params, num_layers, dropout, is_training, is_bidirectional):
    """All layers over rows of `data` (sizes[t] of them for step t): (rows out, final states)."""
    directions = 2 if is_bidirectional else 1
    finals = []
    for layer in range(num_layers):
        sides = []
        for direction in range(directions):
            index = layer * directions + direction
            out, final = _layer(mode, params[index], data, sizes, [part[index] for part in state], direction == 1)
            sides.append(out)
            finals.append(final)
        data = sides[0] if directions == 1 else torch.cat(sides, 1)
        if dropout and is_training and layer < num_layers - 1:
            data = torch.nn.functional.dropout(data, dropout)
    return data, [torch.stack(parts) for parts in zip(*finals)]


def _in_one_op(mode, data, sizes, state, params, is_bidirectional, batch_first):
    """(output, final states) of all layers; None where one of them is not what the op does."""
    if data.dtype is not torch.float32:
        return None
    # ONNX Runtime has one operator of integers, for whole sequences.
    if torch.compiler._is_exporting and (mode != "LSTM" or sizes is not None):
        return None
    tensors = []
    n_biases = 0
    reduces = params[0].reduce_range
    for param in params:
        if param.reduce_range != reduces:
            return None
        for packed in (param.packed_ih, param.packed_hh):
            if type(packed) is PackedHalf or packed.zero_points is not None:
                return None
            tensors += (packed.weight._ints, packed.scales)
            bias = packed.bias
            if bias is not None:
                tensors.append(bias.detach() if bias.requires_grad else bias)
                n_biases += 1
    if n_biases not in (0, 2 * len(params)):
        return None
    hidden, cell = (None, None) if state is None else state if mode == "LSTM" else (state[0], None)
    output, hidden, cell = _f._recurrent_network_int8(
        mode, data, hidden, cell, sizes, tensors, n_biases > 0, is_bidirectional, batch_first, "tensor", _most_code(reduces)
    )
    return output, (hidden, cell) if mode == "LSTM" else (hidden,)


def run(mode, input, sizes, state, params, num_layers, dropout, is_training, is_bidirectional, batch_first=False):
    """(output, final states) of all layers over sequences or, where `sizes` are given, packed ones; a state of None is zeros."""
    drops = dropout and is_training
    if not drops:
        found = _in_one_op(mode, input, sizes, state, params, is_bidirectional, batch_first)
        if found is not None:
            return found
    if state is None:
        batch = sizes[0] if sizes is not None else input.shape[0 if batch_first else 1]
        units = params[0].packed_hh.weight.shape[1]
        zeros = torch.zeros(len(params), batch, units, dtype=input.dtype, device=input.device)
        state = [zeros] * (2 if mode == "LSTM" else 1)
    rest = (state, params, num_layers, dropout, is_training, is_bidirectional)
    if sizes is not None:
        return _in_layers(mode, input, sizes, *rest)
    steps = input.transpose(0, 1) if batch_first else input
    length, batch = steps.shape[:2]
    rows, finals = _in_layers(mode, steps.reshape(length * batch, -1), [batch] * length, *rest)
    output = rows.view(length, batch, -1)
    return output.transpose(0, 1) if batch_first else output, finals


# Cells


def _cell(step, reduce_range=True):
    def cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
        params = CellParams(w_ih, w_hh, reduce_range)
        state = tuple(hx) if isinstance(hx, (list, tuple)) else (hx,)
        found = step(params.from_input(input), params.from_hidden(state[0]), state)
        return found if len(found) > 1 else found[0]

    return cell


OPERATORS = {
    "make_quantized_cell_params_dynamic": make_quantized_cell_params_dynamic,
    "make_quantized_cell_params_fp16": make_quantized_cell_params_fp16,
    "quantized_lstm_cell_dynamic": _cell(_lstm_step), "quantized_gru_cell_dynamic": _cell(_gru_step),
    "quantized_rnn_tanh_cell_dynamic": _cell(_rnn_step(torch.tanh)),
    "quantized_rnn_relu_cell_dynamic": _cell(_rnn_step(torch.relu)),
}
