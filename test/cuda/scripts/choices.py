"""What reads by index or sorts gives on the GPU what it gives on the CPU; random numbers are those that PyTorch's CUDA
generator draws."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
known = torch.tensor([0.3990, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967])
torch.testing.assert_close(torch.rand(6, device="cuda").cpu(), known, atol=5e-5, rtol=0)
torch.manual_seed(0)
known = torch.tensor([-0.9247, -0.4253, -2.6438, 0.1452, -0.1209, -0.5797])
torch.testing.assert_close(torch.randn(6, device="cuda").cpu(), known, atol=5e-5, rtol=0)

# Each call moves the generator on, and a seed brings it back.
first, second = torch.rand(3, device="cuda"), torch.rand(3, device="cuda")
assert not first.equal(second)
a = torch.Generator(device="cuda").manual_seed(5)
b = torch.Generator(device="cuda").manual_seed(5)
for_both = [torch.randint(0, 2**40, (9,), generator=g, device="cuda") for g in (a, b)]
assert for_both[0].equal(for_both[1])
assert torch.rand(3, generator=a, device="cuda").equal(torch.rand(3, generator=b, device="cuda"))

layer = nn.Linear(4, 4, device="cuda")
assert layer.weight.is_cuda and layer.weight.abs().max().item() <= 0.5 and layer.weight.unique().numel() == 16
x = torch.ones(1000, device="cuda", requires_grad=True)
y = F.dropout(x, 0.25)
y.sum().backward()
torch.testing.assert_close(y.unique().cpu(), torch.tensor([0, 1 / 0.75]))
assert abs((y == 0).float().mean().item() - 0.25) < 0.05
assert x.grad.equal(y)
order = torch.randperm(3000, device="cuda")
assert order.is_cuda and not order.cpu().equal(torch.arange(3000))
assert order.sort().values.cpu().equal(torch.arange(3000))
drawn = torch.multinomial(torch.tensor([0.0, 1.0, 3.0], device="cuda"), 400, replacement=True)
assert drawn.is_cuda and set(drawn.tolist()) == {1, 2}

x = torch.randn(5, 6)
i = torch.tensor([[0, 2], [1, 5], [0, 3]])
rows = torch.tensor([4, 0, 4])
ones = torch.ones(3, 6)
for name, function in {
    "embedding": lambda x, i, rows, ones: F.embedding(i.clamp(max=4), x),
    "gather": lambda x, i, rows, ones: x.gather(1, i),
    "columns": lambda x, i, rows, ones: x[:, i],
    "pairs": lambda x, i, rows, ones: x[rows, i[:, 1]],
    "list": lambda x, i, rows, ones: x[:, [-1, 0]],
    "index of the CPU": lambda x, i, rows, ones: x[rows.cpu()],
    "scatter": lambda x, i, rows, ones: x.scatter(1, i, 9.0),
    "scatter_reduce": lambda x, i, rows, ones: x.scatter_reduce(1, i, x[:3, :2], "amax"),
    "index_add": lambda x, i, rows, ones: x.index_add(0, rows, ones, alpha=2),
    "index_put": lambda x, i, rows, ones: x.index_put((rows,), ones, accumulate=True),
    "sort": lambda x, i, rows, ones: x.sort(0).values,
    "argsort": lambda x, i, rows, ones: x.argsort(descending=True),
    "topk": lambda x, i, rows, ones: x.topk(2, 0).indices,
    "kthvalue": lambda x, i, rows, ones: x.kthvalue(2).values,
    "median": lambda x, i, rows, ones: x.median(),
    "quantile": lambda x, i, rows, ones: x.quantile(0.3),
    "nonzero": lambda x, i, rows, ones: (x > 0).nonzero(),
    "masked_select": lambda x, i, rows, ones: x[x > 0],
    "unique": lambda x, i, rows, ones: i.unique(return_inverse=True, return_counts=True)[1],
    "bincount": lambda x, i, rows, ones: i.flatten().bincount(),
    "histc": lambda x, i, rows, ones: x.histc(4),
    "one_hot": lambda x, i, rows, ones: F.one_hot(i),
}.items():
    there = function(x.cuda(), i.cuda(), rows.cuda(), ones.cuda())
    assert there.is_cuda, name
    torch.testing.assert_close(there.cpu(), function(x, i, rows, ones), msg=name)

for index in (torch.tensor([7]), torch.tensor([7], device="cuda")):
    try:
        x.cuda()[index]
    except IndexError as error:
        assert "index 7 is out of bounds for dimension 0 with size 5" in str(error)
    else:
        raise AssertionError("an index out of bounds went through")
print("all of it holds")
