"""Jacobians, Hessians and products with them, one backward per output element. No forward mode, no vectorized mode."""

import torch


def _tuple(value):
    return (value,) if isinstance(value, torch.Tensor) else tuple(value)


def _leaves(inputs, create_graph):
    if create_graph:
        return tuple(t if t.requires_grad else t.detach().requires_grad_() for t in inputs)
    return tuple(t.detach().requires_grad_() for t in inputs)


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    if strategy != "reverse-mode":
        raise NotImplementedError("jacobian(strategy='forward-mode') is not supported yet; docs/ops.md lists what is")
    with torch.enable_grad():
        leaves = _leaves(_tuple(inputs), create_graph)
        result = func(*leaves)
        outputs = _tuple(result)
        rows = []
        for output in outputs:
            per_element = [
                torch.autograd.grad(element, leaves, retain_graph=True, create_graph=create_graph, materialize_grads=True)
                if element.requires_grad else tuple(torch.zeros_like(t) for t in leaves)
                for element in output.reshape(-1)
            ]
            rows.append(tuple(
                torch.stack([g[i] for g in per_element]).reshape(output.shape + leaf.shape) for i, leaf in enumerate(leaves)
            ))
    if isinstance(inputs, torch.Tensor):
        rows = [row[0] for row in rows]
    return rows[0] if isinstance(result, torch.Tensor) else tuple(rows)


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    single = isinstance(inputs, torch.Tensor)

    def gradient(*leaves):
        found = jacobian(func, leaves[0] if single else leaves, create_graph=True)
        return found if single else tuple(found)

    return jacobian(gradient, inputs, create_graph=create_graph)


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """The outputs, and v times the Jacobian."""
    with torch.enable_grad():
        leaves = _leaves(_tuple(inputs), create_graph)
        result = func(*leaves)
        outputs = _tuple(result)
        starts = None if v is None else list(_tuple(v))
        found = torch.autograd.grad(outputs, leaves, starts, create_graph=create_graph, materialize_grads=True)
    if not create_graph:
        outputs = tuple(t.detach() for t in outputs)
    return outputs[0] if isinstance(result, torch.Tensor) else outputs, found[0] if isinstance(inputs, torch.Tensor) else found


def vhp(func, inputs, v, create_graph=False, strict=False):
    """The output, and v times the Hessian."""
    with torch.enable_grad():
        leaves = _leaves(_tuple(inputs), create_graph)
        output = func(*leaves)
        first = torch.autograd.grad(output, leaves, create_graph=True, materialize_grads=True)
        found = torch.autograd.grad(first, leaves, list(_tuple(v)), create_graph=create_graph, materialize_grads=True)
    return output if create_graph else output.detach(), found[0] if isinstance(inputs, torch.Tensor) else found


hvp = vhp
