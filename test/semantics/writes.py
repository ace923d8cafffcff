"""In-place writes under the tape: what is refused, what changes history, views of what was written."""

import torch
from show import case, fails, ramp

t = torch.tensor


def leaf(*values):
    return t(values, dtype=torch.float64, requires_grad=True)


def grads(build):
    """Gradients of a leaf of three through a computation with writes in it."""
    a = leaf(1.0, 2.0, 3.0)
    out = build(a)
    (out * ramp(*out.shape, seed=3)).sum().backward()
    return a.grad


def add_(a):
    b = a * 2
    b.add_(a)
    return b * b


def view_written(a):
    b = a * 2
    b[1:].mul_(3)
    return b * b


def view_of_view(a):
    b = (a * 2).view(3, 1)
    b[1:].view(-1)[:1].exp_()
    return b


def base_written(a):
    b = a * 2
    v = b[1:]
    b.mul_(5)
    return v * v


def two_views(a):
    b = a * 2
    u, v = b[:2], b[1:]
    u.mul_(3)
    v.add_(1)
    return b * 1


def set_item(a):
    b = torch.zeros(3, 2, dtype=torch.float64)
    b[:, 0] = a
    b[1, 1] = a[2] * 2
    return b * b


def set_index(a):
    b = torch.ones(3, dtype=torch.float64)
    b[t([2, 0])] = a[:2] * 3
    return b * b


def set_mask(a):
    b = a * 2
    b[b > 3] = 0.0
    return b * b


def set_number(a):
    b = a * 2
    b[1] = 7.0
    return b * b


def copied(a):
    b = torch.zeros(3, dtype=torch.float64)
    b.copy_(a)
    return b * a


def filled(a):
    b = a * 2
    b.fill_(3.0)
    return b * a


def zeroed(a):
    b = a * 2
    b[:1].zero_()
    return b * b


def transposed(a):
    b = a.repeat(2).view(2, 3) * 1
    b.t()[0].mul_(4)
    b.t().add_(1)
    return b * b


def diagonal(a):
    b = torch.zeros(3, 3, dtype=torch.float64)
    b.diagonal().copy_(a)
    return b @ b


def relu_(a):
    b = a - 2
    b.relu_()
    return b


def many(a):
    b = a.clone()
    for i in range(3):
        b[i] += b[i - 1] * 2
    return b


def masked_fill_(a):
    b = a * 2
    b.masked_fill_(t([True, False, True]), 1.0)
    return b * b


def into_leaf_view(a):
    buffer = torch.zeros(2, 3, dtype=torch.float64)
    buffer[0] = a
    buffer[1] = buffer[0] * 2
    return buffer.sum(0) ** 2


def expanded(a):
    b = a.view(1, 3).expand(2, 3).clone()
    b[0].mul_(2)
    return b


def chunked(a):
    b = torch.cat([a, a])
    p, q = b.chunk(2)
    r = p * q
    r.sub_(q)
    return r


def scatter_(a):
    return torch.zeros(4, dtype=torch.float64).scatter_(0, t([3, 1, 0]), a * 2).scatter_add_(0, t([0, 0, 0]), a)


def index_add_(a):
    return torch.ones(2, dtype=torch.float64).index_add_(0, t([0, 1, 0]), a * a)


def squeezed(a):
    b = (a * 2).unsqueeze_(0)
    b.squeeze_()
    return b * b


def random_written(a):
    b = a * 2
    b.uniform_(2.0, 2.0)
    return b * a


def swapped_data(a):
    b = a * 2
    b.data.mul_(10)
    return b * 1


for f in (
    add_,
    view_written,
    view_of_view,
    base_written,
    two_views,
    set_item,
    set_index,
    set_mask,
    set_number,
    copied,
    filled,
    zeroed,
    transposed,
    diagonal,
    relu_,
    many,
    masked_fill_,
    into_leaf_view,
    expanded,
    chunked,
    scatter_,
    index_add_,
    squeezed,
    random_written,
    swapped_data,
):
    case(f.__name__, lambda: grads(f))
for name in "neg_ abs_ exp_ sqrt_ sigmoid_ tanh_ reciprocal_ square_ sin_ log_ clamp_ round_".split():
    case(name, lambda: grads(lambda a: getattr(a * 1.5, name)(*((0.0, 4.0) if name == "clamp_" else ()))))
for name in "add_ sub_ mul_ div_ pow_ copy_ maximum".split():
    case(f"{name} both", lambda: grads(lambda a: getattr(a * 1.5, name)(a)))
case("add_ broadcast", lambda: grads(lambda a: torch.ones(2, 3).double().mul_(a)))
case("operators", lambda: grads(lambda a: __import__("operator").imul(a * 2, a)))


def saved_written():
    a = leaf(1.0, 2.0)
    b = a * 2
    c = b * b
    b.add_(1)
    c.sum().backward()


def result_written():
    a = leaf(1.0, 2.0)
    b = a.exp()
    b.add_(1)
    b.sum().backward()


def view_of_saved_written():
    a = leaf(1.0, 2.0)
    b = a * 2
    c = b.sin()
    b[0] = 5.0
    c.sum().backward()


def detached_written():
    a = leaf(1.0, 2.0)
    b = a * 2
    c = b**2
    b.detach().zero_()
    c.sum().backward()


def harmless():
    a = leaf(1.0, 2.0)
    b = a * 2
    c = b + 1
    b.zero_()
    c.sum().backward()
    return a.grad


def parameter_step():
    a = leaf(1.0, 2.0)
    (a * a).sum().backward()
    with torch.no_grad():
        a -= 0.1 * a.grad
        a.grad.zero_()
    (a * a).sum().backward()
    return a, a.grad, a.is_leaf


case("saved then written", saved_written)
fails("result then written", result_written)
case("a view of it written", view_of_saved_written)
fails("through detach", detached_written)
case("not saved, harmless", harmless)
case("parameter step", parameter_step)
fails("leaf", lambda: leaf(1.0).add_(1))
fails("leaf by operator", lambda: leaf(1.0).__imul__(2))
fails("view of a leaf", lambda: leaf(1.0, 2.0)[0].add_(1))
fails("item of a leaf", lambda: leaf(1.0, 2.0).__setitem__(0, 1.0))
fails("copy into a leaf", lambda: leaf(1.0).copy_(t([1.0])))
fails("zero a leaf", lambda: leaf(1.0).zero_())
case("leaf under no_grad", lambda: (lambda a: (torch.no_grad()(lambda: a.add_(1))(), a.requires_grad))(leaf(1.0)))
case("leaf.data", lambda: (lambda a: (a.data.add_(1), a))(leaf(1.0)))
case(
    "versions",
    lambda: (lambda a: (a._version, a.add_(1)._version, a[0].mul_(2)._version, a._version, a.clone()._version))(
        torch.ones(2)
    ),
)
case(
    "written constant gets history",
    lambda: (lambda b: (b.requires_grad, b.add_(leaf(1.0)).requires_grad, b.grad_fn.name(), b.is_leaf))(
        torch.zeros(1).double()
    ),
)
