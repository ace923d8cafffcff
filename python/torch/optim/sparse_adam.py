"""SparseAdam: Adam that touches only the rows a sparse gradient names. Dense gradients are refused, as in PyTorch."""

import math

import torch

from .optimizer import Optimizer, _check_betas, _get_value, _use_grad_for_differentiable

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        if isinstance(lr, torch.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 < lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 < eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        _check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    @_use_grad_for_differentiable
    def step(self, closure=None):
        loss = self._closure_loss(closure)
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if not param.grad.is_sparse:
                    raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
                state = self.state[param]
                if not state:
                    state.update(step=0, exp_avg=torch.zeros_like(param), exp_avg_sq=torch.zeros_like(param))
                state["step"] += 1
                self._update(param, param.grad.coalesce(), state, group)
        return loss

    def _update(self, param, grad, state, group):
        rows = grad.indices()[0]
        values = -grad.values() if group["maximize"] else grad.values()
        beta1, beta2 = group["betas"]
        average = state["exp_avg"].index_select(0, rows).lerp(values, 1 - beta1)
        square = state["exp_avg_sq"].index_select(0, rows).lerp(values * values, 1 - beta2)
        state["exp_avg"].index_copy_(0, rows, average)
        state["exp_avg_sq"].index_copy_(0, rows, square)
        step = state["step"]
        rate = _get_value(group["lr"]) * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        param.index_add_(0, rows, average / (square.sqrt() + group["eps"]), alpha=-rate)
