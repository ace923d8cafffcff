"""Products with weights of four and eight bits: what layers call, and scripts under bitsandbytes.matmul_4bit and matmul."""

import dataclasses

import torch

from bitsandbytes import functional
from torch._gen import functions as _ops


@dataclasses.dataclass
class MatmulLtState:
    """What an int8 layer keeps: codes, the largest number of each row, and from which size on inputs stay in float."""

    CB: torch.Tensor | None = None
    SCB: torch.Tensor | None = None
    threshold: float = 0.0
    has_fp16_weights: bool = True
    is_training: bool = True
    use_pool: bool = False
    idx: torch.Tensor | None = None

    def reset_grads(self):
        self.CB = self.SCB = None


def matmul_4bit(A, B, quant_state, out=None, bias=None):
    """A @ B + bias, where B is the codes of a weight, turned or not."""
    result = functional.linear_4bit(A, B.reshape(-1), quant_state, bias)
    return result if out is None else out.copy_(result)


def matmul(A, B, out=None, state=None, threshold=0.0, bias=None):
    """A @ B^T + bias with rows of both in int8; columns of A that hold a number of at least the threshold stay in float."""
    state = state or MatmulLtState()
    threshold = threshold or state.threshold
    codes, largest = state.CB, state.SCB
    if codes is None:
        # Weights that are trained: rounded for this product only, with the gradient of the plain one.
        codes, largest, _ = functional.int8_vectorwise_quant(B.detach())
    rounded = linear_int8(A.detach(), codes, largest, threshold, None)
    if torch.is_grad_enabled() and (A.requires_grad or (state.has_fp16_weights and B.requires_grad)):
        weight = B if state.has_fp16_weights else functional.int8_vectorwise_dequant(codes, largest).to(A.dtype)
        plain = torch.nn.functional.linear(A, weight.to(A.dtype))
        rounded = plain + (rounded - plain.detach())
    result = rounded if bias is None else rounded + bias
    return result if out is None else out.copy_(result)


def linear_int8(x, codes, largest, threshold, bias):
    scale = largest.float() / 127
    rest = None
    if threshold > 0:
        rows = x.reshape(-1, x.shape[-1])
        columns = (rows.abs() >= threshold).any(0).nonzero().view(-1)
        if columns.numel():
            weight = codes.index_select(1, columns).to(x.dtype) * scale[:, None].to(x.dtype)
            rest = torch.nn.functional.linear(x.index_select(-1, columns), weight)
            x = x.index_fill(-1, columns, 0)
    # Codes from -127 to 127 are 0 to 254 around 127.
    result = _ops._linear_int8_dynamic(x.contiguous(), codes, scale, bias, None, "row", 254, False, True)
    return result if rest is None else result + rest
