"""A small convolutional network: trained, fused, observed, converted, saved and loaded again; residual additions
through FloatFunctional."""

import copy
import io
import re

import torch
import torch.ao.quantization as tq
from show import rounded, total
from torch import nn
from torch.ao.nn.quantized import FloatFunctional

torch.backends.quantized.engine = "fbgemm"


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, groups=2), nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.sum = FloatFunctional()

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.sum.add_relu(self.bn2(self.conv2(y)), x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant, self.dequant = tq.QuantStub(), tq.DeQuantStub()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU())
        self.block = Block(8)
        self.pool = nn.MaxPool2d(2)
        self.act = nn.Hardswish()
        self.cat = FloatFunctional()
        self.average = nn.AdaptiveAvgPool2d(2)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x):
        x = self.pool(self.block(self.stem(self.quant(x))))
        x = self.cat.cat([x, self.act(x)], dim=1)
        x = self.dropout(torch.flatten(self.average(x), 1))
        return self.dequant(self.head(x))


def batches(n, seed):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n):
        labels = torch.randint(0, 4, (16,), generator=generator)
        yield torch.randn(16, 3, 20, 20, generator=generator) + labels.view(-1, 1, 1, 1) * 0.4, labels


torch.manual_seed(0)
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for x, labels in batches(12, 1):
    loss = nn.functional.cross_entropy(model(x), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"float loss {loss.item():.3f}")
model.eval()

FUSED = [["stem.0", "stem.1", "stem.2"], ["block.conv1", "block.bn1", "block.relu"], ["block.conv2", "block.bn2"], ["head.0", "head.1"]]
fused = tq.fuse_modules(model, FUSED)
print(fused)
test, _ = next(batches(1, 5))
print("fusing changes nothing", torch.allclose(fused(test), model(test), atol=1e-4))

for backend in ("fbgemm", "qnnpack"):
    fused.qconfig = tq.get_default_qconfig(backend)
    prepared = tq.prepare(fused)
    if backend == "fbgemm":
        print([name for name, m in prepared.named_modules() if isinstance(m, tq.ObserverBase)])
    for x, _ in batches(4, 2):
        prepared(x)
    quantized = tq.convert(prepared)
    result = quantized(test)
    error = (result - model(test)).abs().max().item()
    print(backend, "close", error < 0.25 * model(test).abs().max().item(), quantized.training)
    print([name for name, m in quantized.named_modules() if hasattr(m, "qconfig")])
text = repr(quantized)
# Scales depend on the order of sums: without those of layers and of functions.
print("\n".join(re.sub(r",? +scale=0.*", "", line) for line in text.split("\n")))
print({k: type(v).__name__ if not isinstance(v, torch.Tensor) else f"{v.dtype} {list(v.shape)}" for k, v in quantized.state_dict().items()})

# Quantized with given numbers, so that integers can be compared one for one.
torch.manual_seed(3)
exact = Net().eval()
exact = tq.fuse_modules(exact, FUSED)
exact.qconfig = tq.QConfig(
    activation=tq.FixedQParamsObserver.with_args(scale=0.0625, zero_point=64), weight=tq.default_per_channel_weight_observer
)
prepared = tq.prepare(exact)
prepared(test)
converted = tq.convert(prepared)
seen = {}
watched = [
    module.register_forward_hook(lambda m, i, o, name=name: seen.setdefault(name, o))
    for name, module in converted.named_modules()
]
converted(test)
for handle in watched:
    handle.remove()
for name, value in seen.items():
    if value.is_quantized:
        print(name, value.q_zero_point(), total(value.int_repr()))
print("result", rounded(seen[""][0]))

# Files
buffer = io.BytesIO()
torch.save(converted.state_dict(), buffer)
state = torch.load(io.BytesIO(buffer.getvalue()))
again = tq.convert(tq.prepare(copy.deepcopy(exact)))
print(again.load_state_dict(state), torch.equal(again(test), converted(test)))
buffer = io.BytesIO()
torch.save(converted.head, buffer)
whole = torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
data = torch.quantize_per_tensor(torch.randn(3, 64, generator=torch.Generator().manual_seed(1)), 0.0625, 64, torch.quint8)
print("whole", torch.equal(whole(data), converted.head(data)))
print("deepcopy", torch.equal(copy.deepcopy(converted)(test), converted(test)))

# The one-call form, qconfigs by module, and what is left out.
simple = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
simple.qconfig = tq.default_qconfig
simple[2].qconfig = None
wrapped = tq.QuantWrapper(simple)
done = tq.quantize(wrapped, lambda m, data: [m(x) for x in data], [[torch.randn(5, 4, generator=torch.Generator().manual_seed(1))]])
print("\n".join(line.partition("scale=")[0] for line in repr(done).split("\n")))
stubs = tq.add_quant_dequant(tq.prepare(nn.Sequential(nn.Linear(2, 2)).eval(), inplace=True))
print(stubs)
one = nn.Linear(3, 3)
one.qconfig = tq.per_channel_dynamic_qconfig
print(type(tq.swap_module(one, {nn.Linear: torch.ao.nn.quantized.dynamic.Linear}, {})))
state = tq.get_observer_state_dict(prepared)
print(sorted(state)[:4], len(state))
