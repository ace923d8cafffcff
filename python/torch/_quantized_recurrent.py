"""Recurrent layers whose matrices are int8 or float16: activations are quantized on the fly, gates are computed in
float."""

import torch
from torch._quantized_packed import CellParams


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


def run(mode, data, sizes, state, params, num_layers, dropout, is_training, is_bidirectional):
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


def run_tensor(mode, input, state, params, num_layers, dropout, is_training, is_bidirectional, batch_first):
    steps = input.transpose(0, 1) if batch_first else input
    length, batch = steps.shape[:2]
    rows, finals = run(
        mode, steps.reshape(length * batch, -1), [batch] * length, state, params, num_layers, dropout, is_training,
        is_bidirectional,
    )
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
