"""A transformer whose parts have forms of their own: by name (FqnToConfig), by a filter, its table of words."""

import torch
from nets import small
from show import show
from torchao.quantization import (
    FqnToConfig, Int4WeightOnlyConfig, Int8DynamicActivationInt4WeightConfig, Int8DynamicActivationInt8WeightConfig, IntxWeightOnlyConfig,
    PerGroup, quantize_,
)
from torchao.utils import get_model_size_in_bytes

model, ids = small()
before = get_model_size_in_bytes(model)
quantize_(
    model,
    FqnToConfig({
        "head": None,
        r"re:blocks\.1\..*": Int8DynamicActivationInt4WeightConfig(group_size=32),
        r"re:.*\.(up|down)": Int8DynamicActivationInt8WeightConfig(),
        "_default": Int4WeightOnlyConfig(group_size=32),
    }),
)
with torch.no_grad():
    show("by name", model(ids))
kinds = {name: type(module.weight).__name__ for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
assert kinds == {
    "blocks.0.qkv": "Int4Tensor", "blocks.0.proj": "Int4Tensor", "blocks.0.up": "Int8Tensor", "blocks.0.down": "Int8Tensor",
    "blocks.1.qkv": "IntxUnpackedToInt8Tensor", "blocks.1.proj": "IntxUnpackedToInt8Tensor", "blocks.1.up": "IntxUnpackedToInt8Tensor",
    "blocks.1.down": "IntxUnpackedToInt8Tensor", "head": "Parameter",
}, kinds
assert get_model_size_in_bytes(model) < 0.35 * before

# The same forms, chosen by filters as the tutorials do, give the same model.
again, _ = small()
is_in = lambda part: lambda module, name: isinstance(module, torch.nn.Linear) and part in name
quantize_(again, Int8DynamicActivationInt4WeightConfig(group_size=32), is_in("blocks.1"))
quantize_(again, Int8DynamicActivationInt8WeightConfig(), lambda module, name: name in ("blocks.0.up", "blocks.0.down"))
quantize_(again, Int4WeightOnlyConfig(group_size=32), lambda module, name: name in ("blocks.0.qkv", "blocks.0.proj"))
with torch.no_grad():
    assert torch.equal(again(ids), model(ids))

model, ids = small()
words = IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32))
quantize_(model, words, filter_fn=lambda module, name: isinstance(module, torch.nn.Embedding))
with torch.no_grad():
    show("embedding", model(ids))
