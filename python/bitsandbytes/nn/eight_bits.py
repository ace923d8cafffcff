"""Linear8bitLt: int8 rows of weights and inputs; inputs of a size that int8 would spoil stay in float (LLM.int8(), arXiv:2208.07339)."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules._traverse import _parse_to

from bitsandbytes import functional
from bitsandbytes._matmul import MatmulLtState, matmul


class Int8Params(nn.Parameter):
    """A weight in float until it is moved to a device; then int8, and SCB is the largest number of each row."""

    def __new__(cls, data=None, requires_grad=True, has_fp16_weights=False, CB=None, SCB=None):
        made = torch._C._make_subclass(cls, torch.empty(0) if data is None else data, requires_grad)
        made.CB, made.SCB, made.has_fp16_weights = CB, SCB, has_fp16_weights
        return made

    def inner_tensors(self):
        """What lies in memory."""
        return [self.data] if self.SCB is None else [self.data, self.SCB]

    def hold(self, codes, largest):
        """From now on the weight is these codes; in place, because modules keep the object when they are moved."""
        self.data = codes
        self.CB, self.SCB = codes, largest
        return self

    def to(self, *args, **kwargs):
        device, dtype, non_blocking, _ = _parse_to(args, kwargs)
        if self.dtype == torch.int8:
            if device is None:
                return self
            largest = None if self.SCB is None else self.SCB.to(device)
            return self.hold(self.CB.to(device, non_blocking=non_blocking), largest)
        if device is not None and torch.device(device).type != "meta" and not self.has_fp16_weights:
            # bitsandbytes rounds weights to half precision before.
            codes, largest, _ = functional.int8_vectorwise_quant(self.data.to(device).half())
            return self.hold(codes, largest)
        moved = self.data.to(device=device, non_blocking=non_blocking, dtype=dtype)
        return type(self)(moved, self.requires_grad, self.has_fp16_weights)

    def cpu(self, memory_format=None):
        return self.to("cpu")

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        return self.to(torch.device("cuda" if device is None else device))

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            made = type(self)(self.data.clone(), self.requires_grad, self.has_fp16_weights)
            memo[id(self)] = made if self.SCB is None else made.hold(self.CB.clone(), self.SCB.clone())
        return memo[id(self)]

    def __reduce_ex__(self, protocol):
        return nn.Parameter(self.data, self.requires_grad).__reduce_ex__(protocol)


class Linear8bitLt(nn.Linear):
    """nn.Linear over Int8Params; with has_fp16_weights the weight stays in float and is rounded in every call."""

    def __init__(
        self, input_features, output_features, bias=True, has_fp16_weights=True, threshold=0.0, index=None, device=None,
    ):
        super().__init__(input_features, output_features, bias, device)
        self.state = MatmulLtState(threshold=threshold, has_fp16_weights=has_fp16_weights)
        self.index = index
        self.weight = Int8Params(self.weight.data, has_fp16_weights=has_fp16_weights, requires_grad=has_fp16_weights)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if not self.state.has_fp16_weights and self.weight.SCB is not None:
            destination[f"{prefix}SCB"] = self.weight.SCB
            destination[f"{prefix}weight_format"] = torch.tensor(0, dtype=torch.uint8)

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        state_dict = dict(state_dict)
        layout = state_dict.pop(f"{prefix}weight_format", None)
        if layout is not None and layout != "row" and int(layout) != 0:
            raise ValueError(f"Only 'row' weight format is supported, got {layout}")
        scales = state_dict.pop(f"{prefix}SCB", None)
        codes = state_dict.get(f"{prefix}weight")
        if scales is not None:
            device = self.weight.device
            self.weight = Int8Params(codes.to(device), False).hold(codes.to(device).clone(), scales.to(device))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x):
        weight, state = self.weight, self.state
        if not state.has_fp16_weights:
            if weight.SCB is None:
                raise RuntimeError(
                    "Linear8bitLt got an input while its weight is in float: move it to a device before, .to('cpu') does too"
                )
            state.CB, state.SCB = weight.CB, weight.SCB
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return matmul(x, weight, state=state, bias=bias)


class Embedding8bit(nn.Embedding):
    """nn.Embedding over Int8Params."""

    def __init__(self, num_embeddings, embedding_dim, device=None, dtype=None):
        super().__init__(num_embeddings, embedding_dim, device=device, dtype=dtype)
        self.dtype = self.weight.dtype
        self.weight = Int8Params(self.weight.data, has_fp16_weights=False, requires_grad=False)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        raise NotImplementedError("Saving Embedding8bit module is not implemented")

    def forward(self, input):
        if self.weight.SCB is None:
            raise RuntimeError("Embedding layer is not quantized. Please call .cuda() or .to(device) first.")
        rows = F.embedding(input, self.weight.data)
        return (rows * (F.embedding(input, self.weight.SCB.view(-1, 1)) / 127)).to(self.dtype)
