"""Views: shapes, strides and offsets of results, shared memory after in-place writes, and what cannot be viewed."""

import torch
from show import case, fails, layout

t = torch.tensor
x = torch.arange(24).reshape(2, 3, 4)
turned = x.permute(2, 0, 1)


def both(label, function):
    case(f"{label} values", lambda: function(x))
    case(f"{label} layout", lambda: layout(function(x)))
    case(f"{label} turned", lambda: (layout(function(turned)), function(turned)))
    case(f"{label} shares", lambda: function(x).untyped_storage().data_ptr() == x.untyped_storage().data_ptr())


both("view -1", lambda a: a.view(-1))
both("view 6 4", lambda a: a.view(6, 4))
both("view list", lambda a: a.view([2, 12]))
both("view size", lambda a: a.view(torch.Size([4, 6])))
both("view 1s", lambda a: a.view(1, 2, 1, 3, 4, 1))
both("reshape -1", lambda a: a.reshape(-1))
both("reshape 8 3", lambda a: a.reshape(8, 3))
both("reshape 3 -1", lambda a: torch.reshape(a, (3, -1)))
both("permute", lambda a: a.permute(1, 2, 0))
both("permute tuple", lambda a: torch.permute(a, (0, -1, 1)))
both("transpose", lambda a: a.transpose(0, 2))
both("transpose -1 -2", lambda a: a.transpose(-1, -2))
both("swapaxes", lambda a: torch.swapaxes(a, 0, 1))
both("movedim", lambda a: a.movedim(0, -1))
both("movedim several", lambda a: torch.movedim(a, (0, 1), (2, 0)))
both("mT", lambda a: a.mT)
both("unsqueeze 0", lambda a: a.unsqueeze(0))
both("unsqueeze 1", lambda a: a.unsqueeze(1))
both("unsqueeze -1", lambda a: a.unsqueeze(-1))
both("squeeze", lambda a: a.unsqueeze(0).unsqueeze(-1).squeeze())
both("squeeze dim", lambda a: a.unsqueeze(0).squeeze(0))
both("squeeze not 1", lambda a: a.squeeze(1))
both("squeeze dims", lambda a: a.unsqueeze(0).unsqueeze(0).squeeze((0, 1)))
both("flatten", lambda a: a.flatten())
both("flatten 1", lambda a: a.flatten(1))
both("flatten 0 1", lambda a: torch.flatten(a, 0, 1))
both("flatten same", lambda a: a.flatten(1, 1))
both("unflatten", lambda a: a.unflatten(-1, (-1, 1)))
both("select", lambda a: a.select(1, 1))
both("select -1", lambda a: a.select(-1, -1))
both("narrow", lambda a: a.narrow(1, 1, 1))
both("index", lambda a: a[1])
both("slice", lambda a: a[:, 1:])
both("steps", lambda a: a[::2, ::2, ::3])
both("negative slice", lambda a: a[..., -2:])
both("none", lambda a: a[:, None, ..., None])
both("ellipsis", lambda a: a[..., 0])
both("mixed", lambda a: a[1, ..., 1:3])
both("empty slice", lambda a: a[2:1])
both("out of bounds slice", lambda a: a[:100, -100:])
both("diagonal", lambda a: a.diagonal())
both("diagonal offset", lambda a: a.diagonal(1, 1, 2))
both("diagonal negative", lambda a: torch.diagonal(a, -1, -2, -1))
both("expand", lambda a: a[:, :1].expand(-1, 5, -1))
both("expand new", lambda a: a[:1].expand(2, 2, *a.shape[1:]))
both("broadcast_to", lambda a: torch.broadcast_to(a, (2, *a.shape)))
both("unfold", lambda a: a.unfold(1, 2, 1))
both("unfold step", lambda a: a.unfold(0, 1, 1).unfold(1, 2, 1))
both("detach", lambda a: a.detach())
both("contiguous", lambda a: a.contiguous())
both("clone", lambda a: a.clone())
both("ravel", lambda a: a.ravel())
both("T of 2-d", lambda a: a[0].T)
both("t", lambda a: torch.t(a[0]))
both("adjoint", lambda a: a.adjoint())
both("view_as", lambda a: a.contiguous().view_as(torch.zeros(4, 6)))
both("as_strided", lambda a: torch.as_strided(x, (2, 2), (1, 2), 3))
both("flip", lambda a: a.flip(0, -1))
both("roll", lambda a: torch.roll(a, (1, -1), (0, 2)))
both("rot90", lambda a: torch.rot90(a, 1, (0, 1)))
both("to channels_last", lambda a: a.unsqueeze(0).contiguous(memory_format=torch.channels_last))

for name, f in {
    "split 2": lambda a: a.split(2, 1),
    "split sizes": lambda a: a.split([1, 2], 1),
    "chunk 2": lambda a: a.chunk(2, 1),
    "chunk many": lambda a: a.chunk(5, 2),
    "unbind": lambda a: a.unbind(1),
    "tensor_split": lambda a: torch.tensor_split(a, 3, 2),
    "tensor_split at": lambda a: a.tensor_split([1, 3], 2),
    "hsplit": lambda a: torch.hsplit(a, 3),
    "vsplit": lambda a: torch.vsplit(a, 2),
    "dsplit": lambda a: torch.dsplit(a, 2),
    "unsafe_chunk": lambda a: a.unsafe_chunk(2),
    "split keyword": lambda a: torch.split(a, split_size_or_sections=2, dim=2),
}.items():
    case(name, lambda: [layout(p) for p in f(x)])
    case(f"{name} type", lambda: (type(f(x)).__name__, f(x)[-1]))

# Shared memory
y = torch.zeros(2, 3)
y.t()[0].fill_(1)
y.view(-1)[4] = 5
y[1:].add_(10)
y.diagonal().mul_(2)
y.unsqueeze(0)[0, 0, 2] = 7
y.T[1, 0] = 9
first, second, third = y.unbind(1)
third += 100
y.split(1)[1][0, 0] = -1
y.expand(2, 2, 3)[0, 0, 0].sub_(3)
y.detach()[0, 1] = 4
y.data[1, 1] = 6
case("shared memory", lambda: y)
case("reshape may copy", lambda: (y.t().reshape(-1).zero_(), y))
case("is_set_to", lambda: (y.is_set_to(y.view(2, 3)), y.is_set_to(y[0])))
case("_base", lambda: (y[0]._base.shape, y._base, y[0]._is_view(), y._is_view()))
case("storage_offset", lambda: (y[1].storage_offset(), y[1, 1].storage_offset(), y[:, 1].stride()))
case(
    "resize of shape in place",
    lambda: (
        y.clone().unsqueeze_(0).shape,
        y.clone().squeeze_().shape,
        y.clone().t_().shape,
        y.clone().transpose_(0, 1).stride(),
        y.clone().resize_(3).shape,
    ),
)
case("stride of ones", lambda: torch.zeros(3, 1, 2).stride())
case("stride of empty", lambda: torch.zeros(3, 0, 2).stride())
case(
    "is_contiguous",
    lambda: (
        torch.zeros(1, 3).t().is_contiguous(),
        torch.zeros(2, 3).t().is_contiguous(),
        torch.zeros(0, 3).t().is_contiguous(),
    ),
)
case(
    "channels_last",
    lambda: (
        torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last).stride(),
        torch.zeros(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).is_contiguous(),
    ),
)
case(
    "layout of results",
    lambda: [
        layout(v)
        for v in (
            (turned + 1),
            turned.float().exp(),
            turned * turned.contiguous(),
            torch.where(turned > 3, turned, 0),
            turned + t(1.5),
            -turned,
            turned.to(torch.float32),
            turned == 2,
        )
    ],
)
case(
    "layout of expanded",
    lambda: [
        layout(v)
        for v in (
            t([[1.0], [2.0]]).expand(2, 3) + 1,
            torch.ones(3, 1).t() + torch.ones(2, 1),
            turned.sum(0),
            turned.cumsum(0),
            turned.sum(1, keepdim=True),
        )
    ],
)
case(
    "layout of reductions",
    lambda: [
        layout(v)
        for v in (
            turned.float().mean(0),
            turned.amax(2),
            turned.float().softmax(0),
            turned.sort(0)[0],
            turned.argmax(1),
        )
    ],
)
case("size", lambda: (x.size(), x.size(1), x.shape[-1], x.size(dim=0), tuple(x.shape), x.shape.numel(), x.shape + (1,)))
case("Size repr", lambda: (repr(x.shape), str(x.shape[1:]), x.shape == (2, 3, 4)))
case(
    "0-d views",
    lambda: [
        v.shape
        for v in (
            t(1).view(1),
            t(1).view(1, 1),
            t(1).unsqueeze(0),
            t([1]).squeeze(),
            t(1).reshape(-1),
            t(1).flatten(),
            t(1).expand(3),
            t(1).t(),
            t(1).transpose(0, -1),
        )
    ],
)
case(
    "empty views",
    lambda: [
        v.shape
        for v in (
            torch.zeros(0, 3).view(3, 0),
            torch.zeros(0).view(0, 5),
            torch.zeros(2, 0).flatten(),
            torch.zeros(0, 3).t(),
            torch.zeros(0, 2).reshape(-1, 2),
            torch.zeros(2, 0, 3).view(2, 0),
        )
    ],
)

fails("view of a transpose", lambda: x.transpose(0, 1).view(-1))
fails("view size", lambda: x.view(5, 5))
fails("view two unknown", lambda: x.view(-1, -1))
fails("view indivisible", lambda: x.view(-1, 5))
fails("view negative", lambda: x.view(-2, 12))
fails("view of nothing", lambda: torch.zeros(0).view(-1, 0))
fails("permute few", lambda: x.permute(0, 1))
fails("permute twice", lambda: x.permute(0, 0, 1))
fails("transpose range", lambda: x.transpose(0, 3))
fails("unsqueeze range", lambda: x.unsqueeze(5))
fails("expand size", lambda: x.expand(2, 5, 4))
fails("expand few", lambda: x.expand(3, 4))
fails("select range", lambda: x.select(0, 2))
fails("narrow range", lambda: x.narrow(0, 1, 2))
fails("split sum", lambda: x.split([1, 1], 1))
fails("chunk 0", lambda: x.chunk(0))
fails("diagonal same", lambda: x.diagonal(0, 1, 1))
fails("t of 3-d", lambda: x.t())
fails("flatten order", lambda: x.flatten(2, 1))
fails("unflatten sizes", lambda: x.unflatten(1, (2, 2)))
fails("unfold size", lambda: x.unfold(0, 3, 1))
fails("as_strided bounds", lambda: x.as_strided((100,), (1,)))
fails("squeeze range", lambda: x.squeeze(3))
fails("write to an expansion", lambda: torch.zeros(1).expand(3).add_(1))
