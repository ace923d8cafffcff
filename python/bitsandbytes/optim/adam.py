"""Adam and AdamW. States of eight bits are codes in blocks of 256 numbers, rounded anew in every step (Dettmers et al. 2022,
arXiv:2110.02861); parameters of fewer than min_8bit_size numbers keep states in float."""

import torch
from torch.optim import Optimizer

from bitsandbytes import _maps
from bitsandbytes.functional import dequantize_blockwise, quantize_blockwise
from bitsandbytes.optim.manager import GlobalOptimManager

_BLOCK = 256


class _Adam(Optimizer):
    bits = None

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, optim_bits=32, args=None,
        min_8bit_size=4096, percentile_clipping=100, block_wise=True, is_paged=False,
    ):
        name = type(self).__name__
        if amsgrad:
            raise NotImplementedError(f"bitsandbytes.optim.{name} does not support amsgrad=True")
        if percentile_clipping != 100:
            raise NotImplementedError(f"bitsandbytes.optim.{name}(percentile_clipping={percentile_clipping}) is not supported: 100 is")
        if not block_wise:
            raise NotImplementedError(f"bitsandbytes.optim.{name}(block_wise=False) is not supported: states have a scale for each block")
        for what, value in (("learning rate", lr), ("epsilon value", eps), ("weight_decay value", weight_decay)):
            if value < 0:
                raise ValueError(f"Invalid {what}: {value}")
        self._bits, self._least = self.bits or optim_bits, min_8bit_size
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def _start(self, p, state):
        options = GlobalOptimManager.get_instance().options_of(p)
        state["step"] = 0
        if options.get("optim_bits", self._bits) == 8 and p.numel() >= self._least:
            blocks = -(-p.numel() // _BLOCK)
            for number, signed in ((1, True), (2, False)):
                table = _maps.dynamic(signed)
                zero = int((table == 0).nonzero()[0])
                state[f"state{number}"] = torch.full(p.shape, zero, dtype=torch.uint8, device=p.device)
                state[f"qmap{number}"] = table.to(p.device)
                state[f"absmax{number}"] = torch.zeros(blocks, device=p.device)
        else:
            state["state1"] = torch.zeros(p.shape, dtype=torch.float32, device=p.device)
            state["state2"] = torch.zeros(p.shape, dtype=torch.float32, device=p.device)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group)
        return loss

    def _update(self, p, group):
        state = self.state[p]
        if not state:
            self._start(p, state)
        state["step"] += 1
        (beta1, beta2), lr, step = group["betas"], group["lr"], state["step"]
        is_coded = state["state1"].dtype == torch.uint8
        first, second = _numbers(state, 1), _numbers(state, 2)
        grad = p.grad.float()
        first.mul_(beta1).add_(grad, alpha=1 - beta1)
        second.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        correction = (1 - beta2**step) ** 0.5
        moved = first / second.sqrt().add_(group["eps"] * correction)
        value = p.float() if p.dtype != torch.float32 else p
        if group["weight_decay"] > 0:
            value = value * (1 - lr * group["weight_decay"])
        p.copy_(value - moved * (lr * correction / (1 - beta1**step)))
        if is_coded:
            for number, numbers in ((1, first), (2, second)):
                codes, found = quantize_blockwise(numbers, state[f"qmap{number}"], blocksize=_BLOCK)
                state[f"state{number}"], state[f"absmax{number}"] = codes, found.absmax

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        # The base class gives tensors the dtype of their parameter: states keep their own.
        saved = state_dict["state"]
        parameters = [p for group in self.param_groups for p in group["params"]]
        for number, values in saved.items():
            own = self.state[parameters[number]]
            for name, value in values.items():
                if isinstance(value, torch.Tensor):
                    own[name] = value.clone().to(parameters[number].device)


def _numbers(state, number):
    codes = state[f"state{number}"]
    if codes.dtype != torch.uint8:
        return codes
    return dequantize_blockwise(codes, absmax=state[f"absmax{number}"], code=state[f"qmap{number}"], blocksize=_BLOCK)


class Adam(_Adam):
    """Adam; weight decay acts on the weights themselves, as in bitsandbytes."""


class Adam8bit(_Adam):
    """Adam with states of eight bits."""

    bits = 8


class Adam32bit(_Adam):
    """Adam with states in float."""

    bits = 32


class AdamW(_Adam):
    """Adam with a weight decay of 0.01."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, *args, **kwargs):
        super().__init__(params, lr, betas, eps, weight_decay, *args, **kwargs)


class AdamW8bit(AdamW):
    """AdamW with states of eight bits."""

    bits = 8


class AdamW32bit(AdamW):
    """AdamW with states in float."""

    bits = 32


# States that a GPU's driver moves to the host and back: here all memory is alike.
PagedAdam, PagedAdam8bit, PagedAdam32bit = Adam, Adam8bit, Adam32bit
PagedAdamW, PagedAdamW8bit, PagedAdamW32bit = AdamW, AdamW8bit, AdamW32bit
