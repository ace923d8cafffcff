"""Quantized tensors: making, meaning, printing, views, copies, what may be computed with them, and files."""

import copy
import io
import pickle

import torch
from show import attempt, bits, total
from torch.nn import functional as F

torch.manual_seed(0)
x = torch.randn(3, 4, 6, 6) * 2
q = torch.quantize_per_tensor(x, 0.05, 12, torch.quint8)


def shown(t):
    if not isinstance(t, torch.Tensor) or not t.is_quantized:
        return bits(t)
    zero = f"{t.q_scale().hex()} {t.q_zero_point()}" if t.qscheme() == torch.per_tensor_affine else str(t.qscheme())
    return f"{t.dtype} {zero} {total(t.int_repr())}"


def case(label, function):
    try:
        found = function()
        if isinstance(found, tuple):
            print(label, " / ".join(shown(part) for part in found))
        else:
            print(label, shown(found))
    except Exception as error:
        print(label, type(error).__name__)


# Rounding
edge = torch.tensor([-1e9, -0.35, -0.25, -0.15, -0.05, 0.0, 0.05, 0.15, 0.25, 0.35, 1e9, float("inf"), -float("inf")])
for dtype in (torch.quint8, torch.qint8, torch.qint32):
    for scale, zero_point in ((0.1, 0), (0.1, 3), (1 / 3, 100), (1e-3, 7)):
        made = torch.quantize_per_tensor(edge, scale, zero_point, dtype)
        finite = made.int_repr()[: -2 if dtype == torch.qint32 else None]
        print(dtype, scale, zero_point, bits(finite), bits(made.dequantize()[1:10]))
halves = torch.arange(-20, 20) * 0.5
for dtype in (torch.quint8, torch.qint8):
    print("halves", bits(torch.quantize_per_tensor(halves, 1.0, 5, dtype).int_repr()))
many = torch.randn(5000) * 30
for scale in (0.1, 0.2345678, 1 / 7, 3e-3, 2.0):
    print("many", scale, total(torch.quantize_per_tensor(many, scale, 128, torch.quint8).int_repr()))
    print("many", scale, total(torch.quantize_per_tensor(many, scale, -3, torch.qint8).int_repr()))
scales, zeros = torch.rand(4) * 0.1 + 0.01, torch.tensor([0, 3, -5, 100])
for axis, shape in ((0, (4, 50)), (1, (7, 4, 9)), (2, (3, 5, 4))):
    data = torch.randn(shape) * 2
    by_channel = torch.quantize_per_channel(data, scales, zeros, axis, torch.qint8)
    print("channel", axis, total(by_channel.int_repr()), bits(by_channel.dequantize().sum(axis)[:2].double().abs() > 0))
    print(by_channel.q_per_channel_scales(), by_channel.q_per_channel_zero_points(), by_channel.q_per_channel_axis())
    real = torch.quantize_per_channel(data, scales, zeros.float() + 0.25, axis, torch.quint8)
    print("channel", axis, total(real.int_repr()), real.qscheme(), real.q_per_channel_scales().dtype)
for dtype in (torch.quint8, torch.qint8):
    for reduce in (False, True):
        dynamic = torch.quantize_per_tensor_dynamic(many, dtype, reduce)
        print("dynamic", dtype, reduce, dynamic.q_scale().hex(), dynamic.q_zero_point(), total(dynamic.int_repr()))
for values in ([0.0, 0.0], [1.0, 2.0], [-3.0, -1.0], [1e-7, 2e-7], [-1e-7, 3e-7], [5.0], [-2.0, 1e30]):
    dynamic = torch.quantize_per_tensor_dynamic(torch.tensor(values), torch.quint8, False)
    print("dynamic", values, dynamic.q_scale().hex(), dynamic.q_zero_point(), bits(dynamic.int_repr()))
listed = torch.quantize_per_tensor([x, x * 2], torch.tensor([0.1, 0.2]), torch.tensor([3, 4]), torch.quint8)
print([shown(t) for t in listed], [bits(t.sum() != 0) for t in torch.dequantize(listed)])

# What they are
print(q.is_quantized, q.dtype, q.qscheme(), q.q_scale(), q.q_zero_point(), q.type(), q.shape, q.numel(), q.element_size(), q.is_floating_point())
print(q.int_repr().dtype, q.dequantize().dtype, q.device, q.layout, q.requires_grad, q.dim(), len(q), q.is_contiguous(), q.stride())
print(x.is_quantized, torch.tensor(1).is_quantized)
attempt("scales of one", lambda: q.q_per_channel_scales())
attempt("scale of channels", lambda: by_channel.q_scale())
attempt("float has none", lambda: x.q_scale())
attempt("float has no integers", lambda: x.int_repr())
attempt("twice", lambda: torch.quantize_per_tensor(q, 0.1, 0, torch.quint8))
attempt("dtype", lambda: torch.quantize_per_tensor(x, 0.1, 0, torch.int8))
attempt("zero point", lambda: torch.quantize_per_tensor(x, 0.1, 300, torch.quint8))
attempt("zero point", lambda: torch.quantize_per_tensor(x, 0.1, -1, torch.quint8))
attempt("axis", lambda: torch.quantize_per_channel(x, scales, zeros, 9, torch.qint8))
attempt("lengths", lambda: torch.quantize_per_channel(x, scales[:2], zeros[:2], 1, torch.qint8))

# Printing
small = torch.quantize_per_tensor(torch.tensor([[0.1, -0.7], [1.5, 2.0]]), 0.1, 10, torch.quint8)
print(small)
print(small[0], small[1, 1], repr(small))
print(torch.quantize_per_channel(torch.randn(2, 3), torch.tensor([0.1, 0.25]), torch.tensor([1, 2]), 0, torch.qint8))
print(torch.quantize_per_tensor(torch.randn(40, 40), 0.1, 10, torch.qint32))
print(torch.quantize_per_tensor(torch.empty(0, 3), 0.1, 10, torch.quint8))

# Views and copies
case("index", lambda: q[1])
case("slice", lambda: q[:, 1:3, ::2])
case("list", lambda: q[[0, 2]])
case("mask", lambda: q[q > 0])
case("none", lambda: q[None, ..., 0])
case("reshape", lambda: q.reshape(3, -1))
case("view", lambda: q.view(12, 36))
case("flatten", lambda: torch.flatten(q, 1))
case("permute", lambda: q.permute(0, 2, 3, 1))
case("transpose", lambda: q.transpose(1, 2).contiguous())
case("t", lambda: q[0, 0].t())
case("squeeze", lambda: q[:1].squeeze(0))
case("unsqueeze", lambda: q.unsqueeze(2))
case("expand", lambda: q[:1].expand(5, 4, 6, 6))
case("select", lambda: q.select(1, 2))
case("narrow", lambda: q.narrow(2, 1, 3))
case("chunk", lambda: tuple(q.chunk(2, 1)))
case("split", lambda: tuple(torch.split(q, 2)))
case("unbind", lambda: tuple(q.unbind(0)))
case("flip", lambda: q.flip(0))
case("index_select", lambda: torch.index_select(q, 1, torch.tensor([0, 3])))
case("clone", lambda: q.clone())
case("detach", lambda: q.detach())
case("deepcopy", lambda: copy.deepcopy(q))
case("channels_last", lambda: q.contiguous(memory_format=torch.channels_last))
case("cat", lambda: torch.cat([q, q], 1))
case("cat other scale", lambda: torch.cat([q, torch.quantize_per_tensor(x, 0.1, 3, torch.quint8)]))
case("stack", lambda: torch.stack([q, q]))
case("channels clone", lambda: by_channel.clone().int_repr())
case("channels view", lambda: by_channel.transpose(0, 1))
print([shown(row) for row in small])
alias = q.view(-1)
alias[:5] = torch.tensor([0.0, 1.0, 2.0, -1.0, 0.3])
print("written through", bits(q.int_repr().view(-1)[:5]))
target = torch.quantize_per_tensor(torch.zeros(3, 4, 6, 6), 0.1, 50, torch.quint8)
target.copy_(x)
print("copied", shown(target))
target.copy_(q)
print("copied", shown(target))
attempt("to float", lambda: x.clone().copy_(q))
attempt("cast", lambda: q.to(torch.float32))
attempt("float()", lambda: q.float())

# Computing
case("relu", lambda: torch.relu(q))
case("F.relu", lambda: F.relu(q.clone(), inplace=True))
case("relu6", lambda: F.relu6(q))
case("hardtanh", lambda: F.hardtanh(q, -0.5, 1.3))
case("clamp", lambda: torch.clamp(q, -0.31, 0.52))
case("max_pool2d", lambda: F.max_pool2d(q, 2))
case("max_pool2d", lambda: F.max_pool2d(q, 3, 2, 1))
case("avg_pool2d", lambda: F.avg_pool2d(q, 2))
case("avg_pool2d", lambda: F.avg_pool2d(q, 3, 2, 1))
case("adaptive_avg_pool2d", lambda: F.adaptive_avg_pool2d(q, (1, 1)))
case("adaptive_avg_pool2d", lambda: F.adaptive_avg_pool2d(q, 3))
case("adaptive_avg_pool2d", lambda: F.adaptive_avg_pool2d(q, (4, 5)))
case("mean", lambda: q.mean([2, 3]))
even = torch.quantize_per_tensor(x, 0.0625, 12, torch.quint8)
case("mean with ties", lambda: torch.mean(even, 1, keepdim=True))
case("pool with ties", lambda: F.avg_pool2d(even, 2))
case("nearest", lambda: F.interpolate(q, scale_factor=2))
case("bilinear", lambda: F.interpolate(q, size=(9, 11), mode="bilinear", align_corners=False))
case("sigmoid", lambda: torch.sigmoid(q))
case("tanh", lambda: torch.tanh(q))
case("hardsigmoid", lambda: F.hardsigmoid(q))
case("leaky_relu", lambda: F.leaky_relu(q, 0.2))
case("pad", lambda: F.pad(q, (1, 2), value=0.0))
case("compare", lambda: (q > 0.4).sum())
case("compare", lambda: (q == q).all())
case("max", lambda: torch.max(q, 1)[0])
case("max", lambda: q.max())
case("equal", lambda: torch.equal(q, q.clone()))
case("equal", lambda: torch.equal(q, torch.quantize_per_tensor(x, 0.1, 3, torch.quint8)))
case("sort", lambda: torch.sort(q, 1)[0])
case("topk", lambda: torch.topk(q, 2, 1)[0])
case("item", lambda: q[0, 0, 0, 1].item())
case("fill_", lambda: q.clone().fill_(0.73))
case("add", lambda: q + q)
case("mul", lambda: q * 2)
case("matmul", lambda: q @ q)
case("linear", lambda: F.linear(q, torch.ones(2, 6)))
case("sum", lambda: q.sum())
case("exp", lambda: q.exp())

# Files
for kept in (q, q[:, 1], by_channel, {"a": q, "b": [q, small]}):
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    back = torch.load(io.BytesIO(buffer.getvalue()))
    if isinstance(back, dict):
        print({"a": shown(back["a"]), "b": [shown(t) for t in back["b"]]})
    else:
        print(shown(back), torch.equal(back, kept))
print(shown(pickle.loads(pickle.dumps(q))))
made = torch._empty_affine_quantized([2, 3], scale=0.5, zero_point=3, dtype=torch.qint8)
print(made.shape, made.q_scale(), made.q_zero_point())
print(shown(torch._make_per_tensor_quantized_tensor(torch.arange(6, dtype=torch.uint8), 0.5, 2)))

# Operators of numbers never see the codes.
small = torch.quantize_per_tensor(torch.tensor([0.5, -0.3]), 0.1, 10, torch.quint8)
for label, operator in {
    "pow": lambda: small**2, "number pow": lambda: 2**small, "number minus": lambda: 1 - small, "number by": lambda: 1 / small,
    "floor": lambda: small // 2, "number floor": lambda: 3 // small, "modulo": lambda: small % 2, "number modulo": lambda: 5 % small,
    "invert": lambda: ~small, "minus": lambda: -small, "shift": lambda: small << 1,
    "double": lambda: torch.quantize_per_tensor(torch.ones(1).double(), 1.0, 0, torch.quint8),
    "half": lambda: torch.quantize_per_channel(torch.ones(1, 1).half(), torch.ones(1), torch.zeros(1), 0, torch.quint8),
}.items():
    attempt(label, operator)
print(type(torch.quantize_per_tensor([torch.ones(1)], torch.ones(1), torch.zeros(1), torch.quint8)), type(torch.dequantize([small])))
held = torch.nn.Parameter(small, requires_grad=False)
print(held, isinstance(held, torch.nn.Parameter))
