"""Fake quantization and training with it: ranges, gradients, losses step by step, freezing, conversion."""

import copy

import torch
import torch.ao.quantization as tq
from show import attempt, bits, rounded, total
from torch import nn
from torch.ao.nn import intrinsic as nni

torch.backends.quantized.engine = "fbgemm"
torch.manual_seed(0)

# Fake quantizers
data = [torch.randn(4, 6, generator=torch.Generator().manual_seed(i)) * (i + 1) for i in range(3)]
for name in """default_fake_quant default_weight_fake_quant default_dynamic_fake_quant default_per_channel_weight_fake_quant
    default_histogram_fake_quant default_fused_act_fake_quant default_fused_wt_fake_quant default_fused_per_channel_wt_fake_quant
    fused_wt_fake_quant_range_neg_127_to_127 fused_per_channel_wt_fake_quant_range_neg_127_to_127 default_embedding_fake_quant
    default_fixed_qparams_range_neg1to1_fake_quant default_fixed_qparams_range_0to1_fake_quant""".split():
    made = getattr(tq, name)()
    print(made)
    for x in data:
        y = made(x)
    if made.qscheme == torch.per_channel_affine_float_qparams:
        print(name, rounded(y[0]), rounded(made.scale), rounded(made.zero_point))
    else:
        print(name, bits(y[0]), bits(made.scale), bits(made.zero_point), bits(made.calculate_qparams()))
    print(sorted(made.state_dict()))
x = torch.randn(5, 3, requires_grad=True)
fq = tq.FakeQuantize(observer=tq.MovingAverageMinMaxObserver, quant_min=0, quant_max=15, dtype=torch.quint8)
fq(x.detach() * 0.5)
fq.disable_observer()
fq(x).sum().backward()
print("gradient", bits(x.grad), bits(fq.scale))
fq.disable_fake_quant()
print(fq(x) is x, fq.fake_quant_enabled, fq.observer_enabled)
fq.enable_fake_quant()
fq.enable_observer()
other = tq.FakeQuantize(observer=tq.MovingAverageMinMaxObserver, quant_min=0, quant_max=15, dtype=torch.quint8)
other.load_state_dict(fq.state_dict())
print(bits(other.scale), bits(other.activation_post_process.max_val))
attempt("bounds", lambda: tq.FakeQuantize(quant_min=-3, quant_max=200, dtype=torch.quint8))
attempt("bounds", lambda: tq.FakeQuantize(quant_min=0, quant_max=300, dtype=torch.quint8))
attempt("fused histogram", lambda: tq.FusedMovingAvgObsFakeQuantize(observer=tq.HistogramObserver))
attempt("instance", lambda: tq.QConfig(tq.MinMaxObserver(), tq.MinMaxObserver))
for low, high, symmetric in ((-1.0, 3.0, False), (0.5, 3.0, True), (-2.0, -1.0, False), (-0.1, 5.0, True), (-1e-6, 1e-6, False)):
    state = [torch.tensor(float("inf")), torch.tensor(float("-inf")), torch.ones(1), torch.zeros(1, dtype=torch.int32)]
    on = torch.ones(1, dtype=torch.long)
    y = torch.fused_moving_avg_obs_fake_quant(torch.tensor([low, 0.3, high]), on, on, *state, 0.01, -128, 127, 0, False, symmetric)
    print("fused", bits(y), [bits(t) for t in state])

# qconfigs
for backend in ("fbgemm", "x86", "qnnpack", "onednn"):
    print(backend, tq.get_default_qconfig(backend))
    for version in (0, 1):
        print(backend, version, tq.get_default_qat_qconfig(backend, version))
attempt("unknown", lambda: tq.get_default_qconfig("other"))
print(tq.qconfig_equals(tq.get_default_qconfig("x86"), tq.get_default_qconfig("fbgemm")), tq.qconfig_equals(tq.default_qconfig, None))
mapping = tq.get_default_qconfig_mapping("x86").set_module_name("head", None).set_module_name_regex("a.*", tq.default_qconfig)
print(list(mapping.to_dict()), len(mapping.object_type_qconfigs), dict(mapping.module_name_qconfigs))
print(tq.QConfigMapping().set_global(None))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant, self.dequant = tq.QuantStub(), tq.DeQuantStub()
        self.conv, self.bn, self.relu = nn.Conv2d(2, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU()
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6)
        self.conv3, self.relu3 = nn.Conv2d(6, 4, 1), nn.ReLU()
        self.sum = nn.quantized.FloatFunctional()
        self.sigmoid = nn.Sigmoid()
        self.fc, self.fc_relu, self.out = nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, x):
        x = self.relu(self.bn(self.conv(self.quant(x))))
        x = self.sum.add(x[:, :, 1:-1, 1:-1], self.bn2(self.conv2(x)))
        x = self.sigmoid(self.relu3(self.conv3(x))).mean([2, 3])
        return self.dequant(self.out(self.fc_relu(self.fc(x))))


def train(model, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        labels = torch.randint(0, 3, (12,), generator=generator)
        x = torch.randn(12, 2, 9, 9, generator=generator) + labels.view(-1, 1, 1, 1) * 0.5
        loss = nn.functional.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {step}: {loss.item():.4f}")
    return x


FUSED = [["conv", "bn", "relu"], ["conv2", "bn2"], ["conv3", "relu3"], ["fc", "fc_relu"]]
for version in (0, 1):
    torch.manual_seed(4)
    model = tq.fuse_modules_qat(Net().train(), FUSED)
    model.qconfig = tq.get_default_qat_qconfig("fbgemm", version)
    prepared = tq.prepare_qat(model)
    if version == 0:
        print(model)
        print("\n".join(line.partition("(fake_quant_enabled")[0] for line in repr(prepared).split("\n")))
        print([name for name, _ in prepared.named_parameters()])
        print(len(prepared.state_dict()), sorted(prepared.state_dict())[:5])
    x = train(prepared, 6, 7)
    prepared.apply(tq.disable_observer)
    prepared.apply(nni.qat.freeze_bn_stats)
    x = train(prepared, 3, 8)
    print(prepared.conv.bn.training, prepared.conv.freeze_bn, rounded(prepared.conv.bn.running_mean, 3))
    prepared.eval()
    quantized = tq.convert(prepared)
    print("\n".join(line.partition("scale=")[0] for line in repr(quantized).split("\n")))
    simulated, real = prepared(x), quantized(x)
    print("close", bool((simulated - real).abs().max() < 0.1), real.argmax(1).tolist())
    back = prepared.conv.to_float()
    print(back, torch.allclose(back(x), prepared.conv(x), atol=0.1))

model = nn.Sequential(tq.QuantStub(), nn.Linear(3, 4), nn.BatchNorm1d(4), tq.DeQuantStub()).train()
model = tq.fuse_modules_qat(model, ["1", "2"])
model.qconfig = tq.get_default_qat_qconfig("fbgemm")
done = tq.quantize_qat(model, lambda m, n: [m(torch.randn(8, 3, generator=torch.Generator().manual_seed(i))) for i in range(n)], [3])
print("\n".join(line.partition("scale=")[0] for line in repr(done).split("\n")))
attempt("eval", lambda: tq.prepare_qat(model.eval()))
attempt("no method", lambda: tq.fuse_modules(nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), ["0", "1"]))
dynamic = nn.Sequential(nn.Linear(3, 4)).train()
dynamic.qconfig = tq.default_dynamic_qat_qconfig
prepared = tq.prepare_qat(dynamic, mapping={nn.Linear: torch.ao.nn.qat.dynamic.Linear})
prepared(torch.randn(2, 3, generator=torch.Generator().manual_seed(1)))
print(type(prepared[0]), tq.convert(prepared, mapping=tq.get_default_dynamic_quant_module_mappings()))

# LSTM and attention of parts that can be quantized
torch.manual_seed(5)
sequences = torch.randn(5, 2, 4)
recurrent = nn.Sequential(nn.LSTM(4, 6, 2, bidirectional=True)).eval()
recurrent.qconfig = tq.get_default_qconfig("fbgemm")
observed = tq.prepare(recurrent)
expected = recurrent(sequences)[0]
print(type(observed[0]), torch.allclose(observed(sequences)[0], expected, atol=1e-5))
print([name for name, m in observed.named_modules() if isinstance(m, tq.HistogramObserver)][:4])
quantized = tq.convert(observed)
print(type(quantized[0]), quantized[0].layers[0].layer_fw.cell.igates.in_features)
integers = torch.quantize_per_tensor(sequences, 0.03, 64, torch.quint8)
found = quantized(integers)[0].dequantize()
print("lstm", found.shape, bool((found - expected).abs().max() < 0.15))
attention = nn.Sequential(nn.MultiheadAttention(8, 2)).eval()
attention.qconfig = tq.get_default_qconfig("fbgemm")
observed = torch.ao.nn.quantizable.MultiheadAttention.from_float(tq.propagate_qconfig_(attention) or attention[0])
x = torch.randn(6, 2, 8)
y, weights = observed(x, x, x)
expected, expected_weights = attention[0](x, x, x)
print("attention", torch.allclose(y, expected, atol=1e-5), torch.allclose(weights, expected_weights, atol=1e-5))
mask = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1)
print("masked", torch.allclose(observed(x, x, x, attn_mask=mask)[0], attention[0](x, x, x, attn_mask=mask)[0], atol=1e-5))
quantized = torch.ao.nn.quantized.MultiheadAttention.from_observed(observed)
q = torch.quantize_per_tensor(x, 0.04, 64, torch.quint8)
y, weights = quantized(q, q, q)
print(type(quantized), y.shape, bool((y.dequantize() - expected).abs().max() < 0.1))
