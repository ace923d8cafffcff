"""Old names lead to the same classes, and the package's own tables hold what they say."""

import torch
import torch.ao.nn.intrinsic as nni
import torch.ao.nn.quantized as nnq
import torch.nn.intrinsic
import torch.nn.intrinsic.qat
import torch.nn.qat
import torch.nn.quantizable
import torch.nn.quantized
import torch.nn.quantized.dynamic as old_dynamic
import torch.quantization
from show import attempt
from torch import nn
from torch.ao import quantization as tq
from torch.nn.quantized import FloatFunctional
from torch.nn.quantized.modules import Conv2d as OldConv2d
from torch.quantization import QuantStub, get_default_qconfig
from torch.quantization.fake_quantize import FakeQuantize
from torch.quantization.observer import HistogramObserver

print(FloatFunctional is nnq.FloatFunctional, OldConv2d is nnq.Conv2d, old_dynamic.Linear is nnq.dynamic.Linear)
print(torch.nn.intrinsic.ConvReLU2d is nni.ConvReLU2d, torch.nn.intrinsic.qat.ConvBn2d is nni.qat.ConvBn2d)
print(torch.nn.qat.Linear is torch.ao.nn.qat.Linear, nn.quantizable.LSTM is torch.ao.nn.quantizable.LSTM)
print(QuantStub is tq.QuantStub, FakeQuantize is tq.FakeQuantize, HistogramObserver is tq.HistogramObserver)
print(get_default_qconfig is tq.get_default_qconfig, torch.quantization.prepare is tq.prepare)


def name(kind):
    return f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else str(kind)


for table in (
    tq.get_default_static_quant_module_mappings(), tq.get_default_qat_module_mappings(),
    tq.get_default_dynamic_quant_module_mappings(), tq.get_embedding_qat_module_mappings(),
    tq.get_embedding_static_quant_module_mappings(),
):
    print(len(table), *sorted(f"{name(kind)}={name(made)}" for kind, made in table.items()), sep="\n  ")
print(len(tq.get_default_qconfig_propagation_list()), sorted(map(name, tq.no_observer_set())))
print(sorted(name(kind) for kind in tq.get_default_compare_output_module_list())[:5])
print(tq.get_static_quant_module_class(nn.Linear), tq.get_dynamic_quant_module_class(nn.LSTM))
attempt("no class", lambda: tq.get_static_quant_module_class(nn.RNN))
print(*sorted(map(str, tq.fuser_method_mappings._DEFAULT_OP_LIST_TO_FUSER_METHOD)), sep="\n")
print(torch.backends.quantized.engine, sorted(torch.backends.quantized.supported_engines))
before = torch.backends.quantized.engine
torch.backends.quantized.engine = "qnnpack"
print(torch.backends.quantized.engine)
torch.backends.quantized.engine = before
attempt("unknown engine", lambda: setattr(torch.backends.quantized, "engine", "other"))
print(torch.per_channel_affine_float_qparams, torch.quint4x2, torch.qint8.itemsize, torch.qint8.is_floating_point)
import torch.quantization.fuse_modules
import torch.quantization.quantize

print(callable(torch.quantization.fuse_modules), callable(torch.quantization.quantize), callable(tq.quantize))
