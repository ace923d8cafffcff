"""Single operations to measure, by name: each makes its inputs and gives a Case. Sizes come from the plan (plan.ts)."""

import math

import torch
import torch.nn.functional as F
from numbers_alike import hashed, spread, tokens


class Case:
    """A step to repeat, with what it costs by the formula. `items` is what a step makes besides time, such as tokens."""

    def __init__(self, step, check, flops=0, bytes=0, items=0, compiled=None):
        self.step = step
        self.check = check
        self.flops = flops
        self.bytes = bytes
        self.items = items
        self.steps = None
        # How the step looks when the part that a user would compile is compiled.
        self.compiled = compiled

    def compile(self, compiler, options):
        if self.compiled:
            self.step = self.compiled(lambda part: compiler(part, **options))
        else:
            self.step = compiler(self.step, **options)


def dtype_of(name):
    return getattr(torch, name)


def mean_size(tensor):
    """One number that says whether two programs computed the same."""
    return tensor.detach().to(torch.float64).abs().mean().item()


def matmul(device, dtype, n, tf32=False):
    a = spread((n, n), device, dtype_of(dtype), seed=1)
    b = spread((n, n), device, dtype_of(dtype), n**-0.5, seed=2)
    out = torch.empty_like(a)

    def step():
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.mm(a, b, out=out)

    def check():
        step()
        return mean_size(out)

    return Case(step, check, flops=2 * n**3, bytes=3 * n * n * a.element_size())


def attention(device, dtype, batch, heads, kv_heads, length, width, backward):
    q = spread((batch, heads, length, width), device, dtype_of(dtype), seed=1)
    k, v = (spread((batch, kv_heads, length, width), device, dtype_of(dtype), seed=s) for s in (2, 3))
    grouped = {"enable_gqa": True} if kv_heads != heads else {}
    # Half of the scores lie behind the diagonal; five products go back where two went forward.
    flops = 2 * 2 * batch * heads * length * length * width / 2 * (3.5 if backward else 1)
    if not backward:

        def step():
            with torch.no_grad():
                return F.scaled_dot_product_attention(q, k, v, is_causal=True, **grouped)

        return Case(step, lambda: mean_size(step()), flops=flops)
    for leaf in (q, k, v):
        leaf.requires_grad_()
    dout = spread((batch, heads, length, width), device, dtype_of(dtype), seed=4)

    def step():
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, **grouped)
        return torch.autograd.grad(out, (q, k, v), dout)

    return Case(step, lambda: sum(mean_size(gradient) for gradient in step()), flops=flops)


def copy(device, dtype, n):
    a = spread((n,), device, dtype_of(dtype))
    out = torch.empty_like(a)
    return Case(lambda: out.copy_(a), lambda: mean_size(out), bytes=2 * n * a.element_size())


def add(device, dtype, n):
    a, b = (spread((n,), device, dtype_of(dtype), seed=s) for s in (1, 2))
    out = torch.empty_like(a)
    return Case(lambda: torch.add(a, b, out=out), lambda: mean_size(out), bytes=3 * n * a.element_size())


def unary(device, dtype, n, name):
    function = getattr(F, name, None) or getattr(torch, name)
    a = spread((n,), device, dtype_of(dtype))

    def step():
        with torch.no_grad():
            return function(a)

    return Case(step, lambda: mean_size(step()), bytes=2 * n * a.element_size())


def chain(device, dtype, n):
    """gelu(x * y + z) * y: four operations that a compiler makes one."""
    x, y, z = (spread((n,), device, dtype_of(dtype), seed=s) for s in (1, 2, 3))

    def body(x, y, z):
        return F.gelu(x * y + z) * y

    def with_body(function):
        def step():
            with torch.no_grad():
                return function(x, y, z)

        return step

    step = with_body(body)
    compiled = lambda compiler: with_body(compiler(body))  # noqa: E731
    return Case(step, lambda: mean_size(step()), bytes=4 * n * x.element_size(), compiled=compiled)


def row_sum(device, dtype, rows, n):
    x = spread((rows, n), device, dtype_of(dtype))
    return Case(lambda: x.sum(-1), lambda: mean_size(x.sum(-1)), bytes=rows * n * x.element_size())


def transpose(device, dtype, n):
    x = spread((n, n), device, dtype_of(dtype))
    return Case(lambda: x.t().contiguous(), lambda: mean_size(x.t().contiguous()), bytes=2 * n * n * x.element_size())


def _through(function, leaves, weight, moved_bytes):
    """Forward and backward of one function of leaves."""
    for leaf in leaves:
        leaf.requires_grad_()

    def with_function(chosen):
        def step():
            return torch.autograd.grad(chosen(*leaves), leaves, weight)

        return step

    step = with_function(function)
    compiled = lambda compiler: with_function(compiler(function))  # noqa: E731
    check = lambda: sum(mean_size(gradient) for gradient in step())  # noqa: E731
    return Case(step, check, bytes=moved_bytes, compiled=compiled)


def softmax(device, dtype, rows, n):
    x = spread((rows, n), device, dtype_of(dtype))
    dy = spread((rows, n), device, dtype_of(dtype), seed=1)
    return _through(lambda x: torch.softmax(x, -1), [x], dy, 5 * rows * n * x.element_size())


def layer_norm(device, dtype, rows, n):
    x = spread((rows, n), device, dtype_of(dtype))
    weight, bias = (spread((n,), device, dtype_of(dtype), seed=s) for s in (2, 3))
    dy = spread((rows, n), device, dtype_of(dtype), seed=1)
    moved = 5 * rows * n * x.element_size()
    return _through(lambda x, w, b: F.layer_norm(x, (n,), w, b), [x, weight, bias], dy, moved)


def cross_entropy(device, dtype, rows, n):
    logits = spread((rows, n), device, dtype_of(dtype))
    target = tokens((rows,), n, device)
    moved = 3 * rows * n * logits.element_size()
    weight = torch.ones((), device=device, dtype=logits.dtype)
    return _through(lambda x: F.cross_entropy(x, target), [logits], weight, moved)


def launches(device, n_launches, graphed=False):
    """Many operations on next to nothing: what is measured is handing them over. `graphed`: recorded once, then replayed."""
    x = spread((16,), device)

    def step():
        y = x
        for _ in range(n_launches):
            y = y * 0.999
        return y

    if not graphed:
        return Case(step, lambda: mean_size(step()), items=n_launches)
    step()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = step()
    return Case(graph.replay, lambda: mean_size(result), items=n_launches)


def gather_rows(device, dtype, rows, width, picked):
    table = spread((rows, width), device, dtype_of(dtype))
    index = hashed(picked, device) * rows // 65536
    step = lambda: F.embedding(index, table)  # noqa: E731
    return Case(step, lambda: mean_size(step()), bytes=2 * picked * width * table.element_size())


def low_bit(device, dtype, rows, n, k, bits, group):
    """x @ W.t() with W of few bits: whole numbers with one scale per group. What PyTorch has for it is its own form."""
    x = spread((rows, k), device, dtype_of(dtype))
    scale = (hashed(n * (k // group), device, 3).to(torch.float32) + 32768).reshape(n, k // group) / 2 ** (15 + bits)
    whole = hashed(n * k, device, 4).reshape(n, k) % 2**bits - 2 ** (bits - 1)
    step = _low_bit_step(x, whole, scale, bits, group)
    return Case(step, lambda: mean_size(step()), flops=2 * rows * n * k, bytes=n * k * bits // 8)


def _low_bit_step(x, whole, scale, bits, group):
    if "layerwise" in torch.__version__:
        return _low_bit_of_ours(x, whole, scale, bits, group)
    if bits == 8:
        weight = whole.to(torch.int8)
        return lambda: torch._weight_int8pack_mm(x, weight, scale[:, 0].to(x.dtype))
    unsigned = (whole + 8).to(torch.int32)
    packed = (unsigned[:, ::2] << 4 | unsigned[:, 1::2]).to(torch.uint8)
    weight = torch._convert_weight_to_int4pack(packed, 8)
    # Per group: scale and zero point in units of the weight, which is 8 less than what is stored.
    pairs = torch.stack([scale, torch.zeros_like(scale)], -1).transpose(0, 1).contiguous().to(x.dtype)
    return lambda: torch._weight_int4pack_mm(x, weight, group, pairs)


def _low_bit_of_ours(x, whole, scale, bits, group):
    from torch._gen.functions import _linear_low_bit

    group = 0 if group == x.shape[1] else group
    if bits == 8:
        weight = whole.to(torch.int8)
        return lambda: _linear_low_bit(x, weight, scale, format="int8", group=group)
    codes = (whole + 8).to(torch.uint8)
    packed = codes[:, ::2] | (codes[:, 1::2] << 4)
    return lambda: _linear_low_bit(x, packed, scale, format="int4", group=group)


def _codes(shape, device, seed):
    return (hashed(math.prod(shape), device, seed) % 255 - 127).to(torch.int8).reshape(shape)


def int8_product(device, rows, n, k):
    """Sums in int32, by the function that both have."""
    x, weight = _codes((rows, k), device, 1), _codes((n, k), device, 2)
    step = lambda: torch._int_mm(x, weight.t())  # noqa: E731
    return Case(step, lambda: mean_size(step()), flops=2 * rows * n * k, bytes=rows * k + n * k + 4 * rows * n)


def int8_linear(device, dtype, rows, n, k):
    """x @ W.t() with x rounded row by row in the call. PyTorch's way is its int8 product with elementwise steps around it."""
    x, weight = spread((rows, k), device, dtype_of(dtype)), _codes((n, k), device, 2)
    scale = (hashed(n, device, 3).to(torch.float32) + 32768) / 2**23
    if "layerwise" in torch.__version__:
        from torch._gen.functions import _linear_int8_dynamic

        step = lambda: _linear_int8_dynamic(x, weight, scale, granularity="row")  # noqa: E731
    else:

        def step():
            most = x.abs().amax(1, keepdim=True).float() / 127
            codes = (x / most).round().clamp(-127, 127).to(torch.int8)
            # Its product wants more than sixteen rows.
            padded = F.pad(codes, (0, 0, 0, max(0, 17 - rows)))
            return (torch._int_mm(padded, weight.t())[:rows] * most * scale).to(x.dtype)

    return Case(step, lambda: mean_size(step()), flops=2 * rows * n * k, bytes=n * k)


def int8_conv(device, batch, channels, filters, size, kernel):
    """Codes to codes, channels last. PyTorch convolves no integers on a GPU: the same numbers in half precision."""
    g = [1, 1], [kernel // 2] * 2, [1, 1], 1
    x, weight = _codes((batch, channels, size, size), device, 1), _codes((filters, channels, kernel, kernel), device, 2)
    x, weight = (t.contiguous(memory_format=torch.channels_last) for t in (x, weight))
    scale = 1 / (channels * kernel * kernel * 64)
    if "layerwise" in torch.__version__:
        from torch._gen.functions import _conv2d_int8

        each = torch.full((filters,), scale, device=device)
        step = lambda: _conv2d_int8(x, 1.0, 0, weight, each, None, None, *g, 1.0, 0, torch.int8)  # noqa: E731
    else:
        real, taps = x.half(), (weight.float() * scale).half()
        step = lambda: F.conv2d(real, taps, None, *g).round().clamp(-128, 127).to(torch.int8)  # noqa: E731
    flops = 2 * batch * filters * channels * (size * kernel) ** 2
    return Case(step, lambda: mean_size(step()), flops=flops, bytes=x.numel() + weight.numel())


CASES = {
    function.__name__: function
    for function in (
        matmul, attention, copy, add, unary, chain, row_sum, transpose, softmax, layer_norm, cross_entropy, launches,
        gather_rows, low_bit, int8_product, int8_linear, int8_conv,
    )
}
