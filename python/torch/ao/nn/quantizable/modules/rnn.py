"""nn.LSTM written out: two matrix products, four activations and FloatFunctionals, each of which can be observed."""

import numbers
import warnings

import torch
from torch import nn

__all__ = ["LSTM", "LSTMCell"]

_GATES = ("input", "forget", "cell", "output")


class LSTMCell(nn.Module):
    """One step. `split_gates` keeps a matrix for each gate, so that each gets a scale of its own."""

    _FLOAT_MODULE = nn.LSTMCell

    def __init__(self, input_dim, hidden_dim, bias=True, device=None, dtype=None, *, split_gates=False):
        from torch.ao.nn.quantized.modules.functional_modules import FloatFunctional

        super().__init__()
        options = {"device": device, "dtype": dtype}
        self.input_size = input_dim
        self.hidden_size = hidden_dim
        self.bias = bias
        self.split_gates = split_gates
        if split_gates:
            self.igates, self.hgates, self.gates = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
            for name in _GATES:
                self.igates[name] = nn.Linear(input_dim, hidden_dim, bias=bias, **options)
                self.hgates[name] = nn.Linear(hidden_dim, hidden_dim, bias=bias, **options)
                self.gates[name] = FloatFunctional()
        else:
            self.igates = nn.Linear(input_dim, 4 * hidden_dim, bias=bias, **options)
            self.hgates = nn.Linear(hidden_dim, 4 * hidden_dim, bias=bias, **options)
            self.gates = FloatFunctional()
        self.input_gate = nn.Sigmoid()
        self.forget_gate = nn.Sigmoid()
        self.cell_gate = nn.Tanh()
        self.output_gate = nn.Sigmoid()
        self.fgate_cx = FloatFunctional()
        self.igate_cgate = FloatFunctional()
        self.fgate_cx_igate_cgate = FloatFunctional()
        self.ogate_cy = FloatFunctional()
        self.initial_hidden_state_qparams = (1.0, 0)
        self.initial_cell_state_qparams = (1.0, 0)
        self.hidden_state_dtype = torch.quint8
        self.cell_state_dtype = torch.quint8

    def _sums(self, x, hx):
        """What goes into each gate."""
        if not self.split_gates:
            return self.gates.add(self.igates(x), self.hgates(hx)).chunk(4, 1)
        return [self.gates[name].add(self.igates[name](x), self.hgates[name](hx)) for name in _GATES]

    def forward(self, x, hidden=None):
        if hidden is None or hidden[0] is None or hidden[1] is None:
            hidden = self.initialize_hidden(x.shape[0], x.is_quantized)
        hx, cx = hidden
        into, forget, cell, out = self._sums(x, hx)
        into = self.input_gate(into)
        forget = self.forget_gate(forget)
        cell = self.cell_gate(cell)
        out = self.output_gate(out)
        kept = self.fgate_cx.mul(forget, cx)
        new = self.igate_cgate.mul(into, cell)
        cy = self.fgate_cx_igate_cgate.add(kept, new)
        return self.ogate_cy.mul(out, torch.tanh(cy)), cy

    def initialize_hidden(self, batch_size, is_quantized=False):
        h, c = torch.zeros((batch_size, self.hidden_size)), torch.zeros((batch_size, self.hidden_size))
        if is_quantized:
            h = torch.quantize_per_tensor(h, *self.initial_hidden_state_qparams, self.hidden_state_dtype)
            c = torch.quantize_per_tensor(c, *self.initial_cell_state_qparams, self.cell_state_dtype)
        return h, c

    def _get_name(self):
        return "QuantizableLSTMCell"

    @classmethod
    def from_params(cls, wi, wh, bi=None, bh=None, split_gates=False):
        if (bi is None) != (bh is None):
            raise AssertionError("bi and bh must both be None or both have values")
        cell = cls(wi.shape[1], wh.shape[1], bias=bi is not None, split_gates=split_gates)
        for weight, bias, gates in ((wi, bi, cell.igates), (wh, bh, cell.hgates)):
            layers = list(gates.values()) if split_gates else [gates]
            for layer, part in zip(layers, weight.chunk(len(layers), dim=0)):
                layer.weight = nn.Parameter(part)
            if bias is not None:
                for layer, part in zip(layers, bias.chunk(len(layers), dim=0)):
                    layer.bias = nn.Parameter(part)
        return cell

    @classmethod
    def from_float(cls, other, use_precomputed_fake_quant=False, split_gates=False):
        if type(other) is not cls._FLOAT_MODULE:
            raise AssertionError(f"Expected module type {cls._FLOAT_MODULE}, got {type(other)}")
        if not hasattr(other, "qconfig"):
            raise AssertionError("The float module must have 'qconfig'")
        observed = cls.from_params(other.weight_ih, other.weight_hh, other.bias_ih, other.bias_hh, split_gates=split_gates)
        layers = [observed, observed.igates, observed.hgates]
        if split_gates:
            layers += [*observed.igates.values(), *observed.hgates.values()]
        for layer in layers:
            layer.qconfig = other.qconfig
        return observed


class _LSTMSingleLayer(nn.Module):
    """A cell over all steps."""

    def __init__(self, input_dim, hidden_dim, bias=True, device=None, dtype=None, *, split_gates=False):
        super().__init__()
        self.cell = LSTMCell(input_dim, hidden_dim, bias=bias, split_gates=split_gates, device=device, dtype=dtype)

    def forward(self, x, hidden=None):
        outputs = []
        for i in range(x.shape[0]):
            hidden = self.cell(x[i], hidden)
            outputs.append(hidden[0])
        return torch.stack(outputs, 0), hidden

    @classmethod
    def from_params(cls, *args, **kwargs):
        cell = LSTMCell.from_params(*args, **kwargs)
        layer = cls(cell.input_size, cell.hidden_size, cell.bias, split_gates=cell.split_gates)
        layer.cell = cell
        return layer


class _LSTMLayer(nn.Module):
    """One direction, or both."""

    def __init__(
        self, input_dim, hidden_dim, bias=True, batch_first=False, bidirectional=False, device=None, dtype=None, *,
        split_gates=False
    ):
        super().__init__()
        options = {"bias": bias, "split_gates": split_gates, "device": device, "dtype": dtype}
        self.batch_first = batch_first
        self.bidirectional = bidirectional
        self.layer_fw = _LSTMSingleLayer(input_dim, hidden_dim, **options)
        if bidirectional:
            self.layer_bw = _LSTMSingleLayer(input_dim, hidden_dim, **options)

    def forward(self, x, hidden=None):
        if self.batch_first:
            x = x.transpose(0, 1)
        forward = backward = hidden
        if self.bidirectional and hidden is not None:
            forward = tuple(None if state is None else state[0] for state in hidden)
            backward = tuple(None if state is None else state[1] for state in hidden)
        result, (h, c) = self.layer_fw(x, forward)
        if self.bidirectional:
            reversed_result, (h_back, c_back) = self.layer_bw(x.flip(0), backward)
            result = torch.cat([result, reversed_result.flip(0)], result.dim() - 1)
            h, c = torch.stack([h, h_back], 0), torch.stack([c, c_back], 0)
        if self.batch_first:
            result = result.transpose(0, 1)
        return result, (h, c)

    @classmethod
    def from_float(cls, other, layer_idx=0, qconfig=None, **kwargs):
        if not hasattr(other, "qconfig") and qconfig is None:
            raise AssertionError("other must have qconfig or qconfig must be provided")
        split_gates = kwargs.get("split_gates", False)
        sizes = [kwargs.get(name, getattr(other, name)) for name in ("input_size", "hidden_size", "bias", "batch_first", "bidirectional")]
        layer = cls(*sizes, split_gates=split_gates)
        layer.qconfig = getattr(other, "qconfig", qconfig)
        suffixes = {"layer_fw": "", "layer_bw": "_reverse"} if other.bidirectional else {"layer_fw": ""}
        for name, suffix in suffixes.items():
            found = [
                getattr(other, f"{kind}_l{layer_idx}{suffix}", None) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            setattr(layer, name, _LSTMSingleLayer.from_params(*found, split_gates=split_gates))
        return layer


class LSTM(nn.Module):
    _FLOAT_MODULE = nn.LSTM

    def __init__(
        self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
        device=None, dtype=None, *, split_gates=False,
    ):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.training = False
        if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0:
            warnings.warn(
                "dropout option for quantizable LSTM is ignored. If you are training, please, use nn.LSTM version followed by "
                "`prepare` step.",
                stacklevel=2,
            )
        self.layers = nn.ModuleList([
            _LSTMLayer(
                input_size if i == 0 else hidden_size, hidden_size, bias, batch_first=False,
                bidirectional=bidirectional, split_gates=split_gates, device=device, dtype=dtype,
            )
            for i in range(num_layers)
        ])

    def _start(self, x, hidden):
        """The states of each layer before the first step."""
        n_directions = 2 if self.bidirectional else 1
        batch = x.size(1)
        if hidden is None:
            zeros = torch.zeros(n_directions, batch, self.hidden_size, device=x.device)
            zeros = zeros.squeeze(0)
            if x.is_quantized:
                zeros = torch.quantize_per_tensor(zeros, scale=1.0, zero_point=0, dtype=x.dtype)
            return [(zeros, zeros)] * self.num_layers
        if not isinstance(hidden[0], torch.Tensor):
            return hidden
        shape = (self.num_layers, n_directions, batch, self.hidden_size)
        hx, cx = hidden[0].reshape(shape), hidden[1].reshape(shape)
        return [(hx[i].squeeze(0), cx[i].squeeze(0)) for i in range(self.num_layers)]

    def forward(self, x, hidden=None):
        if self.batch_first:
            x = x.transpose(0, 1)
        states = self._start(x, hidden)
        finals = []
        for layer, state in zip(self.layers, states):
            x, final = layer(x, state)
            finals.append(final)
        h, c = (torch.stack(parts) for parts in zip(*finals))
        h, c = (state.reshape(-1, state.shape[-2], state.shape[-1]) for state in (h, c))
        if self.batch_first:
            x = x.transpose(0, 1)
        return x, (h, c)

    def _get_name(self):
        return "QuantizableLSTM"

    @classmethod
    def from_float(cls, other, qconfig=None, split_gates=False):
        from torch.ao.quantization import prepare, prepare_qat

        if not isinstance(other, cls._FLOAT_MODULE):
            raise AssertionError(f"Expected module type {cls._FLOAT_MODULE}, got {type(other)}")
        if not hasattr(other, "qconfig") and not qconfig:
            raise AssertionError("other must have qconfig or qconfig must be provided")
        observed = cls(
            other.input_size, other.hidden_size, other.num_layers, other.bias, other.batch_first, other.dropout,
            other.bidirectional, split_gates=split_gates,
        )
        observed.qconfig = getattr(other, "qconfig", qconfig)
        for i in range(other.num_layers):
            observed.layers[i] = _LSTMLayer.from_float(other, i, qconfig, batch_first=False, split_gates=split_gates)
        if other.training:
            return prepare_qat(observed.train(), inplace=True)
        return prepare(observed.eval(), inplace=True)

    @classmethod
    def from_observed(cls, other):
        raise NotImplementedError(
            "It looks like you are trying to convert a non-quantizable LSTM module. Please, see the examples on quantizable LSTMs."
        )
