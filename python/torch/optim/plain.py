"""Optimizers written in plain tensor code: Adadelta, Adagrad, Adamax, ASGD, NAdam, RAdam, RMSprop, Rprop."""

import math

import torch

from .optimizer import (
    Optimizer,
    _check_at_least_zero,
    _check_betas,
    _check_lr,
    _get_value,
    _use_grad_for_differentiable,
)


class _PlainOptimizer(Optimizer):
    """Walks over parameters with gradients; a subclass says what a new state holds and how one parameter moves."""

    _older_defaults = {}

    def __setstate__(self, state):
        super().__setstate__(state)
        self._init_group_defaults(**self._older_defaults)
        for param_state in self.state.values():
            if param_state and "step" in param_state and not isinstance(param_state["step"], torch.Tensor):
                param_state["step"] = torch.tensor(float(param_state["step"]), dtype=torch.float32)

    def _new_state(self, param, group):
        raise NotImplementedError

    def _update(self, param, grad, state, group):
        raise NotImplementedError

    @_use_grad_for_differentiable
    def step(self, closure=None):
        loss = self._closure_loss(closure)
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if param.grad.is_sparse:
                    raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")
                state = self.state[param]
                if not state:
                    state.update(self._new_state(param, group))
                grad = -param.grad if group["maximize"] else param.grad
                self._update_real(param, grad, state, group)
        return loss

    def _update_real(self, param, grad, state, group):
        if not torch.is_complex(param):
            self._update(param, grad, state, group)
            return
        views = {k: torch.view_as_real(v) if torch.is_tensor(v) and v.is_complex() else v for k, v in state.items()}
        self._update(torch.view_as_real(param), torch.view_as_real(grad), views, group)
        for key, value in views.items():
            if torch.is_tensor(value) and not (torch.is_tensor(state[key]) and state[key].is_complex()):
                state[key] = value


def _decayed(grad, param, weight_decay):
    return grad.add(param, alpha=weight_decay) if weight_decay != 0 else grad


def _count(state):
    state["step"] += 1
    return state["step"].item()


class Adadelta(_PlainOptimizer):
    """Zeiler 2012, arXiv:1212.5701."""

    _older_defaults = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, foreach=None, *, capturable=False, maximize=False,
        differentiable=False,
    ):
        _check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        _check_at_least_zero(eps, "epsilon value")
        _check_at_least_zero(weight_decay, "weight_decay value")
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        })

    def _new_state(self, param, group):
        return {
            "step": self._new_step(), "square_avg": torch.zeros_like(param), "acc_delta": torch.zeros_like(param)
        }

    def _update(self, param, grad, state, group):
        rho, eps = group["rho"], group["eps"]
        state["step"] += 1
        grad = _decayed(grad, param, group["weight_decay"])
        square_avg, acc_delta = state["square_avg"], state["acc_delta"]
        square_avg.mul_(rho).addcmul_(grad, grad, value=1 - rho)
        delta = acc_delta.add(eps).sqrt_().div_(square_avg.add(eps).sqrt_()).mul_(grad)
        acc_delta.mul_(rho).addcmul_(delta, delta, value=1 - rho)
        param.add_(delta, alpha=-_get_value(group["lr"]))


class Adagrad(_PlainOptimizer):
    """Duchi et al. 2011."""

    _older_defaults = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *,
        maximize=False, differentiable=False, fused=None,
    ):
        _check_lr(lr)
        _check_at_least_zero(lr_decay, "lr_decay value")
        _check_at_least_zero(weight_decay, "weight_decay value")
        _check_at_least_zero(initial_accumulator_value, "initial_accumulator_value value")
        _check_at_least_zero(eps, "epsilon value")
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        })
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param].update(self._new_state(param, group))

    def _new_state(self, param, group):
        start = group["initial_accumulator_value"]
        start = complex(start, start) if torch.is_complex(param) else start
        return {"step": self._new_step(), "sum": torch.full_like(param, start)}

    def share_memory(self):
        for state in self.state.values():
            state["sum"].share_memory_()

    def _update(self, param, grad, state, group):
        step = _count(state)
        grad = _decayed(grad, param, group["weight_decay"])
        rate = _get_value(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        state["sum"].addcmul_(grad, grad, value=1)
        param.addcdiv_(grad, state["sum"].sqrt().add_(group["eps"]), value=-rate)


class Adamax(_PlainOptimizer):
    """Kingma and Ba 2015, section 7.1: Adam with the infinity norm."""

    _older_defaults = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, foreach=None, *, maximize=False,
        differentiable=False, capturable=False,
    ):
        _check_lr(lr)
        _check_at_least_zero(eps, "epsilon value")
        _check_betas(betas)
        _check_at_least_zero(weight_decay, "weight_decay value")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })

    def _new_state(self, param, group):
        return {"step": self._new_step(), "exp_avg": torch.zeros_like(param), "exp_inf": torch.zeros_like(param)}

    def _update(self, param, grad, state, group):
        beta1, beta2 = group["betas"]
        step = _count(state)
        grad = _decayed(grad, param, group["weight_decay"])
        state["exp_avg"].lerp_(grad, 1 - beta1)
        largest = torch.maximum(state["exp_inf"].mul_(beta2), grad.abs().add_(group["eps"]))
        state["exp_inf"].copy_(largest)
        rate = _get_value(group["lr"]) / (1 - beta1**step)
        param.addcdiv_(state["exp_avg"], state["exp_inf"], value=-rate)


class ASGD(_PlainOptimizer):
    """Polyak and Juditsky 1992: gradient descent whose averaged iterate is kept in state["ax"]."""

    _older_defaults = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, foreach=None, maximize=False,
        differentiable=False, capturable=False,
    ):
        _check_lr(lr)
        _check_at_least_zero(weight_decay, "weight_decay value")
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })

    def _new_state(self, param, group):
        rate = torch.as_tensor(_get_value(group["lr"]), dtype=torch.float32, device=param.device).clone()
        return {
            "step": torch.zeros((), dtype=torch.float32, device=param.device), "eta": rate,
            "mu": torch.ones((), dtype=torch.float32, device=param.device), "ax": torch.zeros_like(param),
        }

    def _update(self, param, grad, state, group):
        step = _count(state)
        lr, lambd = _get_value(group["lr"]), group["lambd"]
        grad = _decayed(grad, param, group["weight_decay"])
        eta, mu = state["eta"].item(), state["mu"].item()
        param.mul_(1 - lambd * eta)
        param.add_(grad, alpha=-eta)
        if mu == 1:
            state["ax"].copy_(param)
        else:
            state["ax"].add_(param.sub(state["ax"]).mul_(mu))
        state["eta"].fill_(lr / ((1 + lambd * lr * step) ** group["alpha"]))
        state["mu"].fill_(1 / max(1, step - group["t0"]))


class NAdam(_PlainOptimizer):
    """Dozat 2016: Adam with Nesterov momentum."""

    _older_defaults = {
        "maximize": False, "foreach": None, "capturable": False, "differentiable": False,
        "decoupled_weight_decay": False,
    }

    def __init__(
        self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, momentum_decay=4e-3,
        decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False, differentiable=False,
    ):
        _check_lr(lr)
        _check_at_least_zero(eps, "epsilon value")
        _check_betas(betas)
        _check_at_least_zero(weight_decay, "weight_decay value")
        _check_at_least_zero(momentum_decay, "momentum_decay value")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        })

    def _new_state(self, param, group):
        return {
            "step": self._new_step(), "mu_product": torch.ones((), dtype=torch.float32),
            "exp_avg": torch.zeros_like(param), "exp_avg_sq": torch.zeros_like(param),
        }

    def _update(self, param, grad, state, group):
        beta1, beta2 = group["betas"]
        lr, decay = _get_value(group["lr"]), group["momentum_decay"]
        step = _count(state)
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                param.mul_(1 - lr * group["weight_decay"])
            else:
                grad = grad.add(param, alpha=group["weight_decay"])
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
        state["mu_product"] *= mu
        product = state["mu_product"].item()
        state["exp_avg"].lerp_(grad, 1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        denominator = state["exp_avg_sq"].div(1 - beta2**step).sqrt().add_(group["eps"])
        param.addcdiv_(grad, denominator, value=-lr * (1.0 - mu) / (1.0 - product))
        param.addcdiv_(state["exp_avg"], denominator, value=-lr * mu_next / (1.0 - product * mu_next))


class RAdam(_PlainOptimizer):
    """Liu et al. 2020: Adam that waits with its adaptive rate until the variance is tractable."""

    _older_defaults = {
        "foreach": None, "maximize": False, "differentiable": False, "decoupled_weight_decay": False,
        "capturable": False,
    }

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, decoupled_weight_decay=False, *,
        foreach=None, maximize=False, capturable=False, differentiable=False,
    ):
        _check_lr(lr)
        _check_at_least_zero(eps, "epsilon value")
        _check_betas(betas)
        _check_at_least_zero(weight_decay, "weight_decay value")
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        })

    def _new_state(self, param, group):
        return {
            "step": self._new_step(), "exp_avg": torch.zeros_like(param), "exp_avg_sq": torch.zeros_like(param)
        }

    def _update(self, param, grad, state, group):
        beta1, beta2 = group["betas"]
        lr = _get_value(group["lr"])
        step = _count(state)
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                param.mul_(1 - lr * group["weight_decay"])
            else:
                grad = grad.add(param, alpha=group["weight_decay"])
        state["exp_avg"].lerp_(grad, 1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        average = state["exp_avg"] / (1 - beta1**step)
        correction2 = 1 - beta2**step
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * step * (beta2**step) / correction2
        if rho > 5.0:
            rectify = math.sqrt(
                (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
            )
            adaptive = correction2**0.5 / state["exp_avg_sq"].sqrt().add_(group["eps"])
            param.add_(average * lr * adaptive * rectify, alpha=-1.0)
        else:
            param.add_(average * lr, alpha=-1.0)


class RMSprop(_PlainOptimizer):
    """Tieleman and Hinton 2012, optionally centered (Graves 2013) and with momentum."""

    _older_defaults = {
        "momentum": 0, "centered": False, "foreach": None, "maximize": False, "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False, capturable=False,
        foreach=None, maximize=False, differentiable=False,
    ):
        _check_lr(lr)
        _check_at_least_zero(eps, "epsilon value")
        _check_at_least_zero(momentum, "momentum value")
        _check_at_least_zero(weight_decay, "weight_decay value")
        _check_at_least_zero(alpha, "alpha value")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        })

    def _new_state(self, param, group):
        state = {"step": self._new_step(), "square_avg": torch.zeros_like(param)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = torch.zeros_like(param)
        if group["centered"]:
            state["grad_avg"] = torch.zeros_like(param)
        return state

    def _update(self, param, grad, state, group):
        alpha, lr = group["alpha"], _get_value(group["lr"])
        state["step"] += 1
        grad = _decayed(grad, param, group["weight_decay"])
        state["square_avg"].mul_(alpha).addcmul_(grad, grad, value=1 - alpha)
        if group["centered"]:
            state["grad_avg"].lerp_(grad, 1 - alpha)
            average = state["square_avg"].addcmul(state["grad_avg"], state["grad_avg"], value=-1).sqrt_()
        else:
            average = state["square_avg"].sqrt()
        average = average.add_(group["eps"])
        if group["momentum"] > 0:
            state["momentum_buffer"].mul_(group["momentum"]).addcdiv_(grad, average)
            param.add_(state["momentum_buffer"], alpha=-lr)
        else:
            param.addcdiv_(grad, average, value=-lr)


class Rprop(_PlainOptimizer):
    """Riedmiller and Braun 1993: steps that grow while the sign of the gradient stays and shrink when it turns."""

    _older_defaults = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, capturable=False, foreach=None,
        maximize=False, differentiable=False,
    ):
        _check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        })

    def _new_state(self, param, group):
        lr = _get_value(group["lr"])
        size = complex(lr, lr) if torch.is_complex(param) else lr
        return {
            "step": self._new_step(), "prev": torch.zeros_like(param), "step_size": torch.full_like(param, size)
        }

    def _update(self, param, grad, state, group):
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        state["step"] += 1
        agreement = grad.mul(state["prev"]).sign()
        factor = torch.ones_like(agreement)
        factor = factor.masked_fill(agreement > 0, grow).masked_fill(agreement < 0, shrink)
        state["step_size"].mul_(factor).clamp_(smallest, largest)
        grad = grad.masked_fill(factor == shrink, 0)
        param.addcmul_(grad.sign(), state["step_size"], value=-1)
        state["prev"].copy_(grad)
