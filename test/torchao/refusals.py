"""What is refused says what it is; what repr and isinstance show."""

import bitsandbytes as bnb
import torch
import torchao
from torch import nn
from torchao.quantization import (
    FqnToConfig, Int4WeightOnlyConfig, Int8DynamicActivationInt8WeightConfig, Int8WeightOnlyConfig, int4_weight_only,
    int8_dynamic_activation_int4_weight, int8_weight_only, quantize_,
)
from torchao.quantization.qat import IntxFakeQuantizeConfig, QATConfig


def tried(what, call):
    try:
        call()
        print(what, "| works")
    except Exception as error:
        print(what, "|", type(error).__name__, "|", error)


def layer():
    torch.manual_seed(0)
    return nn.Linear(64, 32)


made = layer()
quantize_(made, int8_weight_only())
print(made)
print(isinstance(made.weight, torch.Tensor), made.weight.shape, made.weight.dtype, made.weight.requires_grad, made.weight.device)
tried("sum of a weight", lambda: made.weight + 1)
tried("product of a weight", lambda: torch.randn(2, 64) @ made.weight.t())
tried("numpy of a weight", lambda: made.weight.numpy())
tried("into floats", lambda: layer().load_state_dict(made.state_dict()))
tried("twice", lambda: quantize_(made, int4_weight_only()))
tried("groups that do not fit", lambda: quantize_(nn.Linear(48, 8), Int4WeightOnlyConfig(group_size=32)))
tried("odd groups", lambda: quantize_(layer(), Int8WeightOnlyConfig(group_size=48)))
tried("no configuration", lambda: quantize_(layer(), 4))
tried("a filter beside names", lambda: quantize_(layer(), FqnToConfig({}), lambda m, n: True))
tried("autoquant", lambda: torchao.autoquant(layer()))
for name, arguments in {
    "Int4WeightOnlyConfig": {"int4_choose_qparams_algorithm": "hqq"},
    "Int8DynamicActivationInt8WeightConfig": {"layout": torchao.dtypes.SemiSparseLayout()},
    "Float8DynamicActivationInt4WeightConfig": {},
    "FPXWeightOnlyConfig": {},
    "GemliteUIntXWeightOnlyConfig": {},
    "Int8WeightOnlyConfig": {"granularity": 3},
}.items():
    tried(name, lambda: getattr(torchao.quantization, name)(**arguments))
tried("QATConfig", lambda: QATConfig(int8_dynamic_activation_int4_weight(), weight_config=IntxFakeQuantizeConfig(torch.int4, group_size=32)))
tried("QATConfig of another base", lambda: quantize_(layer(), QATConfig(Int8WeightOnlyConfig())))
tried("range_learning", lambda: IntxFakeQuantizeConfig(torch.int4, group_size=32, is_dynamic=False, range_learning=True))
tried("sparsify_", lambda: torchao.sparsity.sparsify_(nn.Sequential(layer()), torchao.sparsity.semi_sparse_weight()))
tried("pt2e", lambda: __import__("torchao.quantization.pt2e.quantize_pt2e", fromlist=["x"]).prepare_pt2e(layer(), None))
tried("bnb before it is moved", lambda: bnb.nn.Linear4bit(64, 32)(torch.randn(2, 64)))
tried("bnb.optim.Lion8bit", lambda: bnb.optim.Lion8bit([]))
tried("bnb percentile", lambda: bnb.optim.AdamW8bit([nn.Parameter(torch.ones(2))], percentile_clipping=5))
tried("torch.save of safetensors", lambda: __import__("safetensors.torch", fromlist=["x"]).save(made.state_dict()))
