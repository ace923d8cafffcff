"""Touches every family of kernels once, in several dtypes and with ragged sizes, for tools that watch memory while it
runs. Compares nothing: the goldens do that."""

import math

import torch
import torch.nn.functional as F
from numbers_alike import hashed, spread
from torch import nn

HALVES = (torch.float16, torch.bfloat16)
FLOATS = (torch.float32, *HALVES)


def elementwise():
    for dtype in FLOATS:
        a, b = spread((7, 130), "cuda", dtype, seed=1), spread((130,), "cuda", dtype, seed=2)
        F.gelu(a * b + 1).tanh().to(torch.float32).exp()
        torch.where(a > 0, a.t().contiguous().t(), b)
        a[:, ::3].clone()
    hashed(1000, "cuda").float().sqrt()


def reductions():
    for dtype in FLOATS:
        a = spread((37, 515), "cuda", dtype)
        for dims in (0, 1, (0, 1)):
            a.sum(dims), a.float().var(dims), a.amax(dims)
        a.argmax(1), a.max(0), a.cumsum(1), a.float().logcumsumexp(0), a.logsumexp(1)
        torch.softmax(a, 1), torch.log_softmax(a, 0)
    spread((3, 70000), "cuda").sum(1)


def products():
    for dtype in FLOATS:
        for m, n, k in ((1, 64, 96), (33, 65, 17), (128, 256, 64), (200, 136, 264)):
            a, b = spread((m, k), "cuda", dtype, seed=1), spread((k, n), "cuda", dtype, seed=2)
            a @ b, b.t() @ a.t()
        torch.bmm(spread((3, 20, 30), "cuda", dtype), spread((3, 30, 10), "cuda", dtype))
    torch.arange(12, device="cuda").reshape(3, 4) @ torch.arange(8, device="cuda").reshape(4, 2)


def attention():
    for dtype in FLOATS:
        for width, length, kv_heads in ((64, 70, 4), (128, 33, 2), (40, 17, 4)):
            q = spread((2, 4, length, width), "cuda", dtype, seed=1).requires_grad_()
            k, v = (spread((2, kv_heads, length, width), "cuda", dtype, seed=s).requires_grad_() for s in (2, 3))
            out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=kv_heads != 4)
            out.float().sum().backward()
            mask = hashed(length * length, "cuda").reshape(length, length) > 9000
            F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=kv_heads != 4)


def norms_and_losses():
    for dtype in FLOATS:
        x = spread((19, 200), "cuda", dtype).requires_grad_()
        y = F.layer_norm(x, (200,), spread((200,), "cuda", dtype), spread((200,), "cuda", dtype))
        y = F.rms_norm(y, (200,), spread((200,), "cuda", dtype))
        F.cross_entropy(y.float(), hashed(19, "cuda") % 200).backward()
    x = spread((4, 6, 9, 11), "cuda").requires_grad_()
    nn.BatchNorm2d(6, device="cuda")(x).square().sum().backward()
    F.group_norm(x, 3).sum().backward()


def images():
    for dtype in FLOATS:
        x = spread((2, 6, 15, 17), "cuda", dtype).requires_grad_()
        weight = spread((8, 3, 3, 3), "cuda", dtype).requires_grad_()
        y = F.conv2d(x, weight, stride=2, padding=1, groups=2)
        y = F.max_pool2d(F.avg_pool2d(y, 2, 1), 2)
        F.adaptive_avg_pool2d(y, 1).float().sum().backward()
        F.interpolate(x, scale_factor=2, mode="nearest")
    F.conv_transpose2d(spread((1, 4, 5, 6), "cuda"), spread((4, 3, 3, 3), "cuda"), stride=2)


def eight_bits():
    from torch._gen import functions as f

    codes = lambda *shape: (hashed(math.prod(shape), "cuda") % 255 - 127).to(torch.int8).reshape(shape)  # noqa: E731
    scale = torch.full((40,), 0.01, device="cuda")
    for rows in (3, 70):
        for k in (64, 1100):
            weight = codes(40, k)
            for dtype in FLOATS:
                x = spread((rows, k), "cuda", dtype)
                f._linear_int8_dynamic(x, weight, scale, granularity="row"), f._linear_int8_dynamic(x, weight, scale)
                f._linear_int8(x, 0.01, 7, weight, scale, None, None, 0.5, 3, torch.uint8)
            f._linear_int8(codes(rows, k), 0.01, 7, weight, scale, torch.full((40,), 3, device="cuda"))
    for channels, groups in ((32, 1), (32, 2), (20, 1), (40, 40)):
        image, filters = codes(2, channels, 9, 7), codes(40, channels // groups, 3, 3)
        for layout in (torch.contiguous_format, torch.channels_last):
            x = image.contiguous(memory_format=layout)
            f._conv2d_int8(x, 0.01, 7, filters, scale, None, None, [1, 1], [1, 1], [1, 1], groups, 0.5, 3, torch.int8)


def indices():
    table = spread((50, 33), "cuda").requires_grad_()
    index = hashed(70, "cuda") % 50
    F.embedding(index, table).sum().backward()
    x = spread((20, 30), "cuda")
    places = hashed(20 * 10, "cuda").reshape(20, 10) % 30
    x.gather(1, places), x.scatter_add(1, places, torch.ones(20, 10, device="cuda"))
    x[hashed(5, "cuda") % 20, hashed(5, "cuda", 2) % 30], x[x > 0.5], x.nonzero()
    x.index_put((hashed(5, "cuda") % 20,), torch.ones(30, device="cuda"), accumulate=True)
    x.sort(1), x.topk(3, 1), x.flatten().sort(stable=True), torch.unique(places)
    torch.searchsorted(x[0].sort()[0], x[1])


def chance():
    torch.manual_seed(1)
    for dtype in FLOATS:
        torch.rand(1001, device="cuda", dtype=dtype), torch.randn(1001, device="cuda", dtype=dtype)
    torch.randint(9, (77,), device="cuda"), torch.randperm(300, device="cuda")
    torch.multinomial(torch.ones(4, 9, device="cuda"), 5, replacement=True)
    F.dropout(torch.ones(999, device="cuda"), 0.3), torch.bernoulli(torch.full((50,), 0.5, device="cuda"))
    torch.empty(100, device="cuda").exponential_()
    rates = torch.full((300,), 11.0, device="cuda")
    torch.poisson(rates), torch._standard_gamma(rates), torch.binomial(rates, rates / 20)


def training():
    net = nn.Sequential(nn.Linear(20, 40), nn.SiLU(), nn.LayerNorm(40), nn.Linear(40, 5)).cuda()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cuda")
    for dtype in HALVES:
        with torch.autocast("cuda", dtype=dtype):
            loss = F.cross_entropy(net(spread((16, 20), "cuda")), hashed(16, "cuda") % 5)
        scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def matrices():
    for dtype in (torch.float32, torch.complex64):
        a = spread((5, 17, 17), "cuda").to(dtype) + 20 * torch.eye(17, device="cuda")
        torch.linalg.cholesky(a @ a.mH), torch.linalg.solve(a, a[:, :, :3]), torch.linalg.lu_factor(a[:, :9])
        torch.fft.fft(a[:, :, :16]), torch.fft.ifft(torch.fft.fft(a[0], n=64))
    torch.fft.irfft(torch.fft.rfft(spread((3, 128), "cuda")))


def graphs():
    static = spread((16, 20), "cuda")
    net = nn.Sequential(nn.Linear(20, 40), nn.Dropout(0.1), nn.Linear(40, 5)).cuda()
    optimizer = torch.optim.Adam(net.parameters(), capturable=True)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(net(static), hashed(16, "cuda") % 5).backward()
        optimizer.step()

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        step()
    side.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    for _ in range(3):
        graph.replay()


for family in (
    elementwise, reductions, products, attention, norms_and_losses, images, eight_bits, indices, chance, training, matrices, graphs,
):
    family()
    torch.cuda.synchronize()
    print(family.__name__, flush=True)
