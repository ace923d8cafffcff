"""Products of few bits give on the GPU what they give on the CPU; so do fake quantization and eight-bit floats, there and back."""

import torch
from torch._gen import functions as _f

torch.manual_seed(0)
SCALES = torch.rand(16) * 0.01 + 0.001


def same(call, *tensors, exact=False):
    on_cpu = call(*tensors)
    on_gpu = call(*[t.cuda() if isinstance(t, torch.Tensor) else t for t in tensors])
    assert on_gpu.is_cuda and on_gpu.dtype == on_cpu.dtype
    if exact:
        assert on_gpu.cpu().equal(on_cpu), (on_gpu.cpu() - on_cpu).abs().max()
    else:
        # Sums of many terms, in another order.
        room = 2e-6 * on_cpu.abs().max().item()
        torch.testing.assert_close(on_gpu.cpu(), on_cpu, atol=room, rtol=1e-5)


x = torch.randn(7, 24)
weight = torch.randint(-128, 128, (16, 24), dtype=torch.int8)
zeros = torch.randint(-9, 9, (16,), dtype=torch.int32)
for granularity in ("tensor", "row"):
    for zero in (None, zeros):
        for most in (255, 127):
            same(
                lambda x, w, s, b, z: _f._linear_int8_dynamic(x, w, s, b, z, granularity, most),
                x, weight, SCALES, torch.ones(16), zero,
            )  # fmt: skip
q = torch.randint(0, 256, (7, 24), dtype=torch.uint8)
for out in (None, 0.3):
    for given in (q, (q.int() - 128).to(torch.int8)):
        dtype = torch.int8 if out else torch.float32
        same(
            lambda q, w, s, b: _f._linear_int8(q, 0.02, 7, w, s, None, b, out, 3 if out else None, dtype, True),
            given, weight, SCALES, torch.ones(16), exact=out is not None,
        )  # fmt: skip
for ends in ((0, 255), (-100, 100)):
    for out in (None, 0.3):
        same(
            lambda x, w, s, b, z: _f._linear_int8(x, 0.02, 7, w, s, z, b, out, None, None, True, *ends),
            x, weight, SCALES, torch.ones(16), zeros, exact=out is not None,
        )  # fmt: skip
for zero in (None, zeros):
    same(_f._linear_int8_sums, q, 7, weight, zero, exact=True)
image = torch.randint(0, 256, (2, 8, 6, 5), dtype=torch.uint8)
filters = torch.randint(-128, 128, (16, 4, 3, 3), dtype=torch.int8)
for layout in (torch.contiguous_format, torch.channels_last):
    same(
        lambda x, w, s, b: _f._conv2d_int8(x, 0.02, 100, w, s, None, b, [2, 1], [1, 1], [1, 1], 2, 0.4, 9, torch.uint8, True),
        image.contiguous(memory_format=layout), filters, SCALES, torch.ones(16), exact=True,
    )  # fmt: skip
# Channels of a larger image, and filters cut out of larger ones: both lie channels last, with gaps.
large = torch.randint(0, 256, (2, 64, 6, 5), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
wide = torch.randint(-128, 128, (16, 64, 3, 3), dtype=torch.int8).contiguous(memory_format=torch.channels_last)
part, taps = large[:, 16:48], wide[:, :32]
convolve = lambda x, w, s: _f._conv2d_int8(x, 0.02, 100, w, s, None, None, [1, 1], [1, 1], [1, 1], 1, 9.0, 9, torch.uint8)
assert convolve(part, taps, SCALES).equal(convolve(part.contiguous(), taps.contiguous(), SCALES))
for x, w in ((part, taps), (large[:, :32].clone(), taps.clone()), (part.contiguous(), wide[:, 32:, 1:2, 1:2].contiguous())):
    same(convolve, x, w, SCALES, exact=True)
others = torch.randint(0, 256, (2, 16, 3, 5), dtype=torch.uint8)
same(
    lambda x, w, s, b, o: _f._conv2d_int8(
        x, 0.02, 100, w, s, None, b, [2, 1], [1, 1], [1, 1], 2, 0.4, 9, torch.uint8, True, o, 0.3, 111
    ),
    image, filters, SCALES, torch.ones(16), others, exact=True,
)  # fmt: skip
for given in (others, (others.int() - 128).to(torch.int8)):
    for other in (given.flip(0), given[:, :, :1, :1].contiguous(), given[:1]):
        for relu in (False, True):
            same(lambda x, y: _f._mul_int8(x, 0.1, 30, y, 0.2, -9, 1.5, 20, relu), given, other, exact=True)
            same(lambda x, y: _f._mul_int8(y, 0.1, 30, x, 0.2, -9, 1.5, 20, relu), given, other, exact=True)
            same(lambda x, y: _f._add_int8(x, 0.1, 30, y, 0.2, -9, 0.5, 20, relu), given, other, exact=True)
    for numbers in ((0.07, 30), (0.07, 30, 0.02, 5)):
        same(lambda x: _f._mean_int8(x, *numbers), given, exact=len(numbers) > 2)
    parts = given, given[:, :5].flip(1)
    same(lambda x, y, f, a: _f._affine_int8((x, y), f, a, 7, True), *parts, torch.randn(21), torch.randn(21) * 99, exact=True)
tables = torch.randint(0, 256, (2, 256), dtype=torch.uint8)
for layout in (torch.contiguous_format, torch.channels_last):
    given = torch.randint(0, 256, (2, 20, 7, 9), dtype=torch.uint8).contiguous(memory_format=layout)
    for calls in (
        lambda x, t: _f._map_int8(x, t[0]),
        lambda x, t: _f._cat_int8((x, x[:, :3]), t, 1),
        lambda x, t: _f._cat_int8((x, x), None, 2),
        lambda x, t: _f._max_pool2d_int8(x, [3, 2], [2, 2], [1, 0], [1, 2]),
        lambda x, t: _f._avg_pool2d_int8(x, 7, [3, 3], [2, 1], [1, 1]),
        lambda x, t: _f._adaptive_avg_pool2d_int8(x, 7, [3, 2]),
    ):
        same(calls, given, tables, exact=True)
same(torch._int_mm, torch.randint(-128, 128, (20, 16), dtype=torch.int8), weight[:, :16].t(), exact=True)

# A weight that is packed for its kernel: by each stream for itself, by a graph at each replay, and never for the others.
rows, odd = torch.randn(9, 10), torch.randint(-128, 128, (16, 10), dtype=torch.int8)
here, there, scales = rows.cuda(), odd.cuda(), SCALES.cuda()
layer = lambda x, w, s: _f._linear_int8_dynamic(x, w, s, granularity="row")
side, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
torch.cuda.synchronize()
with torch.cuda.graph(graph, stream=side):
    replayed = layer(here, there, scales)
wanted = layer(rows, odd, SCALES)
for _ in range(2):
    for stream in (side, torch.cuda.default_stream()):
        with torch.cuda.stream(stream):
            torch.testing.assert_close(layer(here, there, scales).cpu(), wanted)
    graph.replay()
    torch.testing.assert_close(replayed.cpu(), wanted)
    there.neg_()
    torch.cuda.synchronize()
    wanted = layer(rows, odd.neg_(), SCALES)

x = torch.randn(5, 64)
codes = torch.randint(0, 256, (16, 32), dtype=torch.uint8)
nibbles = torch.randint(0, 16, (16, 2), dtype=torch.uint8)
scale = torch.rand(16, 2)
weights = (
    ("int8", torch.randint(-128, 128, (16, 64), dtype=torch.int8), nibbles.to(torch.int8), None),
    ("int4", codes, None, None),
    ("int4", codes, nibbles, None),
    ("float4", codes, None, torch.linspace(-1, 1, 16)),
    ("float8", torch.randn(16, 64).to(torch.float8_e4m3fn), None, None),
    ("float8", torch.randn(16, 64).to(torch.float8_e5m2), None, None),
    ("float16", torch.randn(16, 64).bfloat16(), None, None),
)
for name, packed, zero, table in weights:
    for bias in (None, torch.ones(16)):
        same(lambda x, w, s, z, t, b: _f._linear_low_bit(x, w, s, z, t, b, name, 32), x, packed, scale, zero, table, bias)
    same(lambda w, s, z, t: _f._dequantize_low_bit(w, s, z, t, name, 32), packed, scale, zero, table, exact=True)
for zero in (None, nibbles):
    same(lambda x, w, s, z: _f._linear_low_bit(x, w, s, z, None, None, "int4", 32, "int8"), x, codes, scale, zero)
assert _f._unpack_int4(_f._pack_int4(nibbles.cuda())).cpu().equal(nibbles)

numbers = torch.cat([torch.randn(400) * 100, torch.tensor([float("nan"), float("inf"), -1e9, 1e-9, -0.0, 464.0])])
for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
    same(lambda x: x.to(dtype).view(torch.uint8), numbers, exact=True)
    same(lambda x: x.view(dtype).float().nan_to_num(77.0), torch.arange(256, dtype=torch.uint8), exact=True)
y = torch.randn(3, 8).requires_grad_()
there = y.detach().cuda().requires_grad_()
fake = lambda t: torch.fake_quantize_per_tensor_affine(t, 0.1, 3, 0, 15)
fake(y).square().sum().backward()
fake(there).square().sum().backward()
assert there.grad.cpu().equal(y.grad) and y.grad.count_nonzero().item() > 0
print("all of it holds")
