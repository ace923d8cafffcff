"""What runs as one kernel on a GPU gives what the CPU composes: cross entropy, and Adam's step for all parameters."""

import itertools

import torch
import torch.nn.functional as F


def raises(kind, words, call):
    try:
        call()
    except kind as error:
        assert words in str(error), f"{error!r} does not say {words!r}"
        return
    raise AssertionError(f"nothing was raised: {words}")


def losses_on(device, logits, target, weight, options):
    """The loss, its gradient by the kernel, its gradient as ops, and a gradient of that."""
    x = logits.to(device).requires_grad_()
    w = None if weight is None else weight.to(device)
    loss = F.cross_entropy(x, target.to(device), w, **options)
    (plain,) = torch.autograd.grad(loss.sum() * 1.5, x, retain_graph=True)
    (first,) = torch.autograd.grad(loss.sum() * 1.5, x, create_graph=True)
    (second,) = torch.autograd.grad((first * first).sum(), x)
    return [t.detach().cpu() for t in (loss, plain, first, second)]


torch.manual_seed(0)
shapes = [((5, 7), (5,), torch.float32), ((7,), (), torch.float64), ((2, 4, 3, 5), (2, 3, 5), torch.float32)]
cases = itertools.product(shapes, ("none", "mean", "sum"), (0.0, 0.1), (False, True))
for (shape, target_shape, dtype), reduction, smoothing, is_weighted in cases:
    classes = shape[0] if len(shape) == 1 else shape[1]
    logits = torch.randn(shape, dtype=dtype)
    target = torch.randint(0, classes, target_shape)
    if target.dim():
        target.view(-1)[1] = -100
    weight = torch.rand(classes, dtype=dtype) if is_weighted else None
    options = {"reduction": reduction, "label_smoothing": smoothing}
    here, there = (losses_on(device, logits, target, weight, options) for device in ("cpu", "cuda"))
    for a, b in zip(here, there):
        assert a.dtype == b.dtype and a.shape == b.shape
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)

logits = torch.randn(4, 6, device="cuda", dtype=torch.bfloat16, requires_grad=True)
raises(IndexError, "Target 9 is out of bounds.", lambda: F.cross_entropy(logits, torch.tensor([1, 2, 9, 0], device="cuda")).item())
raises(RuntimeError, "expected target dtype", lambda: F.cross_entropy(logits, torch.zeros(4, dtype=torch.int32, device="cuda")))
target = torch.tensor([1, 2, 3, 0], device="cuda")
assert F.cross_entropy(logits, target).dtype == torch.bfloat16
with torch.autocast("cuda", dtype=torch.bfloat16):
    loss = F.cross_entropy(logits, target)
    loss.backward()
    assert loss.dtype == torch.float32 and logits.grad.dtype == torch.bfloat16
    assert loss.item() == F.cross_entropy(logits.float(), target).item()
    assert F.cross_entropy(logits, target, torch.ones(6, device="cuda")).dtype == torch.float32
    assert F.cross_entropy(logits, torch.full((4, 6), 1 / 6, device="cuda")).dtype == torch.float32


def trained(device, make, dtype=torch.float32, steps=3):
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(36, 5)).to(dtype)
    x = torch.randn(2, 3, 5, 5, dtype=dtype).contiguous(memory_format=torch.channels_last)
    # What never gets a gradient, and what lies in memory in another order.
    model.unused = torch.nn.Parameter(torch.zeros(3, dtype=dtype))
    model = model.to(device, memory_format=torch.channels_last)
    optimizer = make(model.parameters(), device)
    for step in range(steps):
        optimizer.zero_grad()
        (model(x.to(device)) ** 2).mean().backward()
        if step == 1:
            model[0].bias.grad = None
        optimizer.step()
        if step == 0:
            optimizer.load_state_dict(optimizer.state_dict())
    return [p.detach().cpu() for p in model.parameters()], optimizer


def plain(kind, **options):
    return lambda parameters, device: kind(parameters, lr=0.01, **options)


def on_gpu(kind, **options):
    return lambda parameters, device: kind(parameters, lr=0.01, **options, **({"capturable": True} if device == "cuda" else {}))


def with_tensor_rate(parameters, device):
    if device == "cpu":
        return torch.optim.AdamW(parameters, lr=0.01)
    return torch.optim.AdamW(parameters, lr=torch.tensor(0.01, device="cuda"), capturable=True)


for make in (
    plain(torch.optim.Adam), plain(torch.optim.AdamW, amsgrad=True), plain(torch.optim.Adam, weight_decay=0.1, maximize=True),
    on_gpu(torch.optim.AdamW, weight_decay=0.1), on_gpu(torch.optim.Adam, amsgrad=True), with_tensor_rate,
    plain(torch.optim.AdamW, fused=True),
):
    (here, _), (there, optimizer) = trained("cpu", make), trained("cuda", make)
    for a, b in zip(here, there):
        torch.testing.assert_close(a, b, rtol=2e-5, atol=1e-6)
    group, state = optimizer.param_groups[0], next(iter(optimizer.state.values()))
    assert state["step"].is_cuda == bool(group["capturable"] or group["fused"]) and state["step"].item() == 3
print("all of it holds")
