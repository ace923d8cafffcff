"""prepare_fx, prepare_qat_fx and convert_fx: where observers go, what the graph of integers is, and what it
computes."""

import copy

import torch
import torch.ao.quantization as tq
from show import attempt, rounded
from torch import nn
from torch.ao.quantization.quantize_fx import convert_fx, fuse_fx, prepare_fx, prepare_qat_fx
from torch.nn import functional as F

torch.backends.quantized.engine = "fbgemm"


def target(node):
    return node.target if isinstance(node.target, str) else node.target.__name__


def report(name, prepared, data):
    print(name, "observed", [n for n, _ in prepared.named_modules() if n.startswith("activation") and "." not in n])
    converted = convert_fx(prepared)
    print(name, "graph", " ".join(target(node) for node in converted.graph.nodes if node.op != "get_attr"))
    print(name, "modules", [(n, type(m).__name__) for n, m in converted.named_modules() if n and "packed" not in n])
    print(name, "state", sorted(converted.state_dict()))
    result = converted(data)
    print(name, rounded(result.flatten()[:6], 2))
    return converted


def with_bounds():
    """The usual mapping, whose activations are observed without histograms: those take their time."""
    return tq.get_default_qconfig_mapping("fbgemm").set_global(tq.default_per_channel_qconfig)


def quantize(name, make_model, *shape, mapping=None, is_integer=False):
    # Conversion draws random numbers on the way, for modules that do not last.
    torch.manual_seed(0)
    model = make_model()
    torch.manual_seed(1)
    make = (lambda: torch.randint(0, 10, shape)) if is_integer else (lambda: torch.randn(shape))
    prepared = prepare_fx(model.eval(), mapping or with_bounds(), (make(),))
    for _ in range(3):
        prepared(make())
    return report(name, prepared, make())


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv, self.bn, self.relu = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        self.conv2, self.bn2 = nn.Conv2d(width, width, 1), nn.BatchNorm2d(width)

    def forward(self, x):
        return self.relu(self.bn2(self.conv2(self.relu(self.bn(self.conv(x))))) + x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.block, self.pool = nn.Conv2d(3, 8, 3, stride=2), Block(8), nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2, self.drop = nn.Linear(8, 16), nn.Linear(16, 4), nn.Dropout(0.1)

    def forward(self, x):
        x = self.block(F.max_pool2d(F.relu(self.stem(x)), 2))
        x = torch.sigmoid(self.fc1(self.drop(torch.flatten(self.pool(x), 1))))
        return F.softmax(self.fc2(x * 0.5 + 1.0), -1)


class Joined(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2, self.bn = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.fc, self.six, self.swish, self.norm = nn.Linear(4, 3), nn.ReLU6(), nn.Hardswish(), nn.LayerNorm(4)

    def forward(self, x):
        both = torch.cat([self.c1(x), self.bn(self.c2(x))], 1)
        a, b = torch.chunk(both, 2, 1)
        x = self.norm(self.swish(self.six(a * b)).mean([2, 3]))
        return self.fc(x.view(x.size(0), -1)).unsqueeze(0)


class Products(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.elu, self.leaky, self.soft = nn.Linear(6, 6), nn.Linear(6, 6), nn.ELU(), nn.LeakyReLU(0.2), nn.Softmax(-1)

    def forward(self, x):
        return self.soft(torch.matmul(self.elu(self.a(x)), self.leaky(self.b(x)).transpose(0, 1)))


class Parts(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x):
        return self.b(torch.exp(F.relu(self.a(x)))) + x


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.relu = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU()
        self.f, self.g, self.sigmoid = nn.Linear(4, 2), nn.Linear(4, 2), nn.Sigmoid()

    def forward(self, x):
        x = self.relu(self.bn(self.conv(x))).mean([2, 3])
        return self.sigmoid(self.f(x)) * self.g(x)


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.lstm, self.out = nn.Embedding(10, 4), nn.LSTM(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        rows, _ = self.lstm(self.table(x))
        return self.out(rows)


class Upward(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.conv, self.bn = nn.ConvTranspose2d(2, 3, 2, stride=2), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.sum = torch.ao.nn.quantized.FloatFunctional()

    def forward(self, x):
        y = self.up(x)
        z = F.avg_pool2d(self.bn(F.interpolate(y, scale_factor=2.0)), 2)
        return self.sum.add(self.conv(z), y).permute(0, 2, 3, 1)


quantize("net", Net, 2, 3, 20, 20, mapping=tq.get_default_qconfig_mapping("fbgemm"))
quantize("joined", Joined, 2, 3, 7, 7)
quantize("products", Products, 5, 6)
quantize("parts", Parts, 5, 6)
quantize("without b", Parts, 5, 6, mapping=with_bounds().set_module_name("b", None))
quantize("only b", Parts, 5, 6, mapping=tq.QConfigMapping().set_module_name("b", tq.default_qconfig))
quantize("by pattern", Parts, 5, 6, mapping=tq.QConfigMapping().set_module_name_regex("[ab]", tq.default_qconfig))
quantize("gated", Gated, 4, 2, 6, 6)
quantize("upward", Upward, 2, 2, 4, 4)
dynamic = tq.QConfigMapping().set_object_type(nn.Linear, tq.default_dynamic_qconfig).set_object_type(nn.LSTM, tq.default_dynamic_qconfig)
dynamic.set_object_type(nn.Embedding, tq.float_qparams_weight_only_qconfig)
quantize("words", Words, 5, 2, mapping=dynamic, is_integer=True)
sequence = lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
quantize("sequence", sequence, 3, 4, mapping=tq.QConfigMapping().set_global(tq.default_dynamic_qconfig))
attempt("fused parts differ", lambda: quantize("", Parts, 5, 6, mapping=tq.QConfigMapping().set_object_type(nn.Linear, tq.default_qconfig)))

# Training
torch.manual_seed(2)
gated = Gated().train()
prepared = prepare_qat_fx(gated, tq.get_default_qat_qconfig_mapping("fbgemm"), (torch.randn(4, 2, 6, 6),))
print([(n, type(m).__name__) for n, m in prepared.named_modules() if hasattr(m, "weight_fake_quant")])
optimizer = torch.optim.SGD(prepared.parameters(), lr=0.05)
for step in range(4):
    loss = prepared(torch.randn(4, 2, 6, 6)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.4f}")
report("trained", prepared.eval(), torch.randn(4, 2, 6, 6))

net = Net().eval()
fused = fuse_fx(copy.deepcopy(net))
print([(n, type(m).__name__) for n, m in fused.named_children()], type(fused.block.conv).__name__)
x = torch.randn(1, 3, 20, 20)
print(torch.allclose(fused(x), net(x), atol=1e-5))
attempt("not prepared", lambda: convert_fx(nn.Linear(2, 2)))


class Functions(nn.Module):
    """Layers as functions of a model's own parameters."""

    def __init__(self):
        super().__init__()
        self.kernel, self.start = nn.Parameter(torch.randn(6, 3, 3, 3) * 0.2), nn.Parameter(torch.randn(6) * 0.1)
        self.slim = nn.Parameter(torch.randn(6, 1, 3, 3) * 0.3)
        self.tables = nn.ParameterList([nn.Parameter(torch.randn(8, 6) * 0.4), nn.Parameter(torch.randn(8) * 0.1)])

    def forward(self, x):
        x = F.relu(F.conv2d(x, self.kernel, self.start, (2, 2), (1, 1), (1, 1), 1))
        x = F.conv2d(x, self.slim, None, (1, 1), (1, 1), (1, 1), 6)
        return F.linear(torch.permute(x, (0, 2, 3, 1)), self.tables[0], self.tables[1])


torch.manual_seed(4)
functions, x = Functions().eval(), torch.randn(2, 3, 8, 8)
wanted = functions(x)
for mapping in (
    tq.get_default_qconfig_mapping("x86"), tq.get_default_qconfig_mapping("qnnpack"),
    tq.get_default_qconfig_mapping("x86").set_object_type(F.linear, None),
    tq.QConfigMapping().set_global(tq.default_dynamic_qconfig),
):
    prepared = prepare_fx(copy.deepcopy(functions), mapping, (x,))
    prepared(x)
    found = convert_fx(prepared)(x)
    print("functions", ((found - wanted).norm() / wanted.norm()).item() < 0.03, rounded(found[0, 0, 0], 3))
prepared = prepare_qat_fx(copy.deepcopy(functions).train(), tq.get_default_qat_qconfig_mapping("x86"), (x,))
print(f"functions in training {prepared(x).square().mean().item():.3f}")
attempt("no mapping", lambda: prepare_fx(functions, None, (x,)))
