"""The tape in depth: hooks on saved tensors, anomaly mode, functions that write to their inputs, second derivatives through views."""

import gc
import warnings

import torch
from show import case, fails, gradients, ramp, show
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.autograd.graph import saved_tensors_hooks

warnings.simplefilter("ignore")
x = ramp(2, 3)

# Saved tensors

log = []


def pack(t):
    log.append(f"pack {tuple(t.shape)} {t.requires_grad}")
    return t.clone(), "kept"


def unpack(packed):
    log.append(f"unpack {packed[1]}")
    return packed[0]


a = x.clone().requires_grad_()
with saved_tensors_hooks(pack, unpack):
    y = (a.sin() * a).sum()
print(log)
log.clear()
y.backward()
print(log)
case("through hooks", lambda: a.grad)
with saved_tensors_hooks(lambda t: t * 2, lambda t: t):
    y = a.square().sum()
case("changed on the way", lambda: torch.autograd.grad(y, a))
with saved_tensors_hooks(lambda t: 3, lambda t: torch.ones(2, 3).double()):
    y = (a * a).sum()
case("anything packed", lambda: torch.autograd.grad(y, a))
with saved_tensors_hooks(lambda t: t, lambda t: "no tensor"):
    y = (a * a).sum()
fails("no tensor", lambda: y.backward())
with saved_tensors_hooks(pack, unpack):
    y = a.exp().sum()
(g,) = torch.autograd.grad(y, a, create_graph=True)
case("second through hooks", lambda: torch.autograd.grad((g * a).sum(), a))
with torch.autograd.graph.save_on_cpu():
    y = (a**3).sum()
case("save_on_cpu", lambda: torch.autograd.grad(y, a))
with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
    fails("disabled", lambda: saved_tensors_hooks(pack, unpack).__enter__())
log.clear()
with saved_tensors_hooks(pack, unpack):
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        a.cos().sum().backward()
print("inner hooks win", log)


class Cube(Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return v**3

    @staticmethod
    def backward(ctx, g):
        (v,) = ctx.saved_tensors
        return 3 * v * v * g


log.clear()
with saved_tensors_hooks(pack, unpack):
    y = Cube.apply(a).sum()
case("function through hooks", lambda: torch.autograd.grad(y, a))
print(log)


# Functions that write


class AddOne(Function):
    @staticmethod
    def forward(ctx, v):
        v.add_(1)
        ctx.mark_dirty(v)
        return v

    @staticmethod
    def backward(ctx, g):
        return g * 10


b = a * 2
out = AddOne.apply(b)
print(out is b, b.grad_fn.name(), b._version)
case("dirty", lambda: torch.autograd.grad((b * b).sum(), a))
fails("dirty leaf", lambda: AddOne.apply(x.clone().requires_grad_()))
plain = x.clone()
print(AddOne.apply(plain) is plain)


class Two(Function):
    @staticmethod
    def forward(ctx, v, w):
        ctx.set_materialize_grads(False)
        v.mul_(w)
        ctx.mark_dirty(v)
        ctx.save_for_backward(w)
        return v, w * 3

    @staticmethod
    def backward(ctx, g, h):
        print("given", g is not None, h is not None)
        (w,) = ctx.saved_tensors
        return None if g is None else g * w, None if h is None else h * 3


v, w = x.clone().requires_grad_(), (x + 1).requires_grad_()
written = v * 1
p, q = Two.apply(written, w)
print(p is written)
case("first output", lambda: torch.autograd.grad(p.sum(), [v, w], retain_graph=True, allow_unused=True))
case("second output", lambda: torch.autograd.grad(q.sum(), [v, w], allow_unused=True))


class NotReturned(Function):
    @staticmethod
    def forward(ctx, v):
        ctx.mark_dirty(v)
        return v + 1

    @staticmethod
    def backward(ctx, g):
        return g


fails("dirty not returned", lambda: NotReturned.apply(a * 1))


class Once(Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return v * v

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (v,) = ctx.saved_tensors
        return 2 * v * g


(g,) = torch.autograd.grad(Once.apply(a).sum(), a, create_graph=True)
case("once", lambda: g)
(g,) = torch.autograd.grad((Once.apply(a) * a).sum(), a, create_graph=True)
fails("twice", lambda: g.sum().backward())

# Anomaly mode


def messages(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function()
            text = "no error"
        except Exception as error:
            text = f"{type(error).__name__}: {error}".split("\n")[0]
    return text, [str(w.message) for w in caught]


class Failing(Function):
    @staticmethod
    def forward(ctx, v):
        return v * 1

    @staticmethod
    def backward(ctx, g):
        raise ValueError("out of order")


def the_guilty_line(v):
    return Failing.apply(v)


def broken():
    with torch.autograd.detect_anomaly():
        the_guilty_line(a).sum().backward()


text, found = messages(broken)
print(text, len(found), found[0].partition(" (Triggered")[0])
print(found[1].split("\n")[0], "the_guilty_line" in found[1])


def nan():
    with torch.autograd.set_detect_anomaly(True):
        z = torch.zeros(2, requires_grad=True)
        (z / z).sum().backward()


text, found = messages(nan)
print(text, found[0].split("\n")[0], "z / z" in found[0] or "nan" in found[0])


def unchecked():
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        z = torch.zeros(2, requires_grad=True)
        (z / z).sum().backward()
        print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled(), show(z.grad))


print(messages(unchecked))
y = the_guilty_line(a).sum()


def late():
    with torch.autograd.set_detect_anomaly(True):
        y.backward()


text, found = messages(late)
print(text, found[0].partition(" (Triggered")[0])
print(torch.is_anomaly_enabled())
torch.autograd.set_detect_anomaly(True)
print(torch.is_anomaly_enabled())
torch.autograd.set_detect_anomaly(False)

# Second derivatives through writes into views


def into_view(v, w):
    y = v * 2
    y[0] = w[0] * w[1]
    y[:, 1].mul_(w[:, 2])
    return y * y * v


gradients("written views", into_view, x, ramp(2, 3, seed=3))


def row_by_row(v):
    out = torch.zeros(3, 3, dtype=v.dtype)
    for i in range(3):
        out[i] = v[0] ** (i + 2)
        out[i, i] += v[1, i] ** 2
    return out.exp() / 10


gradients("rows", row_by_row, x)


def in_place_chain(v):
    y = v.exp()
    y.t()[0].sin_()
    y.view(-1)[1:4].square_()
    return y * v


gradients("chain", in_place_chain, x)

# Nodes

y = (a * 2).sum()
edge = torch.autograd.graph.get_gradient_edge(a)
print(edge.node.name(), edge.output_nr, torch.autograd.graph.get_gradient_edge(y).node.name())
b = a * 2
y = b * b
torch.autograd.graph.increment_version(b)
fails("version", lambda: y.sum().backward())
fails("no edge", lambda: torch.autograd.graph.get_gradient_edge(x))
gc.collect()
