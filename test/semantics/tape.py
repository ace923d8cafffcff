"""The tape: leaves, modes, retained graphs, second derivatives, and what is refused."""

import torch
from show import case, fails, ramp, show

t = torch.tensor


def leaf(*values):
    return t(values, dtype=torch.float64, requires_grad=True)


def flags(v):
    return (v.requires_grad, v.is_leaf, v.grad_fn.name() if v.grad_fn is not None else None)


x = leaf(1.0, 2.0)
y = x * 3
case(
    "flags", lambda: (flags(x), flags(y), flags(y.detach()), flags(x + 1), flags(t([1.0])), flags(x[0]), flags((x > 1)))
)
case(
    "names",
    lambda: [
        v.grad_fn.name()
        for v in (
            x + 1,
            x - x,
            x * x,
            x / 2,
            x**2,
            -x,
            x.exp(),
            x.sum(),
            x.mean(),
            x.view(2, 1),
            x.t(),
            x[0],
            x[:1],
            x[t([0])],
            x @ x,
            x.relu(),
            x.softmax(0),
            x.clone(),
            x.max(),
            x.max(0)[0],
            torch.cat([x, x]),
            torch.stack([x, x]),
            x.abs(),
            x.sqrt(),
            x.norm(),
            x.unsqueeze(0),
            x.expand(2, 2),
            x.permute(0),
            x.float(),
            x.std(),
            x.cumsum(0),
            x.clamp(0, 1),
            torch.where(x > 1, x, 0.0),
            x.sigmoid(),
            x.tanh(),
            x.log(),
            x.prod(),
            x.sort()[0],
            x.gather(0, t([0])),
            x.masked_fill(x > 1, 0.0),
            x.repeat(2),
            x.squeeze(),
            x.flatten(),
            x.reshape(1, 2),
            x.transpose(0, 0),
            x.index_select(0, t([0])),
            x.logsumexp(0),
            x.log_softmax(0),
            x.sin(),
            torch.maximum(x, x),
            x.var(),
            x.topk(1)[0],
        )
    ],
)
case("accumulates", lambda: (y.sum().backward(retain_graph=True), x.grad, y.sum().backward(), x.grad))
fails("backward again", lambda: y.sum().backward() or y.sum().backward())
case("no grad needed twice", lambda: ((x + 1).sum().backward(), x.grad))
case("grad is kept", lambda: x.grad is x.grad)
x.grad = None


def second_time():
    z = leaf(2.0)
    w = (z * z).sum()
    w.backward()
    w.backward()


fails("graph freed", second_time)
fails("not scalar", lambda: (leaf(1.0, 2.0) * 2).backward())
fails("no graph", lambda: t([1.0]).sum().backward())
fails("wrong gradient shape", lambda: (leaf(1.0, 2.0) * 2).backward(torch.ones(3)))
case("gradient given", lambda: [(x * 2).backward(t([1.0, 10.0]).double()), x.grad, setattr(x, "grad", None)][1])
case("backward of a leaf", lambda: (lambda z: (z.backward(), z.grad))(leaf(3.0).sum().detach().requires_grad_()))
case("grad", lambda: torch.autograd.grad((x * x).sum(), x))
case("grad does not accumulate", lambda: x.grad)
case("grad of several", lambda: torch.autograd.grad([x.sum(), (x * 2).sum()], [x]))
case("grad_outputs", lambda: torch.autograd.grad(x * x, x, grad_outputs=t([1.0, 0.5]).double()))
case("allow_unused", lambda: torch.autograd.grad(x.sum(), [x, leaf(1.0)], allow_unused=True))
case("materialize", lambda: torch.autograd.grad(x.sum(), [x, leaf(1.0)], materialize_grads=True))
fails("unused", lambda: torch.autograd.grad(x.sum(), [x, leaf(1.0)]))
fails("grad of no grad", lambda: torch.autograd.grad(x.sum(), [t([1.0])]))


def middle():
    a = leaf(1.0, 2.0)
    b = a * 2
    c = (b * b).sum()
    return torch.autograd.grad(c, [b, a])


case("grad of the middle", middle)
case(
    "second derivative",
    lambda: (lambda a: torch.autograd.grad(torch.autograd.grad((a**3).sum(), a, create_graph=True)[0].sum(), a))(
        leaf(1.0, 2.0)
    ),
)
case(
    "third derivative",
    lambda: (
        lambda a: (lambda g: torch.autograd.grad(torch.autograd.grad(g.sum(), a, create_graph=True)[0].sum(), a))(
            torch.autograd.grad((a**4).sum(), a, create_graph=True)[0]
        )
    )(leaf(1.0, 2.0)),
)


def penalty():
    w = leaf(1.0, -2.0)
    out = (w * w * t([3.0, 1.0]).double()).sum().tanh()
    g = torch.autograd.grad(out * 0.1, w, create_graph=True)[0]
    (out + g.norm()).backward()
    return w.grad


case("gradient penalty", penalty)


def created():
    w = leaf(2.0)
    (w**3).sum().backward(create_graph=True)
    first = w.grad
    w.grad = None
    first.sum().backward()
    return first, w.grad


case("backward create_graph", created)
case(
    "backward inputs", lambda: (lambda a, b: ((a * b).sum().backward(inputs=[a]), a.grad, b.grad))(leaf(2.0), leaf(3.0))
)

# Modes
with torch.no_grad():
    case("no_grad", lambda: (flags(x * 2), torch.is_grad_enabled()))
    with torch.enable_grad():
        case("enable_grad inside", lambda: flags(x * 2))
with torch.inference_mode():
    case("inference_mode", lambda: (flags(x * 2), torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
with torch.set_grad_enabled(False):
    case("set_grad_enabled", lambda: flags(x * 2))
case("after", lambda: (flags(x * 2), torch.is_grad_enabled()))


@torch.no_grad()
def decorated(v):
    return v * 2


@torch.no_grad
def bare(v):
    return v * 2


@torch.set_grad_enabled(False)
def by_flag(v):
    return v * 2


@torch.no_grad()
def generated():
    yield torch.is_grad_enabled()


@torch.inference_mode()
def inferred(v):
    return v * 2


case(
    "decorators",
    lambda: [flags(f(x)) for f in (decorated, bare, by_flag, inferred)] + [list(generated()), torch.is_grad_enabled()],
)
torch.set_grad_enabled(False)
case("as a function", lambda: flags(x * 2))
torch.set_grad_enabled(True)
fails("raise inside no_grad", lambda: decorated(None))
case("enabled after the raise", torch.is_grad_enabled)
case(
    "requires_grad_",
    lambda: (
        t([1.0]).requires_grad_().requires_grad,
        x.detach().requires_grad,
        leaf(1.0).requires_grad_(False).requires_grad,
    ),
)
fails("requires_grad off a non-leaf", lambda: (x * 2).requires_grad_(False))
case("new leaf by detach", lambda: flags((x * 2).detach().requires_grad_()))
case("ints never", lambda: flags((x * 2).long()))
fails("numpy of grad", lambda: x.numpy())
case("item of grad", lambda: (x.sum().item(), x.tolist()))

case(
    "broadcast gradients",
    lambda: (lambda a, b: ((a * b + b).sum().backward(), a.grad, b.grad))(
        torch.ones(2, 1).double().requires_grad_(), torch.ones(3).double().requires_grad_()
    ),
)
case(
    "scalar parameter",
    lambda: (lambda s: ((ramp(3, 2) * s).sum().backward(), s.grad))(t(2.0, dtype=torch.float64, requires_grad=True)),
)
case("float32 with float64", lambda: (lambda s: ((ramp(3) * s).sum().backward(), s.grad))(t([2.0], requires_grad=True)))
case("diamond", lambda: (lambda a: (lambda b: ((b * b + b.sin() * a).sum().backward(), a.grad))(a * 2))(leaf(0.5)))
case("long chain", lambda: (lambda a: (sum([a * i for i in range(50)]).sum().backward(), a.grad))(leaf(1.0)))


def deep():
    a = leaf(1.0)
    b = a
    for _ in range(3000):
        b = b + 0.001
    b.sum().backward()
    return a.grad


case("deep chain", deep)
case("next_functions", lambda: (x * 2 + 1).grad_fn.next_functions[0][0].name())
case(
    "functional",
    lambda: (
        torch.autograd.functional.jacobian(lambda v: v**2, x.detach()),
        torch.autograd.functional.hessian(lambda v: (v**3).sum(), x.detach()),
    ),
)
case("copies", lambda: (__import__("copy").deepcopy(x).requires_grad, flags(x.clone()), flags(x.data)))
fails("deepcopy of a non-leaf", lambda: __import__("copy").deepcopy(x * 2))
