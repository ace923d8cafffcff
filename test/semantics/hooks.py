"""Hooks on leaves and others, kept gradients, and functions whose backward is Python."""

import torch
from show import case, fails, ramp, show

t = torch.tensor


def leaf(*values):
    return t(values, dtype=torch.float64, requires_grad=True)


def flags(v):
    return (v.requires_grad, v.is_leaf, v.grad_fn.name() if v.grad_fn is not None else None)


x = leaf(1.0, 2.0)
seen = []


def hooked(build):
    seen.clear()
    a = leaf(1.0, 2.0)
    build(a)
    return show(a.grad), [show(s) for s in seen]


case("hook on a leaf", lambda: hooked(lambda a: (a.register_hook(seen.append), (a * 2).sum().backward())))
case("hook changes", lambda: hooked(lambda a: (a.register_hook(lambda g: g * 10), (a * 2).sum().backward())))


def inner_hook(a):
    b = a * 2
    b.register_hook(lambda g: seen.append(g) or g + 1)
    b.retain_grad()
    (b * b).sum().backward()
    seen.append(b.grad)


case("hook on a non-leaf", lambda: hooked(inner_hook))


def removed_hook(a):
    handle = a.register_hook(seen.append)
    handle.remove()
    (a * 2).sum().backward()


case("hook removed", lambda: hooked(removed_hook))
case(
    "two hooks",
    lambda: hooked(lambda a: (a.register_hook(lambda g: g + 1), a.register_hook(lambda g: g * 2), a.sum().backward())),
)
case(
    "post accumulate hook",
    lambda: hooked(
        lambda a: (
            a.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone())),
            (a * 3).sum().backward(),
        )
    ),
)
case(
    "retain_grad",
    lambda: (lambda a: (lambda b: (b.retain_grad(), b.sum().backward(), b.grad, b.retains_grad))(a * 2))(leaf(1.0)),
)
case(
    "retain_grad of a view",
    lambda: (lambda a: (lambda b: (b.retain_grad(), (b * b).sum().backward(), b.grad, a.grad))(a[:1]))(leaf(1.0, 2.0)),
)
case("grad of a non-leaf", lambda: (lambda b: (b.sum().backward(), b.grad))(leaf(1.0) * 2)[1])
fails("hook without grad", lambda: t([1.0]).register_hook(print))
fails("hook that fails", lambda: (lambda a: (a.register_hook(lambda g: 1 / 0), a.sum().backward()))(leaf(1.0)))
fails("grad of wrong shape", lambda: setattr(leaf(1.0), "grad", t([1.0, 2.0]).double()))
case(
    "set grad", lambda: (lambda a: (setattr(a, "grad", t([5.0]).double()), (a * 2).sum().backward(), a.grad))(leaf(1.0))
)
case(
    "zero grad by None",
    lambda: (lambda a: ((a * 2).sum().backward(), setattr(a, "grad", None), (a * 3).sum().backward(), a.grad))(
        leaf(1.0)
    ),
)


# Functions
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, scale=1.0):
        ctx.save_for_backward(v)
        ctx.scale = scale
        return scale * v**3

    @staticmethod
    def backward(ctx, dy):
        (v,) = ctx.saved_tensors
        seen.append(ctx.needs_input_grad)
        return dy * 3 * ctx.scale * v**2, None


class TwoOut(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.mark_non_differentiable(c := (a > b))
        return a * b, a + b, c

    @staticmethod
    def backward(ctx, d1, d2, d3):
        seen.append((d1, d2))
        return d1 + d2, d1 - d2


class Setup(torch.autograd.Function):
    @staticmethod
    def forward(v):
        return v * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.saved_tensors[0]


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a * 2

    @staticmethod
    def backward(ctx, dy):
        return dy, dy


case("Function", lambda: (lambda a: (Cube.apply(a, 2.0).sum().backward(), a.grad, seen[-1]))(leaf(1.0, 2.0)))
case("Function name", lambda: flags(Cube.apply(x)))
case(
    "Function twice",
    lambda: (lambda a: torch.autograd.grad(torch.autograd.grad(Cube.apply(a).sum(), a, create_graph=True)[0].sum(), a))(
        leaf(1.0, 2.0)
    ),
)
case("Function without grad", lambda: flags(Cube.apply(t([1.0]))))
case("Function under no_grad", lambda: torch.no_grad()(Cube.apply)(x))
case(
    "two outputs",
    lambda: (
        lambda a, b: (lambda o: (o[0].sum().backward(), a.grad, b.grad, flags(o[2]), [show(s) for s in seen[-1]]))(
            TwoOut.apply(a, b)
        )
    )(leaf(1.0), leaf(2.0)),
)
case("setup_context", lambda: (lambda a: (Setup.apply(a).sum().backward(), a.grad))(leaf(3.0)))
fails("too many gradients", lambda: Wrong.apply(leaf(1.0)).sum().backward())
