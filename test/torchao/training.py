"""Quantization-aware training: QATConfig before and behind it, and the older quantizers, as the QAT README of torchao does it."""

import torch
from nets import Perceptron, learner, steps
from show import show
from torchao.quantization import (
    Int4WeightOnlyConfig, Int8DynamicActivationInt4WeightConfig, IntxWeightOnlyConfig, PerGroup, compute_error, quantize_,
)
from torchao.quantization.qat import (
    ComposableQATQuantizer, FakeQuantizedLinear, Int4WeightOnlyEmbeddingQATQuantizer, Int8DynActInt4WeightQATQuantizer,
    IntxFakeQuantizeConfig, QATConfig,
)

BASES = {
    "int8 dynamic int4": Int8DynamicActivationInt4WeightConfig(group_size=32),
    "int4": Int4WeightOnlyConfig(group_size=32),
    "intx int4": IntxWeightOnlyConfig(torch.int4, PerGroup(32)),
}

for name, base in BASES.items():
    model, x, y = learner()
    quantize_(model, QATConfig(base, step="prepare"))
    assert type(model.first) is FakeQuantizedLinear
    show(f"{name} losses", torch.tensor(steps(model, x, y, torch.optim.SGD(model.parameters(), lr=0.3))))
    model.eval()
    with torch.no_grad():
        rounded = model(x[:4])
        quantize_(model, QATConfig(base, step="convert"))
        assert type(model.first) is torch.nn.Linear and type(model.first.weight).__name__.endswith("Tensor")
        got = model(x[:4])
    if name == "int4":
        # The others have the largest number of a group half-way between two codes: the last bit of a weight decides.
        show(f"{name} outputs", got)
    assert compute_error(rounded, got) > 90, f"{name}: what was trained is what is kept"

# The same in so many words, and by a quantizer: the same numbers.
expected, x, y = learner()
quantize_(expected, QATConfig(BASES["int8 dynamic int4"]))
losses = steps(expected, x, y, torch.optim.SGD(expected.parameters(), lr=0.3))
model, x, y = learner()
rows = IntxFakeQuantizeConfig(torch.int8, "per_token", is_symmetric=False)
groups = IntxFakeQuantizeConfig(torch.int4, group_size=32)
quantize_(model, QATConfig(activation_config=rows, weight_config=groups, step="prepare"))
assert steps(model, x, y, torch.optim.SGD(model.parameters(), lr=0.3)) == losses
model, x, y = learner()
quantizer = ComposableQATQuantizer([Int8DynActInt4WeightQATQuantizer(groupsize=32), Int4WeightOnlyEmbeddingQATQuantizer(32)])
model = quantizer.prepare(model)
assert steps(model, x, y, torch.optim.SGD(model.parameters(), lr=0.3)) == losses
model = quantizer.convert(model)
assert type(model.first).__name__ == "Int8DynActInt4WeightLinear"
