"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""

from torch._gen import functions as _f

avg_pool1d = _f.avg_pool1d
avg_pool2d = _f.avg_pool2d
batch_norm = _f.batch_norm
celu = _f.celu
celu_ = _f.celu_
elu = _f.elu
elu_ = _f.elu_
gelu = _f.gelu
group_norm = _f.group_norm
hardshrink = _f.hardshrink
hardsigmoid = _f.hardsigmoid
hardsigmoid_ = _f.hardsigmoid_
hardswish = _f.hardswish
hardswish_ = _f.hardswish_
hardtanh = _f.hardtanh
hardtanh_ = _f.hardtanh_
layer_norm = _f.layer_norm
leaky_relu = _f.leaky_relu
leaky_relu_ = _f.leaky_relu_
linear = _f.linear
logsigmoid = _f.logsigmoid
mish = _f.mish
mish_ = _f.mish_
relu = _f.relu
rms_norm = _f.rms_norm
selu = _f.selu
selu_ = _f.selu_
sigmoid = _f.sigmoid
silu = _f.silu
silu_ = _f.silu_
softplus = _f.softplus
softshrink = _f.softshrink
threshold = _f.threshold
threshold_ = _f.threshold_

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardsigmoid_",
    "hardswish",
    "hardswish_",
    "hardtanh",
    "hardtanh_",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "logsigmoid",
    "mish",
    "mish_",
    "relu",
    "rms_norm",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "silu_",
    "softplus",
    "softshrink",
    "threshold",
    "threshold_",
]
