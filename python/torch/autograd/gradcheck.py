"""gradcheck and gradgradcheck: the tape against finite differences, in double precision. First order and second, no forward mode."""

import torch


class GradcheckError(RuntimeError):
    """A gradient differs from its finite difference."""


def _tensors(value):
    return (value,) if isinstance(value, torch.Tensor) else tuple(value)


def _outputs(function, inputs):
    return tuple(t for t in _tensors(function(*inputs)) if isinstance(t, torch.Tensor) and t.is_floating_point())


def _over_reals(function, inputs):
    """The same function of pairs of reals, and into them: the derivatives of both parts are what the convention asks for."""

    def paired(t):
        return torch.view_as_real(t) if isinstance(t, torch.Tensor) and t.is_complex() else t

    def over_reals(*arguments):
        given = [torch.view_as_complex(a.contiguous()) if is_complex else a for a, is_complex in zip(arguments, complexes)]
        return tuple(paired(t) for t in _tensors(function(*given)))

    complexes = [isinstance(v, torch.Tensor) and v.is_complex() for v in inputs]
    pairs = [torch.view_as_real(v.detach()).clone().requires_grad_(v.requires_grad) if c else v for v, c in zip(inputs, complexes)]
    return over_reals, tuple(pairs)


def _numerical(function, inputs, position, eps):
    """d output / d input by central differences: for each output a matrix, one row per element of the input."""
    point = inputs[position].detach()
    rows = []
    for i in range(point.numel()):
        ends = []
        for sign in (1, -1):
            moved = point.clone(memory_format=torch.contiguous_format)
            moved.view(-1)[i] += sign * eps
            arguments = [moved if k == position else v for k, v in enumerate(inputs)]
            with torch.no_grad():
                ends.append([t.detach().clone().reshape(-1) for t in _outputs(function, arguments)])
        rows.append([(plus - minus) / (2 * eps) for plus, minus in zip(*ends)])
    if not rows:
        return []
    return [torch.stack([row[k] for row in rows]) for k in range(len(rows[0]))]


def _analytical(outputs, source):
    """The same matrices from the tape: one backward per element of each output."""
    matrices = []
    for output in outputs:
        columns = []
        for i in range(output.numel()):
            start = output.new_zeros(output.numel())
            start[i] = 1
            gradient = None
            if output.requires_grad:
                (gradient,) = torch.autograd.grad(output, source, start.view(output.shape), retain_graph=True, allow_unused=True)
            columns.append(source.new_zeros(source.numel()) if gradient is None else gradient.reshape(-1))
        matrices.append(torch.stack(columns, 1) if columns else source.new_zeros(source.numel(), 0))
    return matrices


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0, check_undefined_grad=True,
              check_grad_dtypes=False, check_batched_grad=False, fast_mode=False, masked=None, **unused):
    """Do the gradients of `func` agree with finite differences at `inputs`? Inputs that require grad should be float64."""
    func, inputs = _over_reals(func, _tensors(inputs))
    wanted = [i for i, v in enumerate(inputs) if isinstance(v, torch.Tensor) and v.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True."
        )
    outputs = _outputs(func, inputs)
    for position in wanted:
        numerical = _numerical(func, inputs, position, eps)
        analytical = _analytical(outputs, inputs[position])
        for k, (n, a) in enumerate(zip(numerical, analytical)):
            if n.shape == a.shape and torch.allclose(a, n, rtol, atol):
                continue
            if raise_exception:
                raise GradcheckError(
                    f"Jacobian mismatch for output {k} with respect to input {position},\nnumerical:{n}\nanalytical:{a}\n"
                )
            return False
    return True


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, **unused):
    """gradcheck of the gradient itself."""
    func, inputs = _over_reals(func, _tensors(inputs))
    outputs = _outputs(func, inputs)
    if grad_outputs is None:
        grad_outputs = [torch.linspace(-1, 1, max(t.numel(), 1), dtype=t.dtype)[: t.numel()].view(t.shape) for t in outputs]
    starts = [g.detach().clone().requires_grad_() for g in _tensors(grad_outputs)]
    wanted = [i for i, v in enumerate(inputs) if isinstance(v, torch.Tensor) and v.requires_grad]

    def first(*arguments):
        own, given = arguments[: len(inputs)], arguments[len(inputs) :]
        with torch.enable_grad():
            own = [v if isinstance(v, torch.Tensor) and v.requires_grad else v for v in own]
            leaves = [v if i not in wanted or v.requires_grad else v.requires_grad_() for i, v in enumerate(own)]
            results = _outputs(func, leaves)
            pairs = [(r, g) for r, g in zip(results, given) if r.requires_grad]
            return torch.autograd.grad([r for r, _ in pairs], [leaves[i] for i in wanted], [g for _, g in pairs],
                                       create_graph=True, materialize_grads=True)

    return gradcheck(first, (*inputs, *starts), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception)
