"""Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019); the arithmetic of a step is one call."""

import torch

from .. import _C
from ._steps import StepCounts
from .optimizer import (
    Optimizer,
    _check_at_least_zero,
    _check_betas,
    _check_lr,
    _get_value,
    _use_grad_for_differentiable,
    _with_gradients,
)

__all__ = ["Adam"]


def _counts_on_gpu(group, params):
    """As PyTorch: with these options the count of steps is a tensor beside the parameters, so that a graph can advance it."""
    return bool(group["capturable"] or group["fused"]) and all(param.is_cuda for param in params)


def _advanced_on_gpu(states):
    counts = {id(state["step"]): state["step"] for state in states}
    for step in counts.values():
        step.add_(1.0)
    return [state["step"] for state in states]


class Adam(Optimizer):
    _counts_steps_on_gpu = True

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False, *, foreach=None,
        maximize=False, capturable=False, differentiable=False, fused=None, decoupled_weight_decay=False,
    ):
        _check_lr(lr)
        _check_at_least_zero(eps, "epsilon value")
        _check_betas(betas)
        _check_at_least_zero(weight_decay, "weight_decay value")
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }
        self._steps = StepCounts()
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        self._steps = StepCounts()
        self._init_group_defaults(
            amsgrad=False, maximize=False, foreach=None, capturable=False, differentiable=False, fused=None,
            decoupled_weight_decay=False,
        )
        for param_state in self.state.values():
            if param_state and not isinstance(param_state["step"], torch.Tensor):
                param_state["step"] = torch.tensor(float(param_state["step"]), dtype=torch.float32)

    def state_dict(self):
        # Other implementations add 1 to each step in place, so what leaves has a tensor of its own per parameter.
        state_dict = super().state_dict()
        for number, state in state_dict["state"].items():
            if isinstance(state.get("step"), torch.Tensor):
                state_dict["state"][number] = {**state, "step": state["step"].clone()}
        return state_dict

    def _states_of(self, params, amsgrad, on_gpu):
        new_step = None
        states = []
        for param in params:
            state = self.state[param]
            if not state:
                if new_step is None:
                    new_step = torch.zeros((), dtype=torch.float32, device=param.device) if on_gpu else self._new_step()
                state["step"] = new_step
                state["exp_avg"] = torch.zeros_like(param)
                state["exp_avg_sq"] = torch.zeros_like(param)
                if amsgrad:
                    state["max_exp_avg_sq"] = torch.zeros_like(param)
            states.append(state)
        return states

    @_use_grad_for_differentiable
    def step(self, closure=None):
        loss = self._closure_loss(closure)
        for group in self.param_groups:
            params, grads = _with_gradients(group["params"])
            if not params:
                continue
            amsgrad = group["amsgrad"]
            on_gpu = _counts_on_gpu(group, params)
            states = self._states_of(params, amsgrad, on_gpu)
            beta1, beta2 = group["betas"]
            lr = group["lr"]
            if on_gpu:
                steps = _advanced_on_gpu(states)
                lr = lr.to(torch.float32) if isinstance(lr, torch.Tensor) and lr.is_cuda else _get_value(lr)
            else:
                steps = self._steps.advance(states, self.state)
                lr = _get_value(lr)
            _C._adam_(
                params,
                grads,
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [state["max_exp_avg_sq"] for state in states] if amsgrad else [],
                steps, lr, _get_value(beta1), _get_value(beta2), group["eps"], group["weight_decay"],
                group["decoupled_weight_decay"], amsgrad, group["maximize"],
            )
        return loss
