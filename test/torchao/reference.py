"""torchao's and bitsandbytes' rules in plain PyTorch, with PyTorch's own operators where they call such: what their packages,
which are compiled, give for the same numbers. Run under real PyTorch only; shares nothing with the packages it checks."""

import json

import torch
import torch.ao.quantization.fx._decomposed  # registers torch.ops.quantized_decomposed
from torch import nn
from torch.nn import functional as F

from nets import learner, perceptron, small, steps

decomposed = torch.ops.quantized_decomposed
EPS = torch.finfo(torch.float32).eps


def by_row(weight, low=-128, high=127, steps=None, eps=EPS):
    """(codes, scale) of symmetric rows."""
    scale = (weight.abs().amax(1) / ((steps or (high - low)) / 2)).clamp(min=eps)
    return decomposed.quantize_per_channel(weight, scale, torch.zeros_like(scale).int(), 0, low, high, torch.int8), scale


def int8_weight(w, x, b):
    codes, scale = by_row(w)
    return x @ (codes.float() * scale[:, None]).T + b


def int8_group(size):
    def product(w, x, b):
        codes, scale = by_row(w.reshape(-1, size))
        return x @ (codes.float() * scale[:, None]).view_as(w).T + b

    return product


def int8_dynamic(low, eps=EPS, whole=False):
    """Inputs rounded without zero points, products summed by PyTorch's integer operator."""

    def product(w, x, b):
        if whole:
            scale = (w.abs().max() / 127.5).expand(w.shape[0])
            codes = decomposed.quantize_per_channel(w, scale, torch.zeros_like(scale).int(), 0, -128, 127, torch.int8)
        else:
            codes, scale = by_row(w)
        rows = x.reshape(1, -1) if whole else x
        inputs, step = by_row(rows, low, 127, eps=eps)
        inputs = inputs.view_as(x)
        # _int_mm takes 17 rows and more.
        padded = F.pad(inputs, (0, 0, 0, max(0, 17 - x.shape[0])))
        sums = torch._int_mm(padded, codes.T.contiguous())[: x.shape[0]]
        return sums.float() * step[:, None] * scale + b

    return product


def int8_static(step):
    def product(w, x, b):
        codes, scale = by_row(w)
        inputs = (x / step).round().clamp(-128, 127)
        return (inputs @ codes.float().T) * step * scale + b

    return product


def int4_weight(size):
    """PyTorch's own product of 4-bit weights on a CPU, which torchao calls."""

    def product(w, x, b):
        groups = w.reshape(w.shape[0], -1, size)
        low, high = groups.amin(2), groups.amax(2)
        scale = ((high - low) / 15).clamp(min=1e-6)
        codes = ((groups - low[..., None]) / scale[..., None]).round().clamp(0, 15).to(torch.int32).reshape(w.shape)
        zeros = low + 8 * scale
        packed = torch._convert_weight_to_int4pack_for_cpu(codes, 1)
        both = torch.stack([scale, zeros], 2).transpose(0, 1).contiguous()
        return torch._weight_int4pack_mm_for_cpu(x, packed, size, both) + b

    return product


def grouped(w, size, low, high, asymmetric=False):
    """What groups of few bits stand for."""
    groups = w.reshape(-1, size)
    if asymmetric:
        least, most = groups.amin(1).clamp(max=0), groups.amax(1).clamp(min=0)
        scale = ((most - least) / (high - low)).clamp(min=EPS)
        zero = (low - (least / scale).round()).clamp(low, high).int()
    else:
        scale = (groups.abs().amax(1) / ((high - low) / 2)).clamp(min=EPS)
        zero = torch.zeros_like(scale).int()
    codes = decomposed.quantize_per_channel(groups, scale, zero, 0, low, high, torch.int8)
    return decomposed.dequantize_per_channel(codes, scale, zero, 0, low, high, torch.int8).view_as(w)


def by_token(x):
    scale, zero = decomposed.choose_qparams_per_token_asymmetric(x, torch.int8)
    codes = decomposed.quantize_per_token(x, scale, zero, -128, 127, torch.int8)
    return decomposed.dequantize_per_token(codes, scale, zero, -128, 127, torch.int8, torch.float32)


def groups_weight(size, low, high, asymmetric=False, token=False):
    return lambda w, x, b: (by_token(x) if token else x) @ grouped(w, size or w.shape[1], low, high, asymmetric).T + b


def float8(x, dim, dtype=torch.float8_e4m3fn):
    most = torch.finfo(dtype).max
    largest = x.abs().amax(dim, keepdim=True) if dim is not None else x.abs().max()
    scale = largest.clamp(min=1e-12) / most
    return (x / scale).clamp(-most, most).to(dtype).float() * scale


CONFIGS = {
    "int8": int8_weight,
    "int8 group 32": int8_group(32),
    "int8 dynamic": int8_dynamic(-128),
    "int8 dynamic version 1": int8_dynamic(-127, 1e-5),
    "int8 dynamic tensor": int8_dynamic(-128, whole=True),
    "int8 static": int8_static(0.05),
    "int4 group 32": int4_weight(32),
    "int4 group 64": int4_weight(64),
    "int8 dynamic int4": groups_weight(32, -8, 7, token=True),
    "intx int4": groups_weight(32, -8, 7),
    "intx int3 zeros": groups_weight(16, -4, 3, asymmetric=True),
    "intx int8 rows": groups_weight(0, -128, 127),
    "int8 dynamic int6": groups_weight(64, -32, 31, token=True),
    "uintx uint2": groups_weight(64, -2, 1, asymmetric=True),
    "float8": lambda w, x, b: x @ float8(w, 1).T + b,
    "float8 e5m2": lambda w, x, b: x @ float8(w, 1, torch.float8_e5m2).T + b,
    "float8 dynamic": lambda w, x, b: float8(x, None) @ float8(w, None).T + b,
    "float8 dynamic rows": lambda w, x, b: float8(x, 1) @ float8(w, 1).T + b,
}


class Rounded(nn.Module):
    """A linear layer with another product."""

    def __init__(self, linear, product):
        super().__init__()
        self.weight, self.bias, self.product = linear.weight, linear.bias, product

    def forward(self, x):
        bias = torch.zeros(self.weight.shape[0]) if self.bias is None else self.bias
        rows = self.product(self.weight, x.reshape(-1, x.shape[-1]), bias)
        return rows.view(*x.shape[:-1], -1)


def replaced(model, choose):
    for name, module in list(model.named_modules()):
        product = choose(name) if type(module) is nn.Linear else None
        if product is not None:
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, Rounded(module, product))
    return model


def configs():
    found = {}
    for name, product in CONFIGS.items():
        model, x = perceptron()
        with torch.no_grad():
            found[name] = replaced(model, lambda path: product)(x)
    return found


def whole_model():
    """A transformer of which each part has another form."""
    def choose(path):
        if path == "head":
            return None
        if "blocks.1" in path:
            return groups_weight(32, -8, 7, token=True)
        return int8_dynamic(-128) if path.endswith(("up", "down")) else int4_weight(32)

    model, ids = small()
    with torch.no_grad():
        every = replaced(model, choose)(ids)
        model, ids = small()
        model.embed.weight.copy_(grouped(model.embed.weight, 32, -8, 7))
        return {"by name": every, "embedding": model(ids)}


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, rounded):
        return rounded

    @staticmethod
    def backward(ctx, grad):
        return grad, None


def fake_groups(w, size=32):
    """PyTorch's own fake quantization, a channel for each group."""
    with torch.no_grad():
        scale = (w.reshape(-1, size).abs().amax(1) / 7.5).clamp(min=EPS)
    zero = torch.zeros_like(scale).int()
    return torch.fake_quantize_per_channel_affine(w.reshape(-1, size), scale, zero, 0, -8, 7).view_as(w)


def fake_token(x):
    with torch.no_grad():
        low, high = x.amin(1).clamp(max=0), x.amax(1).clamp(min=0)
        scale = ((high - low) / 255).clamp(min=EPS)
        zero = (-128 - (low / scale).round()).clamp(-128, 127).int()
    return torch.fake_quantize_per_channel_affine(x, scale, zero, 0, -128, 127)


def fake_int4(w, size=32):
    with torch.no_grad():
        groups = w.reshape(-1, size)
        low, high = groups.amin(1, keepdim=True), groups.amax(1, keepdim=True)
        scale = ((high - low) / 15).clamp(min=1e-6)
        rounded = ((groups - low) / scale).round().clamp(0, 15) * scale + low
    return StraightThrough.apply(w, rounded.view_as(w))


def training():
    found = {}
    ways = {
        "int8 dynamic int4": lambda w, x, b: fake_token(x) @ fake_groups(w).T + b,
        "int4": lambda w, x, b: x @ fake_int4(w).T + b,
        "intx int4": lambda w, x, b: x @ fake_groups(w).T + b,
    }
    for name, product in ways.items():
        model, x, y = learner()
        model = replaced(model, lambda path: product)
        losses = steps(model, x, y, torch.optim.SGD(model.parameters(), lr=0.3))
        model.eval()
        with torch.no_grad():
            found[f"{name} losses"] = torch.tensor(losses)
            if name == "int4":
                found["int4 outputs"] = model(x[:4])
    return found


# bitsandbytes

NF4 = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
FP4 = torch.tensor([0.0, 0.0625, 8, 12, 4, 6, 2, 3, 0, -0.0625, -8, -12, -4, -6, -2, -3]) / 12


def dynamic_map(signed):
    """Each decade has twice the numbers of the one below: middles of equal parts of [0.1, 1]."""
    found = [0.0, 1.0]
    for decade in range(7):
        parts = 2**decade * (1 if signed else 2)
        edges = [0.1 + 0.9 * i / parts for i in range(parts + 1)]
        middles = [(a + b) / 2 * 10.0 ** (decade - 6) for a, b in zip(edges, edges[1:])]
        found += middles + ([-m for m in middles] if signed else [])
    return torch.tensor(sorted(found))


def nearest(values, table):
    return (values.reshape(-1, 1) - table).abs().argmin(1)


def blocks_of(flat, size):
    return F.pad(flat, (0, -flat.numel() % size)).view(-1, size)


def coded(values, table, size):
    blocks = blocks_of(values.reshape(-1), size)
    largest = blocks.abs().amax(1)
    return nearest((blocks / largest[:, None]).reshape(-1)[: values.numel()], table), largest


def spelled(codes, largest, table, size, shape):
    return (blocks_of(table[codes], size) * largest[:, None]).reshape(-1)[: codes.numel()].view(shape)


def four_bits(w, table, double):
    codes, largest = coded(w, table, 64)
    if double:
        offset = largest.mean()
        second, scale = coded(largest - offset, dynamic_map(True), 256)
        largest = spelled(second, scale, dynamic_map(True), 256, largest.shape) + offset
    return codes, spelled(codes, largest, table, 64, w.shape)


def int8_rows(w, x, b, threshold=0.0):
    w = w.half().float()
    largest = w.abs().amax(1)
    codes = (w * (127 / largest)[:, None]).round()
    outliers = (x.abs() >= threshold).any(0) if threshold else torch.zeros(x.shape[1], dtype=torch.bool)
    inner = x.masked_fill(outliers, 0)
    most = inner.abs().amax(1, keepdim=True)
    rest = x[:, outliers] @ (codes * (largest / 127)[:, None])[:, outliers].T
    return ((inner * (127 / most)).round() @ codes.T) * most * largest / 127**2 + rest + b


def bits_and_bytes():
    found = {"map": dynamic_map(True), "unsigned map": dynamic_map(False)}
    for name, table in (("nf4", NF4), ("fp4", FP4)):
        for double in (False, True):
            model, x = perceptron()
            product = lambda w, x, b: x @ four_bits(w, table, double)[1].T + b
            with torch.no_grad():
                found[f"{name}{' double' if double else ''}"] = replaced(model, lambda path: product)(x)
    torch.manual_seed(14)
    odd = torch.randn(7, 33)
    codes, values = four_bits(odd, NF4, False)
    pairs = F.pad(codes, (0, 1), value=7).view(-1, 2)
    found["odd bytes"], found["odd values"] = pairs[:, 0] * 16 + pairs[:, 1], values
    codes, largest = coded(odd, dynamic_map(True), 64)
    found["eight bits"] = spelled(codes, largest, dynamic_map(True), 64, odd.shape)
    for name, threshold in (("int8 rows", 0.0), ("int8 rows above 5", 5.0)):
        model, x = perceptron()
        product = lambda w, x, b: int8_rows(w, x, b, threshold)
        with torch.no_grad():
            found[name] = replaced(model, lambda path: product)(x)
    return found | adam()


def adam():
    """AdamW by its definition, with states rounded to codes between steps where they are large enough."""
    found = {}
    for bits in (32, 8):
        model, x, y = learner()
        parameters = list(model.parameters())
        state = {p: [torch.zeros_like(p), torch.zeros_like(p)] for p in parameters}
        losses = []
        for step in range(1, 16):
            loss = F.mse_loss(model(x), y)
            losses.append(loss.item())
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for p, g in zip(parameters, gradients):
                    m, v = state[p]
                    m = 0.9 * m + 0.1 * g
                    v = 0.999 * v + 0.001 * g * g
                    unbiased = (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
                    p.copy_(p * (1 - 0.01 * 0.01) - 0.01 * unbiased)
                    if bits == 8 and p.numel() >= 4096:
                        m, v = (
                            spelled(*coded(s, table, 256), table, 256, s.shape)
                            for s, table in ((m, dynamic_map(True)), (v, dynamic_map(False)))
                        )
                    state[p] = [m, v]
        found[f"AdamW of {bits} bits"] = torch.tensor(losses)
    return found


THEMES = {"configs": configs, "whole_model": whole_model, "training": training, "bits_and_bytes": bits_and_bytes}


def plain(found):
    return {name: [float(f"{value:.7g}") for value in tensor.double().flatten().tolist()] for name, tensor in found.items()}


def write(folder, theme):
    text = json.dumps(plain(THEMES[theme]()), indent=None, separators=(",", ":"))
    (folder / f"{theme}.json").write_text(text.replace('],"', '],\n"') + "\n")
