"""Stochastic gradient descent, with momentum (Nesterov's too); the arithmetic of a step is one call."""

from .. import _C
from .optimizer import (
    Optimizer,
    _check_at_least_zero,
    _check_lr,
    _get_value,
    _use_grad_for_differentiable,
    _with_gradients,
)

__all__ = ["SGD"]


class SGD(Optimizer):
    def __init__(
        self, params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False,
        foreach=None, differentiable=False, fused=None,
    ):
        _check_lr(lr)
        _check_at_least_zero(momentum, "momentum value")
        _check_at_least_zero(weight_decay, "weight_decay value")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        self._init_group_defaults(nesterov=False, maximize=False, foreach=None, differentiable=False, fused=False)

    @_use_grad_for_differentiable
    def step(self, closure=None):
        loss = self._closure_loss(closure)
        for group in self.param_groups:
            params, grads = _with_gradients(group["params"])
            if not params:
                continue
            momentum = group["momentum"]
            buffers = [None] * len(params)
            if momentum != 0:
                buffers = [self.state[param].get("momentum_buffer") for param in params]
            # Buffers that are None are made by the call: the first buffer is the first gradient.
            _C._sgd_(
                params, grads, buffers, _get_value(group["lr"]), momentum,
                group["dampening"], _get_value(group["weight_decay"]), group["nesterov"], group["maximize"],
            )
            if momentum != 0:
                for param, buffer in zip(params, buffers):
                    self.state[param]["momentum_buffer"] = buffer
        return loss
