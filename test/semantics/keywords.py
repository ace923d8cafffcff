"""Arguments by name: PyTorch's own names, NumPy's (axis, keepdims), out=, and methods called through their class."""

import torch
from show import case, ramp

t = torch.tensor
x = ramp(2, 3)
i = t([[0, 1, 1]])
calls = {
    "sum": lambda: (
        torch.sum(input=x, dim=0),
        x.sum(dim=1, keepdim=True),
        x.sum(axis=0),
        torch.sum(x, axis=1, keepdims=True),
    ),
    "mean": lambda: (x.mean(axis=1), torch.mean(x, dim=(0, 1)), torch.mean(input=x, axis=0, keepdims=True)),
    "max": lambda: (
        torch.max(x, dim=1),
        x.max(axis=0),
        torch.max(x, 1, True),
        torch.max(input=x),
        torch.max(x, other=x),
    ),
    "argmax": lambda: (x.argmax(dim=1), torch.argmax(x, axis=0), x.argmax(axis=-1, keepdims=True)),
    "std": lambda: (x.std(axis=0), torch.std(x, dim=1, keepdim=True), torch.var(input=x, dim=0)),
    "prod any all": lambda: (
        x.prod(axis=0),
        (x > 0).any(axis=1),
        (x > 0).all(dim=0),
        x.amax(axis=1),
        torch.amin(x, dim=0),
    ),
    "cumsum": lambda: (x.cumsum(axis=1), torch.cumsum(input=x, dim=0), x.logsumexp(axis=1), torch.logsumexp(x, dim=0)),
    "softmax": lambda: (x.softmax(dim=-1), torch.softmax(input=x, dim=0), torch.log_softmax(x, dim=1)),
    "norm": lambda: (
        x.norm(p=2, dim=1),
        torch.norm(input=x, p=1),
        torch.linalg.norm(x, dim=1),
        x.norm(dim=0, keepdim=True),
    ),
    "cat": lambda: (torch.cat(tensors=[x, x], dim=1), torch.stack(tensors=[x, x], dim=0), torch.cat([x], axis=0)),
    "view": lambda: (x.view(size=(3, 2)), x.reshape(shape=(6,)), torch.reshape(input=x, shape=(3, 2))),
    "permute": lambda: (x.permute(dims=(1, 0)), torch.permute(input=x, dims=(1, 0)), x.transpose(dim0=0, dim1=1)),
    "swap": lambda: (
        torch.swapaxes(x, axis0=0, axis1=1),
        x.swapdims(dim0=0, dim1=1),
        torch.movedim(x, source=0, destination=1),
    ),
    "expand": lambda: (
        t([[1], [2]]).expand(size=(2, 2)),
        x.repeat(repeats=(1, 2)),
        x.tile(dims=(2,)),
        torch.tile(input=x, dims=(1,)),
    ),
    "squeeze": lambda: (x.unsqueeze(dim=0).squeeze(dim=0), torch.unsqueeze(input=x, dim=1), torch.squeeze(x, dim=0)),
    "flip": lambda: (
        x.flip(dims=(0,)),
        torch.flip(input=x, dims=[1]),
        x.roll(shifts=1, dims=0),
        torch.roll(x, shifts=1),
    ),
    "flatten": lambda: (
        x.flatten(start_dim=0),
        torch.flatten(input=x, start_dim=0, end_dim=1),
        x.unflatten(dim=1, sizes=(3, 1)),
    ),
    "split": lambda: (
        torch.split(tensor=x, split_size_or_sections=1),
        x.split(split_size=2, dim=1),
        torch.chunk(input=x, chunks=2, dim=0),
    ),
    "unbind": lambda: (torch.unbind(input=x, dim=1), x.select(dim=0, index=1), x.narrow(dim=1, start=0, length=2)),
    "unfold": lambda: (x.unfold(dimension=1, size=2, step=1), x.diagonal(offset=1, dim1=0, dim2=1)),
    "gather": lambda: (
        torch.gather(input=x, dim=0, index=i),
        x.index_select(dim=1, index=t([0])),
        x.scatter(dim=0, index=i, src=x),
    ),
    "scatter": lambda: (
        x.scatter(dim=0, index=i, value=1.0),
        x.scatter_add(dim=0, index=i, src=x),
        x.masked_fill(mask=x > 0, value=0.0),
    ),
    "where": lambda: (torch.where(condition=x > 0, input=x, other=-x), torch.masked_select(input=x, mask=x > 0)),
    "binary": lambda: (
        torch.add(input=x, other=x, alpha=2),
        x.mul(other=2),
        torch.div(input=x, other=2, rounding_mode="floor"),
        torch.pow(input=x, exponent=2),
    ),
    "unary": lambda: (
        torch.exp(input=x),
        torch.abs(input=x),
        torch.clamp(input=x, min=0, max=1),
        x.clamp(max=0.5),
        x.round(decimals=1),
    ),
    "compare": lambda: (
        torch.eq(input=x, other=x),
        x.lt(other=1),
        torch.isclose(input=x, other=x, rtol=1e-3),
        torch.equal(input=x, other=x),
    ),
    "matmul": lambda: (
        torch.matmul(input=x, other=x.t()),
        torch.mm(input=x, mat2=x.t()),
        torch.bmm(input=x[None], mat2=x.t()[None]),
    ),
    "addmm": lambda: (
        torch.addmm(input=x[:, :2], mat1=x, mat2=x.t(), beta=2, alpha=3),
        torch.addcmul(x, tensor1=x, tensor2=x, value=2),
    ),
    "sort": lambda: (
        torch.sort(input=x, dim=0, descending=True),
        x.argsort(dim=1),
        torch.topk(input=x, k=2, dim=1, largest=False),
        x.topk(k=1),
    ),
    "factories": lambda: (
        torch.zeros(size=(2,)),
        torch.ones(size=[1, 2]),
        torch.full(size=(2,), fill_value=3),
        torch.arange(end=3),
        torch.eye(n=2, m=1),
    ),
    "empty": lambda: (
        torch.empty(size=(2, 3)).shape,
        torch.rand(size=(2,)).shape,
        torch.randn(size=(1, 2)).shape,
        torch.linspace(start=0, end=1, steps=3),
    ),
    "new": lambda: (
        x.new_zeros(size=(2,)),
        x.new_full(size=(1,), fill_value=2.0),
        x.new_ones(1, 2),
        x.new_empty((2, 1)).shape,
    ),
    "to": lambda: (
        x.to(device="cpu", dtype=torch.float32),
        x.to(dtype=torch.int64),
        x.type(dtype=torch.float16),
        x.to("cpu", torch.float32),
        x.to(torch.float32, non_blocking=True),
    ),
    "tril": lambda: (torch.tril(input=x, diagonal=1), x.triu(diagonal=-1), torch.diag(input=x, diagonal=0)),
    "out": lambda: [
        f(out=torch.empty(2, 3, dtype=torch.float64))
        for f in (
            lambda out: torch.add(x, x, out=out),
            lambda out: torch.exp(x, out=out),
            lambda out: torch.mul(x, 2, out=out),
        )
    ],
    "out of others": lambda: (
        torch.cat([x, x], out=torch.empty(4, 3).double()),
        torch.matmul(x, x.t(), out=torch.empty(2, 2).double()),
        torch.sum(x, 0, out=torch.empty(3).double()),
        torch.zeros(2, out=torch.ones(2)),
        torch.arange(3, out=torch.empty(3)),
    ),
    "out is returned": lambda: (lambda o: torch.add(x, 1, out=o) is o)(torch.empty(2, 3).double()),
    "by class": lambda: (torch.Tensor.add(x, 1), torch.Tensor.sum(x, 0), torch.Tensor.view(x, 6), torch.Tensor.size(x)),
    "operators by name": lambda: (x.__add__(1), x.__getitem__(0), x.__len__(), x.__neg__(), x.__eq__(x)),
    "dtype of sum": lambda: (
        x.sum(dtype=torch.float32),
        torch.cumsum(x, 0, dtype=torch.float32),
        x.mean(dim=0, dtype=torch.float32),
    ),
    "numpy words": lambda: (
        torch.concatenate([x, x], axis=1),
        torch.absolute(x),
        torch.multiply(x, x),
        torch.true_divide(x, 2),
        torch.negative(x),
        torch.greater(x, 0),
        torch.clip(x, 0, 1),
    ),
    "negative": lambda: (x.sum(-1), x.unsqueeze(-1).shape, x.transpose(-1, -2), x.select(-1, -1), x.cumsum(-2)),
    "tensors as numbers": lambda: (
        x[t(1)],
        x.sum(int(t(1))),
        torch.zeros(t(2)),
        x.narrow(0, t(0), 1),
        torch.arange(t(3)),
        torch.full((2,), t(1.5)),
        x.view(t(3), 2),
    ),
    "requires_grad by keyword": lambda: (
        torch.zeros(1, requires_grad=True).requires_grad,
        torch.tensor([1.0], requires_grad=True).is_leaf,
    ),
}
for name, call in calls.items():
    case(name, call)
