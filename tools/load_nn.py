"""Loads our python/torch/{nn,optim,utils} beside the real PyTorch, as package `lw`, on shims of the parts it builds on.

Only for comparing the two on a machine that has PyTorch; nothing of the product imports this.
"""

import math
import re
import sys
import types
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent / "python" / "torch"

# Generated names whose real counterpart lives elsewhere than in torch.nn.functional.
INSIDE = {name: getattr(torch._C._nn, name) for name in "silu_ mish_ hardswish_ hardsigmoid_".split()}


def _generated_names():
    """What python/torch/_gen/nn_functional.py offers, read without importing it."""
    text = (ROOT / "_gen" / "nn_functional.py").read_text()
    return re.findall(r'^    "(\w+)",$', text, re.MULTILINE)


def _primitives():
    """The generated functions with a leading underscore that our Python calls, on the real PyTorch."""
    import torch.nn.functional as F

    return {
        "_conv1d": torch.conv1d,
        "_conv2d": torch.conv2d,
        "_conv_transpose1d": torch.conv_transpose1d,
        "_conv_transpose2d": torch.conv_transpose2d,
        "_max_pool2d": torch._C._nn.max_pool2d_with_indices,
        "_adaptive_avg_pool2d": F.adaptive_avg_pool2d,
        "_dropout": lambda input, p: torch.dropout(input, p, True),
        "_embedding": lambda weight, indices, padding_idx: torch.embedding(weight, indices, padding_idx),
        "_nll_loss": lambda input, target, weight, ignore_index, reduction: F.nll_loss(
            input, target, weight, ignore_index=ignore_index, reduction=reduction
        ),
    }


def _sgd_(params, grads, momentum_buffers, lr, momentum, dampening, weight_decay, nesterov, maximize):
    for i, param in enumerate(params):
        grad = -grads[i] if maximize else grads[i]
        if weight_decay:
            grad = grad.add(param, alpha=weight_decay)
        if momentum:
            if momentum_buffers[i] is None:
                momentum_buffers[i] = grad.detach().clone()
            else:
                momentum_buffers[i].mul_(momentum).add_(grad, alpha=1 - dampening)
            grad = grad.add(momentum_buffers[i], alpha=momentum) if nesterov else momentum_buffers[i]
        param.add_(grad, alpha=-lr)


def _adam_(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    max_exp_avg_sqs,
    steps,
    lr,
    beta1,
    beta2,
    eps,
    weight_decay,
    decoupled,
    amsgrad,
    maximize,
):
    for i, param in enumerate(params):
        grad = -grads[i] if maximize else grads[i]
        if weight_decay:
            if decoupled:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad.add(param, alpha=weight_decay)
        exp_avgs[i].lerp_(grad, 1 - beta1)
        exp_avg_sqs[i].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        step_size = lr / (1 - beta1 ** steps[i])
        root = math.sqrt(1 - beta2 ** steps[i])
        square = exp_avg_sqs[i]
        if amsgrad:
            torch.maximum(max_exp_avg_sqs[i], square, out=max_exp_avg_sqs[i])
            square = max_exp_avg_sqs[i]
        param.addcdiv_(exp_avgs[i], (square.sqrt() / root).add_(eps), value=-step_size)


class _Scopes(types.ModuleType):
    """Counts module scopes, so a test can see that they are entered and left in pairs."""

    on = False

    def __init__(self, name):
        super().__init__(name)
        self.entered = []
        self.depth = 0

    def enter(self, module):
        self.entered.append(type(module).__name__)
        self.depth += 1

    def exit(self):
        self.depth -= 1


def _module(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def load():
    """(torch, our package) where our package has nn, optim and utils."""
    import torch.nn.functional as F

    lw = _module("lw", __path__=[str(ROOT)], __package__="lw")
    lw._C = _module("lw._C", _make_subclass=torch.Tensor._make_subclass, _sgd_=_sgd_, _adam_=_adam_)
    lw._scopes = _Scopes("lw._scopes")
    sys.modules["lw._scopes"] = lw._scopes
    names = _generated_names()
    members = {name: INSIDE.get(name) or getattr(F, name) for name in names}
    generated = _module("lw._gen.nn_functional", __all__=names, **members)
    functions = _module("lw._gen.functions", **_primitives())
    lw._gen = _module("lw._gen", __path__=[], nn_functional=generated, functions=functions)
    import importlib

    for part in ("utils", "nn", "optim"):
        setattr(lw, part, importlib.import_module("lw." + part))
    # On the real tensors, results of ops on a subclass would be of that subclass; in our runtime they never are.
    lw.nn.Parameter.__torch_function__ = torch._C._disabled_torch_function_impl
    return torch, lw
