"""torch.ao.quantization: the names that models import. Stubs pass their input through, as in PyTorch before conversion; what would
quantize says that it is not there yet.
"""

import collections

from torch import nn
from torch._missing import _refusing

_WHY = "quantization is a later part of this runtime"

QConfig = collections.namedtuple("QConfig", ["activation", "weight"])


class QuantStub(nn.Module):
    """Marks where a model's input is quantized; until then the identity."""

    def __init__(self, qconfig=None):
        super().__init__()
        if qconfig:
            self.qconfig = qconfig

    def forward(self, x):
        return x


class DeQuantStub(nn.Module):
    """Marks where a model's output is dequantized; until then the identity."""

    def __init__(self, qconfig=None):
        super().__init__()
        if qconfig:
            self.qconfig = qconfig

    def forward(self, x):
        return x


class QuantWrapper(nn.Module):
    """A module between the two stubs."""

    def __init__(self, module):
        super().__init__()
        self.quant = QuantStub(getattr(module, "qconfig", None))
        self.dequant = DeQuantStub(getattr(module, "qconfig", None))
        self.add_module("module", module)
        self.train(module.training)

    def forward(self, X):
        return self.dequant(self.module(self.quant(X)))


for _name in """
    convert default_dynamic_qconfig default_observer default_per_channel_weight_observer default_qconfig default_weight_observer
    fuse_modules fuse_modules_qat get_default_qat_qconfig get_default_qconfig prepare prepare_qat quantize quantize_dynamic quantize_qat
    FakeQuantize HistogramObserver MinMaxObserver MovingAverageMinMaxObserver ObserverBase PerChannelMinMaxObserver
""".split():
    globals()[_name] = _refusing("torch.ao.quantization", _name, _WHY)
