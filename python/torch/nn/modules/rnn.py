"""Recurrent layers: RNN, LSTM and GRU over whole or packed sequences, and their single-step cells.

All layers together are one op. Where that does not do (projections, autocast, products that are modules of their own) each layer
makes its input-to-hidden product for all steps at once and then walks through time.
"""

import functools
import math
import numbers
import warnings

import torch
from torch import _recording

from ..._gen import functions as _ops
from ...amp.autocast_mode import _states as _autocast
from .. import functional as F
from .. import init
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from .module import Module

__all__ = ["RNNBase", "RNN", "LSTM", "GRU", "RNNCellBase", "RNNCell", "LSTMCell", "GRUCell"]


def apply_permutation(tensor, permutation, dim=1):
    return tensor.index_select(dim, permutation)


def _lstm_gates(gates, c):
    """(h, c) of one step from the four stacked gates: input, forget, cell, output."""
    i, f, g, o = gates.chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _gru_gates(from_input, from_hidden, h):
    """New h from the three stacked gates: reset, update, new; reset acts on the hidden part alone."""
    input_r, input_z, input_n = from_input.chunk(3, -1)
    hidden_r, hidden_z, hidden_n = from_hidden.chunk(3, -1)
    r = torch.sigmoid(input_r + hidden_r)
    z = torch.sigmoid(input_z + hidden_z)
    n = torch.tanh(input_n + r * hidden_n)
    return (h - n) * z + n


class _Step:
    """One layer and direction: its weights, and how it moves its state by one step."""

    def __init__(self, mode, w_ih, w_hh, b_ih, b_hh, w_hr):
        self.mode = mode
        self.w_ih, self.w_hh, self.b_ih, self.b_hh, self.w_hr = w_ih, w_hh, b_ih, b_hh, w_hr

    def whole(self, x, sizes, state, is_reverse):
        """(outputs, last state) of all steps at once; None where they are walked one by one."""
        return None

    def project(self, x):
        return F.linear(x, self.w_ih, self.b_ih)

    def __call__(self, from_input, state):
        h = state[0]
        from_hidden = F.linear(h, self.w_hh, self.b_hh)
        if self.mode == "LSTM":
            h, c = _lstm_gates(from_input + from_hidden, state[1])
            if self.w_hr is not None:
                h = F.linear(h, self.w_hr)
            return h, c
        if self.mode == "GRU":
            return (_gru_gates(from_input, from_hidden, h),)
        total = from_input + from_hidden
        return (torch.relu(total) if self.mode == "RNN_RELU" else torch.tanh(total),)


def _run(step, x, state, is_reverse):
    """Outputs of every step of x (T, N, F), and the last state."""
    found = step.whole(x, None, state, is_reverse)
    if found is not None:
        return found
    from_input = step.project(x).unbind(0)
    times = range(len(from_input))
    outputs = [None] * len(from_input)
    for t in reversed(times) if is_reverse else times:
        state = step(from_input[t], state)
        outputs[t] = state[0]
    return torch.stack(outputs), state


def _run_packed(step, data, batch_sizes, state, is_reverse):
    """The same for packed data, whose steps have fewer and fewer samples as short sequences end."""
    found = step.whole(data, batch_sizes, state, is_reverse)
    if found is not None:
        return found
    pieces = step.project(data).split(batch_sizes)
    outputs = [None] * len(pieces)
    if is_reverse:
        # Long sequences start first (at their end); a shorter one joins when its own last step comes.
        current = tuple(part[:batch_sizes[-1]] for part in state)
        for t in reversed(range(len(pieces))):
            n, before = batch_sizes[t], current[0].size(0)
            if n > before:
                current = tuple(torch.cat([now, first[before:n]]) for now, first in zip(current, state))
            current = step(pieces[t], current)
            outputs[t] = current[0]
        return torch.cat(outputs), current
    finished = []
    current = tuple(part[:batch_sizes[0]] for part in state)
    for t, piece in enumerate(pieces):
        n = batch_sizes[t]
        if n < current[0].size(0):
            finished.append(tuple(part[n:] for part in current))
            current = tuple(part[:n] for part in current)
        current = step(piece, current)
        outputs[t] = current[0]
    finished.append(current)
    last = tuple(torch.cat(parts) for parts in zip(*reversed(finished)))
    return torch.cat(outputs), last


# States that begin at zero.
_ZEROS = {"LSTM": (None, None), "GRU": (None,), "RNN_TANH": (None,), "RNN_RELU": (None,)}

_cpu_autocast, _cuda_autocast = _autocast["cpu"], _autocast["cuda"]

_NETWORKS = {
    "LSTM": _ops._lstm,
    "GRU": _ops._gru,
    "RNN_TANH": _ops._rnn,
    "RNN_RELU": functools.partial(_ops._rnn, is_relu=True),
}


def _walk(mode, gates, state, weight, bias, sizes=None, is_reverse=False):
    """(outputs, last state) of one layer in one direction, from what its inputs give to the gates [T, N, gates * H] or packed."""
    parts = [gates, *state, weight, bias]
    keeps = torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in parts)
    if mode == "LSTM":
        output, h, c, *_ = _ops._lstm_sequence(*parts, sizes, is_reverse, False, keeps)
        return output, (h, c)
    if mode == "GRU":
        output, h, _ = _ops._gru_sequence(*parts, sizes, is_reverse, False, keeps)
    else:
        output, h = _ops._rnn_sequence(*parts, sizes, is_reverse, False, mode == "RNN_RELU")
    return output, (h,)


class RNNBase(Module):
    """Weights, options and checks of the recurrent layers."""

    __constants__ = [
        "mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
        "proj_size",
    ]

    def __init__(
        self, mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
        bidirectional=False, proj_size=0, device=None, dtype=None,
    ):
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_options(dropout)
        n_gates = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}.get(mode)
        if n_gates is None:
            raise ValueError("Unrecognized RNN mode: " + mode)
        factory = {"device": device, "dtype": dtype}
        n_directions = 2 if bidirectional else 1
        out_size = proj_size if proj_size > 0 else hidden_size
        self._flat_weights_names = []
        self._all_weights = []
        for layer in range(num_layers):
            in_size = input_size if layer == 0 else out_size * n_directions
            for direction in range(n_directions):
                n_rows = n_gates * hidden_size
                shapes = [("weight_ih", (n_rows, in_size)), ("weight_hh", (n_rows, out_size))]
                if bias:
                    shapes += [("bias_ih", (n_rows,)), ("bias_hh", (n_rows,))]
                if proj_size > 0:
                    shapes.append(("weight_hr", (proj_size, hidden_size)))
                suffix = f"_l{layer}" + ("_reverse" if direction else "")
                names = [name + suffix for name, _ in shapes]
                for name, (_, shape) in zip(names, shapes):
                    setattr(self, name, Parameter(torch.empty(shape, **factory)))
                self._flat_weights_names.extend(names)
                self._all_weights.append(names)
        self.reset_parameters()

    def _check_options(self, dropout):
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        if not isinstance(self.hidden_size, int):
            raise TypeError(f"hidden_size should be of type int, got: {type(self.hidden_size).__name__}")
        if self.hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")

    @property
    def _flat_weights(self):
        held = self._parameters
        try:
            return [held[name] for name in self._flat_weights_names]
        except KeyError:
            # What is no parameter now (pruned, parametrized) is an attribute.
            return [held[name] if name in held else getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self):
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self):
        """Nothing to do: weights are read where they are."""

    def reset_parameters(self):
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text

    def check_input(self, input, batch_sizes):
        wanted = 2 if batch_sizes is not None else 3
        if input.dim() != wanted:
            raise RuntimeError(f"input must have {wanted} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def _mini_batch(self, input, batch_sizes):
        if batch_sizes is not None:
            return int(batch_sizes[0])
        return input.size(0) if self.batch_first else input.size(1)

    def _n_layers_and_directions(self):
        return self.num_layers * (2 if self.bidirectional else 1)

    def get_expected_hidden_size(self, input, batch_sizes):
        out_size = self.proj_size if self.proj_size > 0 else self.hidden_size
        return self._n_layers_and_directions(), self._mini_batch(input, batch_sizes), out_size

    def get_expected_cell_size(self, input, batch_sizes):
        return self._n_layers_and_directions(), self._mini_batch(input, batch_sizes), self.hidden_size

    def check_hidden_size(self, hx, expected_hidden_size, msg="Expected hidden size {}, got {}"):
        if tuple(hx.size()) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input, hidden, batch_sizes):
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx, permutation):
        return hx if permutation is None else apply_permutation(hx, permutation)

    def _steps(self):
        """The layers from bottom to top, each with one step per direction."""
        n_directions = 2 if self.bidirectional else 1
        steps = []
        for names in self._all_weights:
            weights = {name.split("_l")[0]: getattr(self, name) for name in names}
            steps.append(_Step(
                self.mode, weights["weight_ih"], weights["weight_hh"], weights.get("bias_ih"),
                weights.get("bias_hh"), weights.get("weight_hr"),
            ))
        return [steps[i:i + n_directions] for i in range(0, len(steps), n_directions)]

    def _one_op(self, x, packed):
        """What does all layers in one op: a function of input, states (None: zeros), sizes and batch_first; None where none does."""
        if self.proj_size > 0:
            return None
        if (_cpu_autocast.enabled or _cuda_autocast.enabled) and torch.is_autocast_enabled(x.device.type):
            return None
        # ONNX has one operator for it, for float32 and whole sequences.
        if torch.compiler._is_exporting and x.dtype is not torch.float32:
            return None
        return self._run_network

    def _run_network(self, x, states, sizes, batch_first):
        """(output, *last states) of all layers in one op."""
        return _NETWORKS[self.mode](
            x, *states, sizes, self._flat_weights, self.bias, self.bidirectional, self.dropout if self.training else 0.0,
            batch_first,
        )

    def _at_once(self, input):
        """(output, *last states) from zeros, where there is nothing to check or to rearrange; else None."""
        if type(input) is not torch.Tensor:
            return None
        shape = input.shape
        if len(shape) != 3 or shape[2] != self.input_size:
            return None
        run = self._one_op(input, None)
        return None if run is None else run(input, _ZEROS[self.mode], None, self.batch_first)

    def _run_layers(self, x, state, batch_sizes):
        """x is (T, N, F) or packed data; state is a tuple of (layers * directions, N, H) tensors."""
        sizes = None if batch_sizes is None else batch_sizes.tolist()
        initial = list(zip(*(part.unbind(0) for part in state)))
        last = []
        for layer, steps in enumerate(self._steps()):
            outputs = []
            for direction, step in enumerate(steps):
                first = initial[len(last)]
                if sizes is None:
                    output, final = _run(step, x, first, direction == 1)
                else:
                    output, final = _run_packed(step, x, sizes, first, direction == 1)
                outputs.append(output)
                last.append(final)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, True)
        return x, tuple(torch.stack(parts) for parts in zip(*last))

    def _forward(self, input, hx, n_states):
        """Everything around `_run_layers` that RNN, GRU (one state) and LSTM (two) share: (output, list of last states)."""
        packed = input if isinstance(input, PackedSequence) else None
        if packed is not None and _recording.is_recording():
            return self._recorded(packed, hx, n_states)
        sorted_indices = unsorted_indices = None
        if packed is not None:
            x, batch_sizes, sorted_indices, unsorted_indices = packed
            is_batched = True
        else:
            x, batch_sizes = input, None
            if x.dim() not in (2, 3):
                raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {x.dim()}D instead")
            is_batched = x.dim() == 3
            if not is_batched:
                x = x.unsqueeze(0 if self.batch_first else 1)
        run = self._one_op(x, packed)
        if run is not None and hx is None:
            self.check_input(x, batch_sizes)
            state = (None,) * n_states
        else:
            state = self._initial_state(x, hx, n_states, batch_sizes, is_batched, packed, sorted_indices)
            self.check_forward_args(x, state if n_states == 2 else state[0], batch_sizes)
        if run is not None:
            sizes = None if batch_sizes is None else batch_sizes.tolist()
            output, *last = run(x, state, sizes, self.batch_first and packed is None)
        elif packed is None and self.batch_first:
            output, last = self._run_layers(x.transpose(0, 1), state, batch_sizes)
            output = output.transpose(0, 1)
        else:
            output, last = self._run_layers(x, state, batch_sizes)
        last = [self._permuted(part, unsorted_indices) for part in last]
        if packed is not None:
            return PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices), last
        if not is_batched:
            output = output.squeeze(0 if self.batch_first else 1)
            last = [part.squeeze(1) for part in last]
        return output, last

    def _recorded(self, packed, hx, n_states):
        """The same over packed sequences as one step of an exporter's recording; samples change places outside of it."""
        states = [None, None] if hx is None else [*hx] if n_states == 2 else [hx, None]
        states = [part if part is None else self._permuted(part, packed.sorted_indices) for part in states]
        within = None if hx is None else tuple(states) if n_states == 2 else states[0]

        def compute():
            output, last = self._forward(PackedSequence(packed.data, packed.batch_sizes), within, n_states)
            return output.data, *last

        given = [
            packed.data, packed.batch_sizes, *states, self._flat_weights, self.mode, self.bias, self.bidirectional,
            self.dropout if self.training else 0.0, self.proj_size,
        ]
        output, *last = _recording.as_one_step("_packed_network", given, compute)
        last = [self._permuted(part, packed.unsorted_indices) for part in last]
        return PackedSequence(output, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices), last

    @staticmethod
    def _permuted(part, permutation):
        return part if permutation is None else apply_permutation(part, permutation)

    def _initial_state(self, x, hx, n_states, batch_sizes, is_batched, packed, sorted_indices):
        if hx is None:
            shapes = (self.get_expected_hidden_size, self.get_expected_cell_size)[:n_states]
            return tuple(
                torch.zeros(shape(x, batch_sizes), dtype=x.dtype, device=x.device) for shape in shapes
            )
        parts = tuple(hx) if n_states == 2 else (hx,)
        if packed is None:
            self._check_state_rank(parts, is_batched)
            if not is_batched:
                parts = tuple(part.unsqueeze(1) for part in parts)
        return tuple(self._permuted(part, sorted_indices) for part in parts)

    def _check_state_rank(self, parts, is_batched):
        rank = 3 if is_batched else 2
        if all(part.dim() == rank for part in parts):
            return
        kind = "batched 3-D" if is_batched else "unbatched 2-D"
        if self.mode == "LSTM":
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {rank}-D but got "
                f"({parts[0].dim()}-D, {parts[1].dim()}-D) tensors"
            )
        raise RuntimeError(f"For {kind} input, hx should also be {rank}-D but got {parts[0].dim()}-D tensor")


class RNN(RNNBase):
    """h_t = tanh or relu (W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)."""

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self.nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        modes = {"tanh": "RNN_TANH", "relu": "RNN_RELU"}
        if self.nonlinearity not in modes:
            raise ValueError(f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(modes[self.nonlinearity], *args, **kwargs)

    def forward(self, input, hx=None):
        found = self._at_once(input) if hx is None else None
        if found is None:
            output, (h,) = self._forward(input, hx, 1)
        else:
            output, h = found
        return output, h


class GRU(RNNBase):
    """Gated recurrent unit (Cho et al. 2014)."""

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input, hx=None):
        found = self._at_once(input) if hx is None else None
        if found is None:
            output, (h,) = self._forward(input, hx, 1)
        else:
            output, h = found
        return output, h


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), optionally with a projection of the hidden state."""

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def check_forward_args(self, input, hidden, batch_sizes):
        self.check_input(input, batch_sizes)
        self.check_hidden_size(
            hidden[0], self.get_expected_hidden_size(input, batch_sizes), "Expected hidden[0] size {}, got {}"
        )
        self.check_hidden_size(
            hidden[1], self.get_expected_cell_size(input, batch_sizes), "Expected hidden[1] size {}, got {}"
        )

    def permute_hidden(self, hx, permutation):
        if permutation is None:
            return hx
        return apply_permutation(hx[0], permutation), apply_permutation(hx[1], permutation)

    def forward(self, input, hx=None):
        found = self._at_once(input) if hx is None else None
        if found is None:
            output, (h, c) = self._forward(input, hx, 2)
        else:
            output, h, c = found
        return output, (h, c)


class RNNCellBase(Module):
    __constants__ = ["input_size", "hidden_size", "bias"]

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        factory = {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(torch.empty((num_chunks * hidden_size, input_size), **factory))
        self.weight_hh = Parameter(torch.empty((num_chunks * hidden_size, hidden_size), **factory))
        if bias:
            self.bias_ih = Parameter(torch.empty(num_chunks * hidden_size, **factory))
            self.bias_hh = Parameter(torch.empty(num_chunks * hidden_size, **factory))
        else:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def reset_parameters(self):
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, mode, input, parts):
        """One step on a batch of one or more; parts of the state default to zeros."""
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for i, part in enumerate(parts):
            if part is not None and part.dim() not in (1, 2):
                label = "hidden" if len(parts) == 1 else f"hx[{i}]"
                raise ValueError(f"{name}: Expected {label} to be 1D or 2D, got {part.dim()}D instead")
        is_batched = input.dim() == 2
        x = input if is_batched else input.unsqueeze(0)
        zeros = None
        state = []
        for part in parts:
            if part is None:
                if zeros is None:
                    zeros = torch.zeros(x.size(0), self.hidden_size, dtype=x.dtype, device=x.device)
                state.append(zeros)
            else:
                state.append(part if is_batched else part.unsqueeze(0))
        step = _Step(mode, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None)
        result = step(step.project(x), tuple(state))
        return result if is_batched else tuple(part.squeeze(0) for part in result)


class RNNCell(RNNCellBase):
    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        modes = {"tanh": "RNN_TANH", "relu": "RNN_RELU"}
        if self.nonlinearity not in modes:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(modes[self.nonlinearity], input, (hx,))[0]


class LSTMCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input, hx=None):
        return self._step("LSTM", input, (None, None) if hx is None else tuple(hx))


class GRUCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input, hx=None):
        return self._step("GRU", input, (hx,))[0]
