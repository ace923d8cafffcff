"""Convolutions of int8: the weight is packed once with its geometry, the result has a scale of its own."""

import torch
from torch import nn
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.intrinsic.qat.modules import conv_fused as trained
from torch.ao.nn.quantized.modules.utils import WeightedQuantizedModule, _quantize_weight, take_activation_qparams
from torch.nn import functional as F
from torch.nn.modules.utils import _pair, _single, _triple
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_STATE = (
    "in_channels out_channels kernel_size stride padding dilation transposed output_padding groups padding_mode".split()
)
_TUPLES = {1: _single, 2: _pair, 3: _triple}
_INPUT_SHAPES = {1: "`(N, C, L)`", 2: "`(N, C, H, W)`", 3: "`(N, C, D, H, W)`"}


def _reverse_repeat_padding(padding):
    """As F.pad wants it: the last dimension first, both sides."""
    return [p for p in reversed(padding) for _ in range(2)]


class _ConvNd(WeightedQuantizedModule):
    """`_RANK` dimensions; `_OPERATOR` of torch.ops.quantized does the work."""

    _RANK = 0
    _OPERATOR = ""

    def _init(
        self, in_channels, out_channels, kernel_size, stride, padding, dilation, transposed, output_padding, groups,
        bias, padding_mode="zeros", device=None, dtype=None,
    ):
        super().__init__()
        if out_channels <= 0:
            raise ValueError(f"out_channels must be greater than 0, got {out_channels}")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode not in ("zeros", "reflect"):
            raise ValueError(f"'padding_mode' {padding_mode} is not supported by quantized convolution")
        fitted = _TUPLES[self._RANK]
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = fitted(kernel_size)
        self.stride = fitted(stride)
        self.padding = fitted(padding)
        self.dilation = fitted(dilation)
        self.transposed = transposed
        self.output_padding = fitted(output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        channels = [in_channels, out_channels // groups] if transposed else [out_channels, in_channels // groups]
        weight = torch._empty_affine_quantized(
            [*channels, *self.kernel_size], scale=1, zero_point=0, dtype=torch.qint8, device=device
        )
        self.set_weight_bias(weight, torch.zeros(out_channels, device=device) if bias else None)
        self.scale = 1.0
        self.zero_point = 0

    def set_weight_bias(self, w, b):
        # Reflected borders are made before the convolution, which then pads nothing.
        padding = self.padding if self.padding_mode == "zeros" else (0,) * self._RANK
        prepack = getattr(torch.ops.quantized, f"conv{self._RANK}d_prepack")
        self._packed_params = prepack(w, b, self.stride, padding, self.dilation, self.groups)

    def _weight_bias(self):
        return self._packed_params.unpack()

    def weight(self):
        return self._weight_bias()[0]

    def bias(self):
        return self._weight_bias()[1]

    def _prepared(self, input):
        if input.dim() != self._RANK + 2:
            raise ValueError(f"Input shape must be {_INPUT_SHAPES[self._RANK]}!")
        if self.padding_mode != "zeros":
            input = F.pad(input, _reverse_repeat_padding(self.padding), mode=self.padding_mode)
        return input

    def forward(self, input):
        operator = getattr(torch.ops.quantized, self._OPERATOR)
        return operator(self._prepared(input), self._packed_params, self.scale, self.zero_point)

    def extra_repr(self):
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"scale={self.scale}, zero_point={self.zero_point}"
        )
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (usual,) * len(value):
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias() is not None else text + ", bias=False"

    # Files and copies

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "weight"], destination[prefix + "bias"] = self._weight_bias()
        destination[prefix + "scale"] = torch.tensor(self.scale)
        destination[prefix + "zero_point"] = torch.tensor(self.zero_point)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        self.set_weight_bias(state_dict.pop(prefix + "weight"), state_dict.pop(prefix + "bias"))
        self.scale = float(state_dict.pop(prefix + "scale"))
        self.zero_point = int(state_dict.pop(prefix + "zero_point"))
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, False, missing_keys, unexpected_keys, error_msgs
        )

    def __getstate__(self):
        weight, bias = self._weight_bias()
        return (*[getattr(self, name) for name in _STATE], weight, bias, self.scale, self.zero_point, self.training)

    def __setstate__(self, state):
        if "training" not in self.__dict__:
            nn.Module.__init__(self)
        *known, weight, bias, self.scale, self.zero_point, self.training = state
        for name, value in zip(_STATE, known):
            setattr(self, name, value)
        self.set_weight_bias(weight, bias)

    def __deepcopy__(self, memo):
        made = type(self).__new__(type(self))
        nn.Module.__init__(made)
        made.__setstate__(self.__getstate__())
        return made

    def __copy__(self):
        return self.__deepcopy__({})

    # From observed modules

    @classmethod
    def _from_convolution(cls, mod):
        """An empty one of the same geometry."""
        return cls(
            mod.in_channels, mod.out_channels, mod.kernel_size, mod.stride, mod.padding, mod.dilation, mod.groups,
            mod.bias is not None, mod.padding_mode,
        )

    @classmethod
    def get_qconv(cls, mod, activation_post_process, weight_post_process=None):
        observer = mod.qconfig.weight() if weight_post_process is None else weight_post_process
        observer(mod.weight)
        if observer.dtype != torch.qint8:
            raise AssertionError(f"Weight observer must have a dtype of qint8, got {observer.dtype}")
        made = cls._from_convolution(mod)
        made.set_weight_bias(_quantize_weight(mod.weight.float(), observer), mod.bias)
        if activation_post_process is None or activation_post_process.dtype == torch.float32:
            return made
        return take_activation_qparams(made, activation_post_process)

    _NNIQAT_CONV_BN_MODULES = ()
    _NNI_FUSED_MODULES = ()

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        """From a module that was observed, or trained with a rounded weight."""
        activation = getattr(mod, "activation_post_process", None)
        if hasattr(mod, "weight_fake_quant"):
            if type(mod) in cls._NNIQAT_CONV_BN_MODULES:
                bn = mod.bn
                mod.weight, mod.bias = fuse_conv_bn_weights(
                    mod.weight, mod.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
                )
            if activation is None:
                raise AssertionError("Input QAT module must have observer attached")
            return cls.get_qconv(mod, activation, mod.weight_fake_quant)
        if type(mod) is not cls._FLOAT_MODULE:
            raise AssertionError(
                f"nnq.{cls.__name__}.from_float only works for {cls._FLOAT_MODULE.__name__} but got: {type(mod).__name__}"
            )
        if not hasattr(mod, "qconfig"):
            raise AssertionError("Input float module must have qconfig defined.")
        if type(mod) in cls._NNI_FUSED_MODULES:
            mod = mod[0]
        return cls.get_qconv(mod, activation, mod.qconfig.weight())

    @classmethod
    def from_reference(cls, ref_qconv, output_scale, output_zero_point):
        made = cls._from_convolution(ref_qconv)
        made.set_weight_bias(ref_qconv.get_quantized_weight(), ref_qconv.bias)
        made.scale = float(output_scale)
        made.zero_point = int(output_zero_point)
        return made


class _PlainNd(_ConvNd):
    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros", device=None, dtype=None,
    ):
        self._init(
            in_channels, out_channels, kernel_size, stride, padding, dilation, False, 0, groups, bias, padding_mode,
            device, dtype,
        )


class Conv1d(_PlainNd):
    _RANK = 1
    _OPERATOR = "conv1d"
    _FLOAT_MODULE = nn.Conv1d
    _NNIQAT_CONV_BN_MODULES = (trained.ConvBn1d, trained.ConvBnReLU1d)
    _NNI_FUSED_MODULES = (fused.ConvReLU1d,)

    def _get_name(self):
        return "QuantizedConv1d"


class Conv2d(_PlainNd):
    _RANK = 2
    _OPERATOR = "conv2d"
    _FLOAT_MODULE = nn.Conv2d
    _NNIQAT_CONV_BN_MODULES = (trained.ConvBn2d, trained.ConvBnReLU2d)
    _NNI_FUSED_MODULES = (fused.ConvReLU2d, fused.ConvAdd2d, fused.ConvAddReLU2d)

    def _get_name(self):
        return "QuantizedConv2d"


class Conv3d(_PlainNd):
    _RANK = 3
    _OPERATOR = "conv3d"
    _FLOAT_MODULE = nn.Conv3d
    _NNIQAT_CONV_BN_MODULES = (trained.ConvBn3d, trained.ConvBnReLU3d)
    _NNI_FUSED_MODULES = (fused.ConvReLU3d,)

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros", device=None, dtype=None,
    ):
        if padding_mode == "reflect":
            raise AssertionError("Conv3d does not support reflection padding")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )

    def _get_name(self):
        return "QuantizedConv3d"


class _ConvTransposeNd(_ConvNd):
    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros", device=None, dtype=None,
    ):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        self._init(
            in_channels, out_channels, kernel_size, stride, padding, dilation, True, output_padding, groups, bias,
            padding_mode, device, dtype,
        )

    def set_weight_bias(self, w, b):
        prepack = getattr(torch.ops.quantized, f"conv_transpose{self._RANK}d_prepack")
        self._packed_params = prepack(w, b, self.stride, self.padding, self.output_padding, self.dilation, self.groups)

    @classmethod
    def _from_convolution(cls, mod):
        return cls(
            mod.in_channels, mod.out_channels, mod.kernel_size, mod.stride, mod.padding, mod.output_padding, mod.groups,
            mod.bias is not None, mod.dilation, mod.padding_mode,
        )


class ConvTranspose1d(_ConvTransposeNd):
    _RANK = 1
    _OPERATOR = "conv_transpose1d"
    _FLOAT_MODULE = nn.ConvTranspose1d

    def _get_name(self):
        return "QuantizedConvTranspose1d"


class ConvTranspose2d(_ConvTransposeNd):
    _RANK = 2
    _OPERATOR = "conv_transpose2d"
    _FLOAT_MODULE = nn.ConvTranspose2d

    def _get_name(self):
        return "QuantizedConvTranspose2d"


class ConvTranspose3d(_ConvTransposeNd):
    _RANK = 3
    _OPERATOR = "conv_transpose3d"
    _FLOAT_MODULE = nn.ConvTranspose3d

    def _get_name(self):
        return "QuantizedConvTranspose3d"
