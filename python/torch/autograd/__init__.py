"""The tape, seen from Python."""

import _core
from torch._C import TensorBase, _buffer, _raise, _return_dead, _wrap
from torch.autograd import function, functional, graph
from torch.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from torch.autograd.function import Function
from torch.autograd.gradcheck import gradcheck, gradgradcheck
from torch.autograd.grad_mode import (
    enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled,
)


def _listed(value):
    return [value] if isinstance(value, TensorBase) else list(value)


def _gradients(roots, grads):
    if grads is None:
        return [None] * len(roots)
    grads = _listed(grads) if isinstance(grads, TensorBase) else list(grads)
    if len(grads) != len(roots):
        raise RuntimeError("got %d tensors and %d gradients" % (len(roots), len(grads)))
    return grads


def _run(roots, grads, inputs, retain_graph, create_graph, accumulate):
    _return_dead()
    at = 0
    for group in (roots, grads, inputs):
        for t in group:
            _buffer[at] = 0 if t is None else t.h
            at += 1
    n = _core.backward(len(roots), len(inputs), bool(retain_graph), bool(create_graph), accumulate)
    if n < 0:
        _raise()
    return [None if h == 0 else _wrap(int(h)) for h in _buffer[:n]]


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    roots = _listed(tensors)
    if retain_graph is None:
        retain_graph = create_graph
    if inputs is not None:
        inputs = _listed(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    _run(roots, _gradients(roots, grad_tensors), inputs or [], retain_graph, create_graph, inputs is not None)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
         is_grads_batched=False, materialize_grads=False):
    if is_grads_batched:
        raise NotImplementedError("autograd.grad(is_grads_batched=True) is not supported yet; docs/ops.md lists what is")
    roots = _listed(outputs)
    wanted = _listed(inputs)
    if retain_graph is None:
        retain_graph = create_graph
    found = _run(roots, _gradients(roots, grad_outputs), wanted, retain_graph, create_graph, False)
    if materialize_grads:
        import torch

        found = [torch.zeros_like(t) if g is None else g for g, t in zip(found, wanted)]
    elif not allow_unused and any(g is None for g in found):
        unused = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(
            f"The differentiated Tensor at index {unused} appears to not have been used in the graph. Set allow_unused=True if "
            "this is the desired behavior."
        )
    return tuple(found)


Variable = None


def _set_variable():
    global Variable
    import torch

    Variable = torch.Tensor
