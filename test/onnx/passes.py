"""Imported models called again and again: each line says whether calls are repeated without Python, in which steps, and whether the
numbers are those that the nodes give one by one."""

import io
import json
import pathlib
import sys

import _core
import torch
from torch import nn
from torch.nn import functional as F

import layerwise


def imported(model, *args, **options):
    f = io.BytesIO()
    torch.onnx.export(model.eval(), args, f, **options)
    return layerwise.load_onnx(io.BytesIO(f.getvalue())).eval()


def steps(model):
    """The steps of the newest pass of a model, or why there is none."""
    found = list(model._passes.passes.values())[-1] if model._passes.passes else None
    if not found:
        return f"none: {_core.plan_why()}"
    return [name for name, _, _ in json.loads(_core.plan_steps(found.passes[0].number))]


def slow(model, *inputs):
    return model._outputs(dict(zip(model.input_names, inputs)))[0]


def is_same(model, *inputs, bound=0.0):
    given, wanted = model(*inputs), slow(model, *inputs)
    return (given - wanted).abs().max().item() <= bound * wanted.abs().max().item()


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.proj, self.norm = nn.Linear(8, 16), nn.Linear(16, 8), nn.LayerNorm(8)

    def forward(self, x):
        return self.norm(x + self.proj(F.gelu(self.fc(x), approximate="tanh")))


class Attention(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.way, self.qkv = way, nn.Linear(16, 48)

    def forward(self, x, mask):
        q, k, v = (part.unflatten(-1, (4, 4)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        if self.way == "causal":
            return F.scaled_dot_product_attention(q, k, v, is_causal=True) + mask.sum() * 0
        scores = q @ k.transpose(-1, -2)
        if self.way == "added":
            scores = scores / 2.0 + mask
        elif self.way == "filled":
            scores = (scores * 0.25).masked_fill(mask < 0, float("-inf"))
        elif self.way == "capped":
            scores = torch.tanh(scores / 5.0) * 5.0 + mask
        return torch.softmax(scores, -1) @ v


class Chosen(nn.Module):
    def forward(self, x, y):
        return torch.where(x > 0, x * 2 + y, (y - x) / 3) + torch.arange(4.0)


class Turned(nn.Module):
    def forward(self, x):
        return x.transpose(0, 1).unsqueeze(0).transpose(1, 2)[:, 1:] + 1


class Constant(nn.Module):
    def forward(self, x):
        return torch.ones(x.shape[0]) * 2


torch.manual_seed(0)
with torch.no_grad():
    model, x = imported(Mlp(), torch.randn(3, 8), dynamic_axes={"x": {0: "n"}}), torch.randn(3, 8)
    calls = [model(x) for _ in range(3)]
    print("repeated", torch.equal(calls[0], calls[2]), steps(model))
    print("other numbers", is_same(model, torch.randn(3, 8)), len(model._passes.passes))
    for n in (5, 5, 5, 3):
        model(torch.randn(n, 8))
    print("other shapes", len(model._passes.passes), is_same(model, torch.randn(5, 8)), is_same(model, torch.randn(3, 8)))
    print("turned", is_same(model, torch.randn(8, 3).t()))
    model.fc.weight.mul_(2)
    print("written weight", is_same(model, x))
    model.norm.bias.add_(1)
    print("written bias", is_same(model, x))
    model.fc.bias = nn.Parameter(torch.randn(16))
    print("new parameter", is_same(model, x), len(model._passes.passes))
    model.load_state_dict({key: value + 1 for key, value in model.state_dict().items()})
    print("loaded", is_same(model, x))
    model.norm.bias.data = torch.randn(8)
    print("new data", is_same(model, x))
    seen = []
    hook = model.fc.register_forward_hook(lambda module, args, y: seen.append(y.shape) or y * 0)
    print("hook", model(x).sub(calls[0]).abs().max().item() > 0.1, len(seen))
    hook.remove()
    print("no hook", is_same(model, x), len(seen))

    class Scaled(nn.Module):
        factor = 1.0

        def forward(self, x):
            return x * self.factor

    model.fc = nn.Sequential(nn.Linear(8, 16), Scaled())
    before = [model(x) for _ in range(3)][-1]
    model.fc[1].factor = 3.0
    print("a layer of one's own", len([p for p in model._passes.passes.values() if p]), is_same(model, x), not torch.equal(before, model(x)))

    mask = torch.randn(2, 1, 5, 5)
    mask[..., 0] = 1
    for way in ("causal", "added", "filled", "capped"):
        model = imported(Attention(way), torch.randn(2, 5, 16), mask)
        for _ in range(3):
            model(torch.randn(2, 5, 16), mask)
        print(way, is_same(model, torch.randn(2, 5, 16), mask.roll(1, 2), bound=1e-6), "attention" in steps(model), len(steps(model)))

    model = imported(Chosen(), torch.randn(3, 4), torch.randn(3, 4))
    for _ in range(3):
        model(torch.randn(3, 4), torch.randn(3, 4))
    print("chosen", is_same(model, torch.randn(3, 4), torch.randn(3, 4)), steps(model))
    model = imported(Turned(), torch.randn(3, 4))
    for _ in range(3):
        model(torch.randn(3, 4))
    print("views", is_same(model, torch.randn(3, 4)), is_same(model, torch.randn(4, 3).t()), steps(model))
    for path in [pathlib.Path(sys.argv[1]) / f"{name}.onnx" for name in ("codes", "tables", "picked", "random")]:
        model = layerwise.load_onnx(path).eval()
        for _ in range(3):
            model(torch.randn(6))
        x = torch.tensor([1.0, 0.0, -2.0, 0.4, 0.6, 9.0])
        others = all(is_same(model, torch.randn(6) * 5) for _ in range(20))
        print(path.stem, is_same(model, x) and others, steps(model))
    def ways(name, *firsts):
        """Calls with numbers around these, each way through the model more than once; how many there are now, or why none."""
        model = layerwise.load_onnx(pathlib.Path(sys.argv[1]) / f"{name}.onnx").eval()
        same = [is_same(model, torch.rand(6) + first) for first in firsts]
        (found,) = model._passes.passes.values()
        print(name, len(same), all(same), len(found.passes) if found else f"none: {_core.plan_why() or 'ever other ones'}")

    ways("branching", 1.0, 1.0, 1.0, -9.0, -0.99, 1.0, -9.0, -0.99, -9.0, -9.0, 1.0, -0.99)
    ways("counting", 1.0, 1.0, 2.0, 1.0, 3.0, 3.0, 2.0)
    ways("counting", *(float(n % 30) for n in range(1, 40)))
    ways("drawing", 1.0, 1.0, -9.0, 1.0, -9.0)

    model = imported(Constant(), torch.randn(3))
    for _ in range(3):
        y = model(torch.randn(3))
        y += 1
    print("constant", y.tolist(), steps(model))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(4, 5, 2, bidirectional=True), nn.GRU(10, 3)

    def forward(self, x):
        return self.gru(self.lstm(x)[0])[0]


model, x = imported(Tagger(), torch.randn(6, 2, 4)), torch.randn(6, 2, 4)
before = model(x)
before.square().mean().backward()
torch.optim.SGD(model.parameters(), 0.5).step()
with torch.no_grad():
    calls = [model(x) for _ in range(3)]
    print("recurrent", is_same(model, x), is_same(imported(model, x), x), steps(model))
    print("its weights", (calls[0] - before).abs().max().item() > 1e-4, torch.equal(calls[0], imported(model, x)(x)))

torch.manual_seed(1)
model, other = imported(Mlp(), torch.randn(3, 8)), None
data = [torch.randn(3, 8) for _ in range(6)]
losses = []
for repeats in (True, False):
    torch.manual_seed(1)
    other = imported(Mlp(), torch.randn(3, 8)).train()
    optimizer = torch.optim.AdamW(other.parameters(), 1e-2)
    for x in data:
        optimizer.zero_grad()
        loss = ((other(x) if repeats else slow(other, x)) - 1).square().mean()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            losses.append((loss.item(), (other(x) if repeats else slow(other, x)).sum().item()))
print("trained", losses[:6] == losses[6:], losses[5][0] < losses[0][0])
