"""Graph mode under a backend configuration, and with custom ones: what is quantized, fused and kept."""

import torch
from torch import nn
from torch.ao.quantization import get_default_qconfig_mapping, QConfigMapping, default_dynamic_qconfig
from torch.ao.quantization.quantize_fx import prepare_fx, convert_fx, fuse_fx
from torch.ao.quantization.backend_config import (
    BackendConfig, BackendPatternConfig, DTypeConfig, ObservationType, get_fbgemm_backend_config, get_native_backend_config,
    get_native_backend_config_dict,
)
from torch.ao.quantization.fx.custom_config import ConvertCustomConfig, FuseCustomConfig, PrepareCustomConfig


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 5)
        self.tag = "kept"

    def forward(self, x):
        x = self.relu(self.bn(self.conv(x)))
        x = x + self.conv2(x)
        return self.fc(self.pool(x).flatten(1))


def make():
    torch.manual_seed(0)
    return Net().eval()


torch.manual_seed(1)
x = torch.randn(4, 3, 8, 8)


def names(m):
    return [(n, type(c).__name__) for n, c in m.named_modules() if n and "." not in n and "post_process" not in n]


def run(what, backend=None, mapping=None, custom=None, convert=None):
    m = prepare_fx(
        make(), mapping or get_default_qconfig_mapping("x86"), (x,), prepare_custom_config=custom, backend_config=backend
    )
    m(x)
    q = convert_fx(m, convert_custom_config=convert, backend_config=backend)
    print(what, names(q))
    print([round(v, 2) for v in q(x).flatten()[:6].tolist()])
    return q


run("none")
run("native", get_native_backend_config())
run("fbgemm", get_fbgemm_backend_config())
print(get_native_backend_config().name, isinstance(get_native_backend_config_dict()["configs"], list))

int8 = DTypeConfig(input_dtype=torch.quint8, output_dtype=torch.quint8, weight_dtype=torch.qint8, bias_dtype=torch.float)
print(int8.input_dtype, int8.to_dict()["weight_dtype"], DTypeConfig.from_dict(int8.to_dict()) == int8)
linear = BackendPatternConfig(nn.Linear).set_observation_type(ObservationType.OUTPUT_USE_DIFFERENT_OBSERVER_AS_INPUT)
linear.add_dtype_config(int8)
only = BackendConfig("mine").set_backend_pattern_config(linear)
run("only linear", only)
halves = DTypeConfig(torch.float16, torch.float16, torch.float16)
wrong = BackendConfig("float").set_backend_pattern_config(BackendPatternConfig(nn.Linear).add_dtype_config(halves))
run("wrong dtypes", wrong)
run("dynamic", get_native_backend_config(), QConfigMapping().set_object_type(nn.Linear, default_dynamic_qconfig))

custom = PrepareCustomConfig().set_preserved_attributes(["tag"]).set_non_traceable_module_names(["fc"])
print(custom, sorted(custom.to_dict()), PrepareCustomConfig.from_dict(custom.to_dict()).preserved_attributes)
q = run("custom", None, None, custom, ConvertCustomConfig().set_preserved_attributes(["tag"]))
print(q.tag)
f = fuse_fx(make(), fuse_custom_config=FuseCustomConfig().set_preserved_attributes(["tag"]))
print(names(f), f.tag, FuseCustomConfig())
print(ConvertCustomConfig().set_observed_to_quantized_mapping(nn.ReLU, nn.Tanh).to_dict())
for bad in (
    lambda: DTypeConfig.from_dict({"input_dtype": 3}),
    lambda: BackendConfig.from_dict({"configs": [3]}),
    lambda: BackendPatternConfig.from_dict({"dtype_configs": [1]}),
):
    try:
        bad()
    except ValueError as e:
        print(e)
