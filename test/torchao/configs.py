"""quantize_ with each configuration, as the README of torchao uses it: outputs of a model, before and after saving and copying."""

import copy
import io

import torch
from nets import Perceptron, perceptron
from show import show
from torchao.quantization import (
    Float8DynamicActivationFloat8WeightConfig, Float8WeightOnlyConfig, Int4WeightOnlyConfig, Int8DynamicActivationInt4WeightConfig,
    Int8DynamicActivationInt8WeightConfig, Int8DynamicActivationIntxWeightConfig, Int8StaticActivationInt8WeightConfig,
    Int8WeightOnlyConfig, IntxWeightOnlyConfig, MappingType, PerAxis, PerGroup, PerRow, PerTensor, UIntXWeightOnlyConfig, quantize_,
)

CONFIGS = {
    "int8": Int8WeightOnlyConfig(),
    "int8 group 32": Int8WeightOnlyConfig(group_size=32, version=1),
    "int8 dynamic": Int8DynamicActivationInt8WeightConfig(),
    "int8 dynamic version 1": Int8DynamicActivationInt8WeightConfig(version=1),
    "int8 dynamic tensor": Int8DynamicActivationInt8WeightConfig(granularity=PerTensor()),
    "int8 static": Int8StaticActivationInt8WeightConfig(act_quant_scale=torch.tensor(0.05), granularity=PerRow()),
    "int4 group 32": Int4WeightOnlyConfig(group_size=32),
    "int4 group 64": Int4WeightOnlyConfig(group_size=64, int4_packing_format="tile_packed_to_4d"),
    "int8 dynamic int4": Int8DynamicActivationInt4WeightConfig(group_size=32),
    "intx int4": IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)),
    "intx int3 zeros": IntxWeightOnlyConfig(torch.int3, PerGroup(16), MappingType.ASYMMETRIC),
    "intx int8 rows": IntxWeightOnlyConfig(torch.int8, PerAxis(0)),
    "int8 dynamic int6": Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int6, weight_granularity=PerGroup(64)),
    "uintx uint2": UIntXWeightOnlyConfig(torch.uint2, group_size=64),
    "float8": Float8WeightOnlyConfig(),
    "float8 e5m2": Float8WeightOnlyConfig(weight_dtype=torch.float8_e5m2),
    "float8 dynamic": Float8DynamicActivationFloat8WeightConfig(granularity=PerTensor()),
    "float8 dynamic rows": Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()),
}

for name, config in CONFIGS.items():
    model, x = perceptron()
    quantize_(model, config)
    with torch.no_grad():
        got = model(x)
        show(name, got)
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        file.seek(0)
        fresh = Perceptron().eval()
        fresh.load_state_dict(torch.load(file, weights_only=True), assign=True)
        assert torch.equal(fresh(x), got), f"{name}: saved and loaded"
        again = copy.deepcopy(model)
        again.load_state_dict(model.state_dict())
        assert torch.equal(again(x), got), f"{name}: copied"
        half = copy.deepcopy(model).to(torch.bfloat16)(x.bfloat16())
        assert half.dtype == torch.bfloat16 and (half.float() - got).norm() < 0.05 * got.norm(), f"{name}: in bfloat16"
    assert type(model.first) is torch.nn.Linear and isinstance(model.first.weight, torch.nn.Parameter), name
