"""Linear4bit and its kin: weights in NF4 or FP4, in blocks of 64 numbers, whose scales may be codes of eight bits themselves."""

import copy

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules._traverse import _parse_to

from bitsandbytes import functional


class Params4bit(nn.Parameter):
    """A weight in float until it is moved to a device; then its codes [bytes, 1], and quant_state says what they mean."""

    def __new__(
        cls, data=None, requires_grad=False, quant_state=None, blocksize=None, compress_statistics=True, quant_type="fp4",
        quant_storage=torch.uint8, module=None, bnb_quantized=False,
    ):
        made = torch._C._make_subclass(cls, torch.empty(0) if data is None else data, requires_grad)
        made.blocksize = blocksize or 64
        made.compress_statistics, made.quant_type, made.quant_storage = compress_statistics, quant_type, quant_storage
        made.quant_state, made.module, made.bnb_quantized = quant_state, module, bnb_quantized
        return made

    @classmethod
    def from_prequantized(cls, data, quantized_stats, requires_grad=False, device="cpu", module=None, **kwargs):
        """A weight of a checkpoint: its codes, and the tensors beside them."""
        state = functional.QuantState.from_dict(quantized_stats, device)
        _look(data.to(device), state)
        if module is not None:
            module.quant_state = state
        return cls(
            data.to(device), requires_grad, state, state.blocksize, state.nested, state.quant_type, data.dtype, module, True
        )

    def inner_tensors(self):
        """What lies in memory."""
        state = self.quant_state
        return [self.data] if state is None else [self.data, *state.tensors()]

    def _quantize(self, device):
        codes, state = functional.quantize_4bit(
            self.data.contiguous().to(device), blocksize=self.blocksize, compress_statistics=bool(self.compress_statistics),
            quant_type=self.quant_type, quant_storage=self.quant_storage,
        )
        self.data = codes
        self.quant_state, self.bnb_quantized = state, True
        _look(self, state)
        if self.module is not None:
            self.module.quant_state = state
        return self

    def to(self, *args, **kwargs):
        device, dtype, non_blocking, _ = _parse_to(args, kwargs)
        if device is not None and torch.device(device).type != "meta" and not self.bnb_quantized:
            return self._quantize(device)
        if self.quant_state is not None:
            self.quant_state.to(device)
        # Codes have no dtype to be changed.
        options = {"device": device, "non_blocking": non_blocking}
        moved = self.data.to(**options) if self.bnb_quantized else self.data.to(dtype=dtype, **options)
        return type(self)(
            moved, self.requires_grad, self.quant_state, self.blocksize, self.compress_statistics, self.quant_type,
            self.quant_storage, None, self.bnb_quantized,
        )

    def cpu(self, memory_format=None):
        return self.to("cpu")

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        return self.to(torch.device("cuda" if device is None else device))

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            module = memo.get(id(self.module))
            made = type(self)(
                self.data.clone(), self.requires_grad, copy.deepcopy(self.quant_state, memo), self.blocksize,
                self.compress_statistics, self.quant_type, self.quant_storage, module, self.bnb_quantized,
            )
            memo[id(self)] = made
        return memo[id(self)]

    def __reduce_ex__(self, protocol):
        # As a plain tensor: a layer writes what its codes mean beside it.
        return nn.Parameter(self.data, self.requires_grad).__reduce_ex__(protocol)


def _look(packed, state):
    """What products need is found now: a graph that is recorded later has it as constants."""
    if len(state.shape) == 2 and state.shape[1] % state.blocksize == 0:
        state.form(packed)


def _known_state(layer):
    state = getattr(layer.weight, "quant_state", None)
    if state is None:
        state = layer.weight.quant_state = layer.quant_state
    if state is None:
        raise RuntimeError(
            f"{type(layer).__name__} got an input while its weight is in float: move it to a device before, .to('cpu') does too"
        )
    return state


class Linear4bit(nn.Linear):
    """nn.Linear over a Params4bit; computes in compute_dtype, or in the input's dtype."""

    def __init__(
        self, input_features, output_features, bias=True, compute_dtype=None, compress_statistics=True, quant_type="fp4",
        quant_storage=torch.uint8, device=None,
    ):
        super().__init__(input_features, output_features, bias, device)
        self.weight = Params4bit(
            self.weight.data, requires_grad=False, compress_statistics=compress_statistics, quant_type=quant_type,
            quant_storage=quant_storage, module=self,
        )
        self.compute_dtype, self.quant_state, self.quant_storage = compute_dtype, None, quant_storage

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        state = getattr(self.weight, "quant_state", None)
        if state is not None:
            for name, tensor in state.as_dict(packed=True).items():
                destination[f"{prefix}weight.{name}"] = tensor

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        start = f"{prefix}weight."
        beside = {name: tensor for name, tensor in state_dict.items() if name.startswith(start)}
        if beside:
            # Codes with what they mean: they take the weight's place.
            codes = state_dict[f"{prefix}weight"]
            self.weight = Params4bit.from_prequantized(codes, beside, device=self.weight.device, module=self)
            state_dict = {name: tensor for name, tensor in state_dict.items() if name not in beside}
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x):
        state = _known_state(self)
        dtype = self.compute_dtype or x.dtype
        bias = None if self.bias is None else self.bias.to(dtype)
        return functional.linear_4bit(x.to(dtype), self.weight, state, bias).to(x.dtype)


class LinearNF4(Linear4bit):
    """Linear4bit in NF4."""

    def __init__(
        self, input_features, output_features, bias=True, compute_dtype=None, compress_statistics=True, quant_storage=torch.uint8,
        device=None,
    ):
        super().__init__(input_features, output_features, bias, compute_dtype, compress_statistics, "nf4", quant_storage, device)


class LinearFP4(Linear4bit):
    """Linear4bit in FP4."""

    def __init__(
        self, input_features, output_features, bias=True, compute_dtype=None, compress_statistics=True, quant_storage=torch.uint8,
        device=None,
    ):
        super().__init__(input_features, output_features, bias, compute_dtype, compress_statistics, "fp4", quant_storage, device)


class Embedding4bit(nn.Embedding):
    """nn.Embedding over a Params4bit: only the rows that are looked up are spelled out."""

    def __init__(self, num_embeddings, embedding_dim, dtype=None, quant_type="fp4", quant_storage=torch.uint8, device=None):
        super().__init__(num_embeddings, embedding_dim, device=device, dtype=dtype)
        self.dtype = self.weight.dtype
        self.quant_state = None
        self.weight = Params4bit(
            self.weight.data, requires_grad=False, compress_statistics=None, quant_type=quant_type, quant_storage=quant_storage,
            module=self,
        )

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        raise NotImplementedError("Saving Embedding4bit module is not implemented")

    def forward(self, input):
        state = _known_state(self)
        if self.embedding_dim % state.blocksize:
            return F.embedding(input, functional.dequantize_4bit(self.weight.data, state)).to(self.dtype)
        rows = self.weight.data.view(torch.uint8).view(self.num_embeddings, -1)
        places = input.reshape(-1)
        shape = torch.Size((*input.shape, self.embedding_dim))
        scales = state.scales().view(self.num_embeddings, -1).index_select(0, places).view(-1)
        found = functional.QuantState(scales, shape, state.code, state.blocksize, state.quant_type, self.dtype)
        return functional.dequantize_4bit(rows.index_select(0, places), found)


class EmbeddingNF4(Embedding4bit):
    """Embedding4bit in NF4."""

    def __init__(self, num_embeddings, embedding_dim, dtype=None, quant_storage=torch.uint8, device=None):
        super().__init__(num_embeddings, embedding_dim, dtype, "nf4", quant_storage, device)


class EmbeddingFP4(Embedding4bit):
    """Embedding4bit in FP4."""

    def __init__(self, num_embeddings, embedding_dim, dtype=None, quant_storage=torch.uint8, device=None):
        super().__init__(num_embeddings, embedding_dim, dtype, "fp4", quant_storage, device)
