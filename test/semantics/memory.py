"""No tensor outlives its last user: handles and bytes return to where they were, whatever was run in between."""

import _core
import torch
import torch.nn.functional as F
from torch import _C, nn


def leaf(*shape):
    return torch.ones(*shape, requires_grad=True)


def forward_only():
    x = leaf(50, 40)
    (x.exp() @ x.t()).relu().sum()


def forward_and_backward():
    x = leaf(50, 40)
    (x.exp() @ x.t()).softmax(1).log().sum().backward()


def graph_dropped_half_way():
    x = leaf(50, 40)
    y = x * 2
    z = y.exp()
    del y
    z.sum()


def second_derivative():
    x = leaf(20, 20)
    (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (g * g).sum().backward()


def retained_graph():
    x = leaf(20, 20)
    y = (x.sin() * x).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)


def errors():
    x = leaf(30, 20)
    for bad in (
        lambda: x @ x,
        lambda: x.view(7),
        lambda: x + torch.ones(3),
        lambda: x.exp().backward(),
        lambda: torch.cat([x, x[0]]),
        lambda: x[100],
        lambda: x.exp().add_(1).sum().backward(),
        lambda: F.cross_entropy(x, torch.full((30,), 99)),
    ):
        try:
            bad()
        except (RuntimeError, IndexError):
            pass


def error_in_a_hook():
    x = leaf(20, 20)
    y = x * 2
    y.register_hook(lambda g: 1 / 0)
    try:
        (y * y).sum().backward()
    except ZeroDivisionError:
        pass


def hooks():
    x = leaf(20, 20)
    seen = []
    x.register_hook(seen.append)
    y = x * 3
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    (y * y).sum().backward()
    seen.append(y.grad)


def views():
    x = torch.zeros(30, 20)
    for v in x.unbind(0):
        v.add_(1)
    a, b = x.split(15)
    c = a.t()[0].expand(3, 15).reshape(-1)[2:]
    c[::2].mul_(2)
    x.diagonal().unfold(0, 2, 1)


def views_on_the_tape():
    x = leaf(10, 10)
    y = x * 2
    y[0].mul_(3)
    y[:, 1] = x[0]
    v = y.view(-1)[3:]
    y.add_(1)
    (v * v).sum().backward()


def views_never_used():
    x = leaf(10, 10) * 2
    v = x[1:]
    v.exp_()
    x.t()


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.other = x * 3
        return x * 2

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * 2 + ctx.other * 0


def functions():
    x = leaf(20, 20)
    Double.apply(x).sum().backward()
    Double.apply(x)
    Double.apply(x * 2).exp()


def a_model():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10), nn.LayerNorm(10))
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(2):
        loss = F.cross_entropy(model(torch.randn(2, 1, 8, 8)), torch.tensor([1, 2]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def indexing():
    x = leaf(20, 20)
    y = x[torch.tensor([1, 2])] + x[:, [0, 1]].sum() + x[x > 0].sum()
    z = torch.zeros(20)
    z[torch.tensor([1])] = 5
    y.sum().backward()


def reading():
    x = torch.arange(100.0)
    x.tolist()
    repr(x)
    x.sum().item()
    bool((x > 3).any())
    list(x[:5])


def grads_set():
    x = leaf(10)
    x.grad = torch.ones(10)
    x.grad = None
    (x * 2).sum().backward()
    x.grad.zero_()


def no_grad():
    x = leaf(10, 10)
    with torch.no_grad():
        x.mul_(2)
        (x @ x).sum()
    x.detach().add_(1)
    x.data = torch.zeros(10, 10)


def in_place_shapes():
    x = leaf(10, 10) * 2
    x.unsqueeze_(0).squeeze_().t_()
    x.sum().backward()


def unused_outputs():
    x = leaf(10, 10)
    values, indices = x.sort(1)
    values.sum().backward()
    x.max(1)[0].sum()
    x.topk(2)[1]


def gradients_of_some():
    x, y = leaf(10), leaf(10)
    z = x * y
    torch.autograd.grad(z.sum(), [x], retain_graph=True)
    torch.autograd.grad(z.sum(), [z, y])


def state():
    _C._return_dead()
    _core.synchronize()
    return _core.live_handles(), _core.memory_allocated()


checked = 0
for function in (
    forward_only,
    forward_and_backward,
    graph_dropped_half_way,
    second_derivative,
    retained_graph,
    errors,
    error_in_a_hook,
    hooks,
    views,
    views_on_the_tape,
    views_never_used,
    functions,
    a_model,
    indexing,
    reading,
    grads_set,
    no_grad,
    in_place_shapes,
    unused_outputs,
    gradients_of_some,
):
    import gc

    function()
    gc.collect()
    before = state()
    for _ in range(3):
        function()
    gc.collect()
    after = state()
    if after != before:
        print(f"FAIL {function.__name__}: (handles, bytes) were {before}, are {after}")
    checked += 1
if _C._function_contexts:
    print(f"FAIL {len(_C._function_contexts)} contexts of functions are left")
print(f"{checked} checked")
