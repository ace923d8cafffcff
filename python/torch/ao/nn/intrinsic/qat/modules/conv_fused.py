"""Convolutions with a rounded weight and what follows them."""

import math

import torch
from torch import nn
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.intrinsic.modules.fused import _FusedModule
from torch.ao.nn.intrinsic.qat.modules._folded import Folded
from torch.ao.nn.qat.modules import conv as plain
from torch.ao.nn.qat.modules._shared import check_float
from torch.nn import functional as F
from torch.nn import init
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = [
    "ConvBn1d", "ConvBn2d", "ConvBn3d", "ConvBnReLU1d", "ConvBnReLU2d", "ConvBnReLU3d", "ConvReLU1d", "ConvReLU2d",
    "ConvReLU3d", "freeze_bn_stats", "update_bn_stats",
]

# What older checkpoints call the norm's tensors.
_OLD_NAMES = {
    "bn.weight": "gamma", "bn.bias": "beta", "bn.running_mean": "running_mean", "bn.running_var": "running_var",
    "bn.num_batches_tracked": "num_batches_tracked",
}


class _ConvBnNd(Folded, nn.modules.conv._ConvNd, _FusedModule):
    _version = 2
    _FLOAT_RELU_MODULE = None

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=None,
        padding_mode="zeros", eps=1e-5, momentum=0.1, freeze_bn=False, qconfig=None,
    ):
        self._FLOAT_CONV_MODULE.__init__(
            self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, False, padding_mode
        )
        if not qconfig:
            raise AssertionError("qconfig must be provided for QAT module")
        self.qconfig = qconfig
        self.freeze_bn = freeze_bn if self.training else True
        self.bn = self._FLOAT_BN_MODULE(out_channels, eps, momentum, True, True)
        self.weight_fake_quant = qconfig.weight()
        if bias:
            self.bias = nn.Parameter(torch.empty(out_channels))
        else:
            self.register_parameter("bias", None)
        self._start_norm(freeze_bn)
        self._enable_slow_path_for_better_numerical_stability = False

    def reset_bn_parameters(self):
        super().reset_bn_parameters()
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    def _forward(self, input):
        if self._enable_slow_path_for_better_numerical_stability:
            raise NotImplementedError(
                "_enable_slow_path_for_better_numerical_stability is not supported: it convolves twice, to spare a division by a "
                "norm's weight that may be zero"
            )
        return self._folded(input, self._conv_forward)

    def forward(self, input):
        result = self._forward(input)
        return F.relu(result) if self._FLOAT_RELU_MODULE else result

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, *rest):
        if local_metadata.get("version") in (None, 1):
            for name, old in _OLD_NAMES.items():
                if prefix + old in state_dict:
                    state_dict[prefix + name] = state_dict.pop(prefix + old)
                elif prefix + name not in state_dict and strict:
                    missing_keys.append(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, *rest)

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        check_float(cls, mod, type(mod))
        conv, bn = mod[0], mod[1]
        made = cls(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation,
            conv.groups, conv.bias is not None, conv.padding_mode, bn.eps, bn.momentum, False, mod.qconfig,
        )
        return made._take(conv, bn)

    def to_float(self):
        cls = type(self)
        conv = cls._FLOAT_CONV_MODULE(
            self.in_channels, self.out_channels, self.kernel_size, self.stride, self.padding, self.dilation,
            self.groups, self.bias is not None, self.padding_mode,
        )
        if self.bn.running_var is None or self.bn.running_mean is None:
            raise AssertionError("self.bn.running_var and self.bn.running_mean must not be None")
        bias = None if self.bias is None else self.bias.detach()
        conv.weight, conv.bias = fuse_conv_bn_weights(
            nn.Parameter(self.weight.detach()), bias, self.bn.running_mean, self.bn.running_var, self.bn.eps,
            self.bn.weight, self.bn.bias,
        )
        made = cls._FUSED_FLOAT_MODULE(conv, cls._FLOAT_RELU_MODULE()) if cls._FLOAT_RELU_MODULE else conv
        made.train(self.training)
        return made


class _ConvReLUNd(_FusedModule):
    """After a convolution of qat in the order of bases: computes it and cuts off what is negative."""

    _FLOAT_BN_MODULE = None
    _FLOAT_RELU_MODULE = nn.ReLU


class ConvBn1d(_ConvBnNd, nn.Conv1d):
    _FLOAT_BN_MODULE = nn.BatchNorm1d
    _FLOAT_MODULE = fused.ConvBn1d
    _FLOAT_CONV_MODULE = nn.Conv1d


class ConvBnReLU1d(ConvBn1d):
    _FLOAT_MODULE = fused.ConvBnReLU1d
    _FLOAT_RELU_MODULE = nn.ReLU
    _FUSED_FLOAT_MODULE = fused.ConvReLU1d


class ConvReLU1d(plain.Conv1d, _ConvReLUNd):
    _FLOAT_MODULE = fused.ConvReLU1d

    def forward(self, input):
        return F.relu(super().forward(input))


class ConvBn2d(_ConvBnNd, nn.Conv2d):
    _FLOAT_BN_MODULE = nn.BatchNorm2d
    _FLOAT_MODULE = fused.ConvBn2d
    _FLOAT_CONV_MODULE = nn.Conv2d


class ConvBnReLU2d(ConvBn2d):
    _FLOAT_MODULE = fused.ConvBnReLU2d
    _FLOAT_RELU_MODULE = nn.ReLU
    _FUSED_FLOAT_MODULE = fused.ConvReLU2d


class ConvReLU2d(plain.Conv2d, _ConvReLUNd):
    _FLOAT_MODULE = fused.ConvReLU2d

    def forward(self, input):
        return F.relu(super().forward(input))


class ConvBn3d(_ConvBnNd, nn.Conv3d):
    _FLOAT_BN_MODULE = nn.BatchNorm3d
    _FLOAT_MODULE = fused.ConvBn3d
    _FLOAT_CONV_MODULE = nn.Conv3d


class ConvBnReLU3d(ConvBn3d):
    _FLOAT_MODULE = fused.ConvBnReLU3d
    _FLOAT_RELU_MODULE = nn.ReLU
    _FUSED_FLOAT_MODULE = fused.ConvReLU3d


class ConvReLU3d(plain.Conv3d, _ConvReLUNd):
    _FLOAT_MODULE = fused.ConvReLU3d

    def forward(self, input):
        return F.relu(super().forward(input))


# For model.apply


def update_bn_stats(mod):
    if isinstance(mod, _ConvBnNd):
        mod.update_bn_stats()


def freeze_bn_stats(mod):
    if isinstance(mod, _ConvBnNd):
        mod.freeze_bn_stats()
