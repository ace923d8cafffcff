"""Recurrent layers and cells whose matrices are int8 or float16."""

import numbers
import warnings

import torch
from torch import _quantized_recurrent, nn
from torch.ao.nn.quantized.modules.utils import _hide_packed_params_repr, _quantize_weight
from torch.nn.utils.rnn import PackedSequence

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "PackedParameter", "RNNBase", "RNNCell", "RNNCellBase", "pack_weight_bias"]

_GATES = {"LSTM": 4, "GRU": 3}


def pack_weight_bias(qweight, bias, dtype):
    if dtype == torch.qint8:
        return torch.ops.quantized.linear_prepack(qweight, bias)
    return torch.ops.quantized.linear_prepack_fp16(qweight, bias)


def _cell_params(w_ih, b_ih, w_hh, b_hh, dtype, has_seven_bits):
    packed_ih, packed_hh = pack_weight_bias(w_ih, b_ih, dtype), pack_weight_bias(w_hh, b_hh, dtype)
    if dtype == torch.qint8:
        return torch.ops.quantized.make_quantized_cell_params_dynamic(packed_ih, packed_hh, b_ih, b_hh, has_seven_bits)
    return torch.ops.quantized.make_quantized_cell_params_fp16(packed_ih, packed_hh)


def _weight_observer_of(mod):
    """(how to make its weight observer, the dtype that this asks for)"""
    from torch.ao.quantization.qconfig import default_dynamic_qconfig

    if not hasattr(mod, "qconfig"):
        raise AssertionError("Input float module must have qconfig defined")
    is_given = mod.qconfig is not None and mod.qconfig.weight is not None
    make = (mod.qconfig if is_given else default_dynamic_qconfig).weight
    dtype = make().dtype
    if dtype not in (torch.qint8, torch.float16):
        raise RuntimeError(f"Unsupported dtype for dynamic RNN quantization: {dtype}")
    if not mod.bias:
        raise AssertionError("mod.bias must be True")
    return make, dtype


def _observed(weight, make, dtype):
    if dtype == torch.float16:
        return weight.float()
    observer = make()
    observer(weight)
    return _quantize_weight(weight.float(), observer)


class PackedParameter(nn.Module):
    """The matrices of one layer in one direction."""

    def __init__(self, param):
        super().__init__()
        self.param = param

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "param"] = self.param

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        self.param = state_dict.pop(prefix + "param")
        super()._load_from_state_dict(state_dict, prefix, *rest)


class RNNBase(nn.Module):
    # From 2 on activations use seven bits.
    _version = 2
    _FLOAT_MODULE = nn.RNNBase

    def __init__(
        self, mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
        bidirectional=False, dtype=torch.qint8,
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
        self.dtype = dtype
        self.version = 2
        self.training = False
        if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
                f"than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=2,
            )
        if mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self._all_weight_values = nn.ModuleList(
            [PackedParameter(self._random_params(layer)) for layer, _ in self._places()]
        )

    def _places(self):
        """(layer, suffix of its parameters' names) in order."""
        suffixes = ("", "_reverse") if self.bidirectional else ("",)
        return [(layer, suffix) for layer in range(self.num_layers) for suffix in suffixes]

    def _random_params(self, layer):
        n_gates = _GATES[self.mode] * self.hidden_size
        n_inputs = self.input_size if layer == 0 else self.hidden_size * (2 if self.bidirectional else 1)
        w_ih, w_hh = torch.randn(n_gates, n_inputs), torch.randn(n_gates, self.hidden_size)
        b_ih, b_hh = torch.randn(n_gates), torch.randn(n_gates)
        if self.dtype == torch.qint8:
            w_ih = torch.quantize_per_tensor(w_ih, scale=0.1, zero_point=0, dtype=torch.qint8)
            w_hh = torch.quantize_per_tensor(w_hh, scale=0.1, zero_point=0, dtype=torch.qint8)
        return _cell_params(w_ih, b_ih, w_hh, b_hh, self.dtype, True)

    def _get_name(self):
        return "DynamicQuantizedRNN"

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text

    def __repr__(self):
        return _hide_packed_params_repr(self, (PackedParameter, nn.ModuleList))

    def _check(self, input, batch_sizes, states, batch):
        """`states` are those that were given."""
        expected = 2 if batch_sizes is not None else 3
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )
        size = (self.num_layers * (2 if self.bidirectional else 1), batch, self.hidden_size)
        names = ("hidden[0]", "hidden[1]") if len(states) > 1 else ("hidden",)
        for name, state in zip(names, states):
            if tuple(state.shape) != size:
                raise RuntimeError(f"Expected {name} size {size}, got {list(state.shape)}")

    def forward(self, input, hx=None):
        batch_sizes = sorted_indices = unsorted_indices = None
        data = input
        if isinstance(input, PackedSequence):
            data, batch_sizes, sorted_indices, unsorted_indices = input
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0) if self.batch_first else input.size(1)
        n_states = 2 if self.mode == "LSTM" else 1
        states = None
        if hx is not None:
            states = list(hx) if n_states == 2 else [hx]
            if sorted_indices is not None:
                states = [state.index_select(1, sorted_indices) for state in states]
        self._check(data, batch_sizes, states or (), batch)
        params = [value.param for value in self._all_weight_values]
        sizes = None if batch_sizes is None else batch_sizes.tolist()
        output, finals = _quantized_recurrent.run(
            self.mode, data, sizes, states, params, self.num_layers, self.dropout, self.training, self.bidirectional,
            self.batch_first and sizes is None,
        )
        if batch_sizes is not None:
            output = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
            if unsorted_indices is not None:
                finals = [final.index_select(1, unsorted_indices) for final in finals]
        return output, tuple(finals) if n_states == 2 else finals[0]

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        self.version = local_metadata.get("version")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def set_weight_bias(self, weight_bias_dict):
        values = []
        for layer, suffix in self._places():
            w_ih, b_ih, w_hh, b_hh = [
                weight_bias_dict[f"{kind}_l{layer}{suffix}"] for kind in ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
            ]
            dtype = torch.qint8 if w_ih.dtype == torch.qint8 else torch.float16
            has_seven_bits = self.version is not None and self.version >= 2
            values.append(PackedParameter(_cell_params(w_ih, b_ih, w_hh, b_hh, dtype, has_seven_bits)))
        self._all_weight_values = nn.ModuleList(values)

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        if type(mod) not in (nn.LSTM, nn.GRU):
            raise AssertionError("nn.quantized.dynamic.RNNBase.from_float only works for nn.LSTM and nn.GRU")
        make, dtype = _weight_observer_of(mod)
        made = (LSTM if mod.mode == "LSTM" else GRU)(
            mod.input_size, mod.hidden_size, mod.num_layers, mod.bias, mod.batch_first, mod.dropout, mod.bidirectional,
            dtype,
        )
        found = {}
        for layer, suffix in made._places():
            for side in ("ih", "hh"):
                place = f"{side}_l{layer}{suffix}"
                found[f"weight_{place}"] = _observed(getattr(mod, f"weight_{place}"), make, dtype)
                found[f"bias_{place}"] = getattr(mod, f"bias_{place}")
        made.set_weight_bias(found)
        return made

    def _weight_bias(self):
        found = {"weight": {}, "bias": {}}
        for (layer, suffix), value in zip(self._places(), self._all_weight_values):
            for side, packed in (("ih", value.param.packed_ih), ("hh", value.param.packed_hh)):
                place = f"{side}_l{layer}{suffix}"
                found["weight"][f"weight_{place}"], found["bias"][f"bias_{place}"] = packed.unpack()
        return found

    def get_weight(self):
        return self._weight_bias()["weight"]

    def get_bias(self):
        return self._weight_bias()["bias"]


class LSTM(RNNBase):
    _FLOAT_MODULE = nn.LSTM

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def _get_name(self):
        return "DynamicQuantizedLSTM"


class GRU(RNNBase):
    _FLOAT_MODULE = nn.GRU

    def __init__(self, *args, **kwargs):
        super().__init__("GRU", *args, **kwargs)

    def _get_name(self):
        return "DynamicQuantizedGRU"


class RNNCellBase(nn.Module):
    def __init__(self, input_size, hidden_size, bias=True, num_chunks=4, dtype=torch.qint8):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        self.weight_dtype = dtype
        n_gates = num_chunks * hidden_size
        if bias:
            self.bias_ih, self.bias_hh = torch.randn(n_gates), torch.randn(n_gates)
        else:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        weight_ih, weight_hh = torch.randn(n_gates, input_size), torch.randn(n_gates, hidden_size)
        if dtype == torch.qint8:
            weight_ih = torch.quantize_per_tensor(weight_ih, scale=1, zero_point=0, dtype=torch.qint8)
            weight_hh = torch.quantize_per_tensor(weight_hh, scale=1, zero_point=0, dtype=torch.qint8)
        self._packed_weight_ih = pack_weight_bias(weight_ih, self.bias_ih, dtype)
        self._packed_weight_hh = pack_weight_bias(weight_hh, self.bias_hh, dtype)

    def _get_name(self):
        return "DynamicQuantizedRNNBase"

    def extra_repr(self):
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _start(self, input, hx, n_states):
        """The states before the step, checked."""
        if input.size(1) != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)}, expected {self.input_size}")
        if hx is None:
            states = [torch.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)] * n_states
        else:
            states = list(hx) if n_states > 1 else [hx]
        for i, state in enumerate(states):
            label = f"[{i}]" if n_states > 1 else ""
            if input.size(0) != state.size(0):
                raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{label} batch size {state.size(0)}")
            if state.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{label} has inconsistent hidden_size: got {state.size(1)}, expected {self.hidden_size}"
                )
        return tuple(states) if n_states > 1 else states[0]

    def _step(self, kind, input, hx, n_states=1):
        operator = getattr(torch.ops.quantized, f"quantized_{kind}_cell_dynamic")
        state = self._start(input, hx, n_states)
        return operator(input, state, self._packed_weight_ih, self._packed_weight_hh, self.bias_ih, self.bias_hh)

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        if type(mod) not in (nn.LSTMCell, nn.GRUCell, nn.RNNCell):
            raise AssertionError(
                "nn.quantized.dynamic.RNNCellBase.from_float only works for nn.LSTMCell, nn.GRUCell and nn.RNNCell"
            )
        make, dtype = _weight_observer_of(mod)
        options = {"bias": mod.bias, "dtype": dtype}
        if type(mod) is nn.RNNCell:
            options["nonlinearity"] = mod.nonlinearity
        kind = {nn.LSTMCell: LSTMCell, nn.GRUCell: GRUCell, nn.RNNCell: RNNCell}[type(mod)]
        made = kind(mod.input_size, mod.hidden_size, **options)
        made._packed_weight_ih = pack_weight_bias(_observed(mod.weight_ih, make, dtype), mod.bias_ih, dtype)
        made._packed_weight_hh = pack_weight_bias(_observed(mod.weight_hh, make, dtype), mod.bias_hh, dtype)
        return made

    def _weight_bias(self):
        weight_ih, bias_ih = self._packed_weight_ih.unpack()
        weight_hh, bias_hh = self._packed_weight_hh.unpack()
        return {
            "weight": {"weight_ih": weight_ih, "weight_hh": weight_hh}, "bias": {"bias_ih": bias_ih, "bias_hh": bias_hh}
        }

    def get_weight(self):
        return self._weight_bias()["weight"]

    def get_bias(self):
        return self._weight_bias()["bias"]

    def set_weight_bias(self, weight_bias_dict):
        weights, biases = weight_bias_dict["weight"], weight_bias_dict["bias"]
        self._packed_weight_ih = pack_weight_bias(weights["weight_ih"], biases["bias_ih"], self.weight_dtype)
        self._packed_weight_hh = pack_weight_bias(weights["weight_hh"], biases["bias_hh"], self.weight_dtype)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "_packed_weight_ih"] = self._packed_weight_ih
        destination[prefix + "_packed_weight_hh"] = self._packed_weight_hh

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        self._packed_weight_ih = state_dict.pop(prefix + "_packed_weight_ih")
        self._packed_weight_hh = state_dict.pop(prefix + "_packed_weight_hh")
        super()._load_from_state_dict(state_dict, prefix, *rest)


class RNNCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", dtype=torch.qint8):
        super().__init__(input_size, hidden_size, bias, num_chunks=1, dtype=dtype)
        self.nonlinearity = nonlinearity

    def _get_name(self):
        return "DynamicQuantizedRNNCell"

    def forward(self, input, hx=None):
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(f"rnn_{self.nonlinearity}", input, hx)


class LSTMCell(RNNCellBase):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, num_chunks=4, **kwargs)

    def _get_name(self):
        return "DynamicQuantizedLSTMCell"

    def forward(self, input, hx=None):
        return self._step("lstm", input, hx, 2)


class GRUCell(RNNCellBase):
    def __init__(self, input_size, hidden_size, bias=True, dtype=torch.qint8):
        super().__init__(input_size, hidden_size, bias, num_chunks=3, dtype=dtype)

    def _get_name(self):
        return "DynamicQuantizedGRUCell"

    def forward(self, input, hx=None):
        return self._step("gru", input, hx)
