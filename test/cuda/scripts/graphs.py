"""CUDA graphs as PyTorch's documentation uses them: capture and replay, pools, random numbers, optimizers, callables, and what
cannot be captured, in PyTorch's words."""

import torch
import torch.nn.functional as F
from torch import nn


def raises(kind, words, call):
    try:
        call()
    except kind as error:
        assert words in str(error), f"{error!r} does not say {words!r}"
        return
    raise AssertionError(f"nothing was raised: {words}")


def warmed_up(call, times=2):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(times):
            call()
    torch.cuda.current_stream().wait_stream(side)


# Capture computes nothing, a replay does, with what the inputs hold then.
x = torch.ones(5, device="cuda")
warmed_up(lambda: (x * 2 + 1).tanh().sum())
total = torch.zeros((), device="cuda")
g = torch.cuda.CUDAGraph()
assert not torch.cuda.is_current_stream_capturing()
with torch.cuda.graph(g):
    assert torch.cuda.is_current_stream_capturing() and torch.cuda.current_stream().is_capturing()
    y = x * 2 + 1
    # A temporary, whose memory is used again inside.
    z = (y * 10).relu() - y
    total += z.sum()
assert not torch.cuda.is_current_stream_capturing() and total.item() == 0
g.replay()
assert y.tolist() == [3] * 5 and z.tolist() == [27] * 5 and total.item() == 135
x.fill_(2)
g.replay()
assert y.tolist() == [5] * 5 and total.item() == 135 + 225
# Memory that was handed out meanwhile is not the graph's.
others = [torch.full((5,), 9.0, device="cuda") for _ in range(50)]
for _ in range(3):
    g.replay()
assert all(o.tolist() == [9] * 5 for o in others) and total.item() == 135 + 4 * 225

# A graph's pool outlives its tensors, and goes with the graph.
reserved = torch.cuda.memory_reserved()
assert any(segment["segment_pool_id"] == g.pool() for segment in torch.cuda.memory_snapshot())
del y, z
torch.cuda.empty_cache()
assert any(segment["segment_pool_id"] == g.pool() for segment in torch.cuda.memory_snapshot())
raises(RuntimeError, "already owns a captured graph", lambda: torch.cuda.graph(g).__enter__())
g.reset()
raises(RuntimeError, "Called CUDAGraph::replay without a preceding successful capture.", g.replay)
torch.cuda.empty_cache()
assert not any(segment["segment_pool_id"] != (0, 0) for segment in torch.cuda.memory_snapshot())

# Graphs that share a pool, replayed in the order of their capture.
pool = torch.cuda.graph_pool_handle()
first, second = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
with torch.cuda.graph(first, pool=pool):
    a = x + 1
with torch.cuda.graph(second, pool=pool):
    b = a * 3
assert first.pool() == second.pool() == pool
x.fill_(4)
first.replay()
second.replay()
assert b.tolist() == [15] * 5
del first, a
second.reset()
first = torch.cuda.CUDAGraph()

# Other streams take part when they wait for the captured one, and must be waited for.
g = torch.cuda.CUDAGraph()
side = torch.cuda.Stream()
with torch.cuda.graph(g):
    a = x + 1
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        b = a * 2
    c = a * 3
    torch.cuda.current_stream().wait_stream(side)
    d = b + c
x.fill_(1)
g.replay()
assert d.tolist() == [10] * 5
g = torch.cuda.CUDAGraph()


def leaves_work_behind():
    with torch.cuda.graph(g):
        a = x + 1
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            a * 2


raises(RuntimeError, "unjoined work", leaves_work_behind)
assert (x + 1).tolist() == [2] * 5

# A graph that goes while another is captured goes afterwards.
g = torch.cuda.CUDAGraph()
with torch.cuda.graph(first):
    a = x + 1
with torch.cuda.graph(g):
    del first
    b = x * 4
x.fill_(2)
g.replay()
assert b.tolist() == [8] * 5
x.fill_(1)

# What cannot be captured
stream_words = "CUDA error: operation not permitted when stream is capturing"


def captured(body):
    def run():
        with torch.cuda.graph(torch.cuda.CUDAGraph()):
            body()

    return run


def after_an_error():
    try:
        x.sum().item()
    except RuntimeError:
        pass
    x + 1


host = torch.ones(5)
raises(RuntimeError, "operation failed due to a previous error during capture", captured(after_an_error))
for body in (lambda: x.sum().item(), lambda: x.cpu(), torch.cuda.synchronize, lambda: side.synchronize(), torch.cuda.empty_cache):
    raises(RuntimeError, "CUDA error: operation", captured(body))


def asks_twice():
    raises(RuntimeError, stream_words, lambda: x.sum().item())
    raises(RuntimeError, stream_words, torch.cuda.synchronize)
    raises(RuntimeError, "unless the CPU tensor is pinned", lambda: x.copy_(host))
    raises(RuntimeError, "during CUDA graph capture", lambda: torch.cuda.manual_seed(1))


raises(RuntimeError, "previous error during capture", captured(asks_twice))
raises(RuntimeError, "captured on a non-default stream", torch.cuda.CUDAGraph().capture_begin)
raises(ZeroDivisionError, "division", captured(lambda: 1 / 0))
assert (x + 1).tolist() == [2] * 5

# Copies from pinned memory are captured, and read it at every replay, also when Python has dropped it.
staged = torch.ones(5).pin_memory()
g = torch.cuda.CUDAGraph()
with torch.cuda.graph(g):
    x.copy_(staged, non_blocking=True)
    y = x * 2
staged.fill_(6)
g.replay()
assert y.tolist() == [12] * 5
del staged
many = [torch.zeros(5).pin_memory() for _ in range(4)]
g.replay()
assert y.tolist() == [12] * 5

# Values that the program itself writes down are a part of the graph.
g = torch.cuda.CUDAGraph()
with torch.cuda.graph(g):
    sums = [x * torch.tensor([1.0, 2.0, 3.0, 4.0, float(i)], device="cuda") for i in range(3)]
    total = torch.stack(sums).sum(0)
x.fill_(1)
for _ in range(2):
    g.replay()
    assert total.tolist() == [3, 6, 9, 12, 3]

# Copies into pinned memory are captured too.
received = torch.zeros(5).pin_memory()
g = torch.cuda.CUDAGraph()
with torch.cuda.graph(g):
    received.copy_(x * 3, non_blocking=True)
x.fill_(5)
g.replay()
torch.cuda.synchronize()
assert received.tolist() == [15] * 5

# Random numbers go on from replay to replay as they would without a graph.
torch.cuda.manual_seed(7)
expected = [torch.rand(300, device="cuda").tolist() + F.dropout(torch.ones(7, device="cuda"), 0.5).tolist() for _ in range(3)]
after = torch.rand(3, device="cuda").tolist()
g = torch.cuda.CUDAGraph()
with torch.cuda.graph(g):
    r = torch.rand(300, device="cuda")
    k = F.dropout(torch.ones(7, device="cuda"), 0.5)
torch.cuda.manual_seed(7)
for numbers in expected:
    g.replay()
    assert r.tolist() + k.tolist() == numbers
assert torch.rand(3, device="cuda").tolist() == after
own = torch.Generator("cuda").manual_seed(3)
wanted = [torch.rand(4, device="cuda", generator=own).tolist() for _ in range(2)]
raises(
    RuntimeError, "Attempt to increase offset for a CUDA generator not in capture mode.",
    captured(lambda: torch.rand(4, device="cuda", generator=own)),
)
own.manual_seed(3)
g = torch.cuda.CUDAGraph()
g.register_generator_state(own)
with torch.cuda.graph(g):
    r = torch.rand(4, device="cuda", generator=own)
for numbers in wanted:
    g.replay()
    assert r.tolist() == numbers


# A whole training step
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 4)).cuda()


data = [(torch.randn(8, 6), torch.randint(0, 4, (8,))) for _ in range(5)]


def train(make, is_graphed):
    model = network()
    optimizer = make(model)
    static_x, static_y = (t.cuda() for t in data[0])

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(static_x), static_y)
        loss.backward()
        optimizer.step()
        return loss

    before = [p.detach().clone() for p in model.parameters()]
    warmed_up(step)
    with torch.no_grad():
        for p, b in zip(model.parameters(), before):
            p.copy_(b)
    for state in optimizer.state.values():
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                value.zero_()
    losses = []
    if is_graphed:
        g = torch.cuda.CUDAGraph()
        optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(g):
            loss = step()
    for inputs, targets in data:
        static_x.copy_(inputs)
        static_y.copy_(targets)
        if is_graphed:
            g.replay()
        else:
            loss = step()
        losses.append(loss.item())
    return losses, [p.tolist() for p in model.parameters()]


for make in (
    lambda model: torch.optim.SGD(model.parameters(), lr=0.1),
    lambda model: torch.optim.AdamW(model.parameters(), lr=0.01, capturable=True),
    lambda model: torch.optim.Adam(model.parameters(), lr=torch.tensor(0.01, device="cuda"), capturable=True, amsgrad=True),
):
    (graphed, after), (plain, expected) = train(make, True), train(make, False)
    torch.testing.assert_close(torch.tensor(graphed), torch.tensor(plain))
    for a, b in zip(after, expected):
        torch.testing.assert_close(torch.tensor(a), torch.tensor(b))
raises(
    RuntimeError, "Attempting CUDA graph capture of step() for an instance of Adam but param_groups' capturable is False.",
    lambda: train(lambda model: torch.optim.Adam(model.parameters()), True),
)
raises(NotImplementedError, "RMSprop", lambda: train(lambda model: torch.optim.RMSprop(model.parameters(), capturable=True), True))

# Callables
for accumulates in (False, True):
    plain, graphed = network(), network()
    sample = torch.randn(8, 6, device="cuda", requires_grad=True)
    graphed = torch.cuda.make_graphed_callables(graphed, (sample,))
    for inputs, targets in data:
        grads = []
        for model in (plain, graphed):
            if not accumulates:
                model.zero_grad(set_to_none=True)
            x = inputs.cuda().requires_grad_()
            F.cross_entropy(model(x), targets.cuda()).backward()
            grads.append([x.grad.tolist()] + [p.grad.tolist() for p in model.parameters()])
        for a, b in zip(*grads):
            torch.testing.assert_close(torch.tensor(a), torch.tensor(b))
    graphed.eval()
    torch.testing.assert_close(graphed(x), plain(x))
double = torch.cuda.make_graphed_callables(lambda a, b: (a * b, a + b), (torch.ones(3, device="cuda"), torch.ones(3, device="cuda")))
product, sum_ = double(torch.full((3,), 2.0, device="cuda"), torch.full((3,), 5.0, device="cuda"))
assert product.tolist() == [10] * 3 and sum_.tolist() == [7] * 3
raises(TypeError, "must contain only Tensors", lambda: torch.cuda.make_graphed_callables(lambda a: a, (3,)))
print("all of it holds")
