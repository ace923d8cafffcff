"""Observers: modules that let values pass and remember their range, from which scale and zero point follow."""

import warnings
from collections import OrderedDict

import torch
from torch import nn
from torch.ao.quantization._histogram import HistogramObserver
# Pickles and others know the underscored ones by this module, too.
from torch.ao.quantization._observer_base import (
    _FLOAT32_EPS, ObserverBase, UniformQuantizationObserverBase, _PartialWrapper, _with_args, _with_callable_args,
)
from torch.ao.quantization.utils import is_per_channel, is_per_tensor

# One range for the whole tensor


class MinMaxObserver(UniformQuantizationObserverBase):
    """The smallest and the largest value ever seen."""

    def __init__(
        self, dtype=torch.quint8, qscheme=torch.per_tensor_affine, reduce_range=False, quant_min=None, quant_max=None,
        factory_kwargs=None, eps=_FLOAT32_EPS, is_dynamic=False, **kwargs,
    ):
        if not is_per_tensor(qscheme):
            raise NotImplementedError(
                f"{type(self).__name__}'s qscheme only support torch.per_tensor_symmetric and torch.per_tensor_affine, "
                f"but got: {qscheme}"
            )
        super().__init__(
            dtype=dtype, qscheme=qscheme, reduce_range=reduce_range, quant_min=quant_min, quant_max=quant_max,
            factory_kwargs=factory_kwargs, eps=eps, is_dynamic=is_dynamic, **kwargs,
        )
        options = nn.factory_kwargs(factory_kwargs)
        self.register_buffer("min_val", torch.tensor(float("inf"), **options))
        self.register_buffer("max_val", torch.tensor(float("-inf"), **options))
        self._refuse_reduced_symmetric(torch.per_tensor_symmetric)

    def forward(self, x_orig):
        if x_orig.numel() == 0:
            return x_orig
        lowest, highest = torch.aminmax(x_orig.detach().to(self.min_val.dtype))
        self.min_val.copy_(torch.min(lowest, self.min_val))
        self.max_val.copy_(torch.max(highest, self.max_val))
        return x_orig

    def calculate_qparams(self):
        return self._calculate_qparams(self.min_val, self.max_val)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}"

    def reset_min_max_vals(self):
        self.min_val.fill_(float("inf"))
        self.max_val.fill_(float("-inf"))


class MovingAverageMinMaxObserver(MinMaxObserver):
    """Bounds that follow those of each batch with weight `averaging_constant`."""

    def __init__(
        self, averaging_constant=0.01, dtype=torch.quint8, qscheme=torch.per_tensor_affine, reduce_range=False,
        quant_min=None, quant_max=None, eps=_FLOAT32_EPS, is_dynamic=False, **kwargs,
    ):
        self.averaging_constant = averaging_constant
        if is_dynamic and averaging_constant != 1:
            raise NotImplementedError(
                "MovingAverageMinMaxObserver doesn't support dynamic quantization for "
                f"averaging constant of {averaging_constant}"
            )
        super().__init__(
            dtype=dtype, qscheme=qscheme, reduce_range=reduce_range, quant_min=quant_min, quant_max=quant_max, eps=eps,
            is_dynamic=is_dynamic, **kwargs,
        )

    def forward(self, x_orig):
        if x_orig.numel() == 0:
            return x_orig
        lowest, highest = torch.aminmax(x_orig.detach().to(self.min_val.dtype))
        if self.min_val != float("inf") or self.max_val != float("-inf"):
            lowest = self.min_val + self.averaging_constant * (lowest - self.min_val)
            highest = self.max_val + self.averaging_constant * (highest - self.max_val)
        self.min_val.copy_(lowest)
        self.max_val.copy_(highest)
        return x_orig


# A range for each channel


class PerChannelMinMaxObserver(UniformQuantizationObserverBase):
    """The smallest and the largest value of every slice along `ch_axis`."""

    def __init__(
        self, ch_axis=0, dtype=torch.quint8, qscheme=torch.per_channel_affine, reduce_range=False, quant_min=None,
        quant_max=None, factory_kwargs=None, eps=_FLOAT32_EPS, is_dynamic=False, **kwargs,
    ):
        name = type(self).__name__
        if not is_per_channel(qscheme):
            raise NotImplementedError(
                f"{name}'s qscheme only support torch.per_channel_symmetric, torch.per_channel_affine and "
                "torch.per_channel_affine_float_qparams."
            )
        if is_dynamic:
            raise NotImplementedError(f"{name} doesn't support dynamic quantization")
        super().__init__(
            dtype=dtype, qscheme=qscheme, reduce_range=reduce_range, quant_min=quant_min, quant_max=quant_max,
            factory_kwargs=factory_kwargs, eps=eps, is_dynamic=is_dynamic, **kwargs,
        )
        options = nn.factory_kwargs(factory_kwargs)
        self.ch_axis = ch_axis
        self.register_buffer("min_val", torch.tensor([], **options))
        self.register_buffer("max_val", torch.tensor([], **options))
        self._refuse_reduced_symmetric(torch.per_channel_symmetric)

    def _bounds_of(self, x):
        """Smallest and largest value of each channel, and whether they are the first ones."""
        channels = x.detach().to(self.min_val.dtype).transpose(0, self.ch_axis).flatten(start_dim=1)
        lowest, highest = torch.aminmax(channels, dim=1)
        return lowest, highest, self.min_val.numel() == 0 or self.max_val.numel() == 0

    def _keep(self, lowest, highest):
        self.min_val.resize_(lowest.shape).copy_(lowest)
        self.max_val.resize_(highest.shape).copy_(highest)

    def forward(self, x_orig):
        if x_orig.numel() == 0:
            return x_orig
        lowest, highest, are_first = self._bounds_of(x_orig)
        if not are_first:
            lowest = torch.min(lowest, self.min_val)
            highest = torch.max(highest, self.max_val)
        self._keep(lowest, highest)
        return x_orig

    def calculate_qparams(self):
        return self._calculate_qparams(self.min_val, self.max_val)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}"

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        version = local_metadata.get("version")
        if version is not None and version < 3:
            for name in ("min_val", "max_val"):
                if f"{prefix}{name}s" in state_dict:
                    state_dict[prefix + name] = state_dict.pop(f"{prefix}{name}s")
        for name in ("min_val", "max_val"):
            if prefix + name in state_dict:
                # Bounds have no size before the first batch; what is loaded decides it.
                getattr(self, name).resize_(state_dict[prefix + name].shape)
            elif strict:
                missing_keys.append(prefix + name)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, False, missing_keys, unexpected_keys, error_msgs
        )

    def reset_min_max_vals(self):
        self.min_val = torch.empty(0, dtype=self.min_val.dtype, device=self.min_val.device)
        self.max_val = torch.empty(0, dtype=self.max_val.dtype, device=self.max_val.device)


class MovingAveragePerChannelMinMaxObserver(PerChannelMinMaxObserver):
    """Bounds of every channel that follow those of each batch with weight `averaging_constant`."""

    def __init__(
        self, averaging_constant=0.01, ch_axis=0, dtype=torch.quint8, qscheme=torch.per_channel_affine,
        reduce_range=False, quant_min=None, quant_max=None, eps=_FLOAT32_EPS, is_dynamic=False, **kwargs,
    ):
        super().__init__(
            ch_axis=ch_axis, dtype=dtype, qscheme=qscheme, reduce_range=reduce_range, quant_min=quant_min,
            quant_max=quant_max, eps=eps, is_dynamic=is_dynamic, **kwargs,
        )
        self.averaging_constant = averaging_constant

    def forward(self, x_orig):
        if x_orig.numel() == 0:
            return x_orig
        lowest, highest, are_first = self._bounds_of(x_orig)
        if not are_first:
            lowest = self.min_val + self.averaging_constant * (lowest - self.min_val)
            highest = self.max_val + self.averaging_constant * (highest - self.max_val)
        self._keep(lowest, highest)
        return x_orig

# Observers that observe nothing


class FixedQParamsObserver(ObserverBase):
    """Answers the scale and zero point that it was given: for functions of known range, as sigmoid."""

    def __init__(
        self, scale, zero_point, dtype=torch.quint8, qscheme=torch.per_tensor_affine, quant_min=0, quant_max=255,
        is_dynamic=False, **kwargs,
    ):
        if is_dynamic:
            raise NotImplementedError("FixedQParamsObserver doesn't support dynamic quantization")
        super().__init__(dtype=dtype, is_dynamic=is_dynamic, **kwargs)
        self.quant_min = quant_min
        self.quant_max = quant_max
        self.register_buffer("scale", torch.tensor([scale], dtype=torch.float32))
        self.register_buffer("zero_point", torch.tensor([zero_point], dtype=torch.int32))
        self.qscheme = qscheme

    def forward(self, X):
        return X

    def calculate_qparams(self):
        return self.scale, self.zero_point


class _Passing(ObserverBase):
    """Carries a configuration, and passes its input on."""

    def forward(self, x):
        return x

    def calculate_qparams(self):
        raise Exception(f"calculate_qparams should not be called for {type(self).__name__}")


class PlaceholderObserver(_Passing):
    """Tells what dtype is wanted where no range is needed: dynamic quantization and float16."""

    def __init__(
        self, dtype=torch.float32, custom_op_name="", compute_dtype=None, quant_min=None, quant_max=None, qscheme=None,
        eps=None, is_dynamic=False,
    ):
        super().__init__(dtype=dtype, is_dynamic=is_dynamic)
        self.qscheme = torch.per_tensor_affine if qscheme is None else qscheme
        self.quant_min = quant_min
        self.quant_max = quant_max
        self.eps = _FLOAT32_EPS if eps is None else eps
        self.custom_op = custom_op_name
        if compute_dtype:
            warnings.warn(
                "Please use `is_dynamic` instead of `compute_dtype`. `compute_dtype` will be deprecated in a future "
                "release of PyTorch.",
                stacklevel=2,
            )

    def extra_repr(self):
        return f"dtype={self.dtype}, is_dynamic={self.is_dynamic}"


class NoopObserver(_Passing):
    """As PlaceholderObserver; float16 unless told otherwise."""

    def __init__(self, dtype=torch.float16, custom_op_name=""):
        super().__init__(dtype=dtype, is_dynamic=False)
        self.custom_op = custom_op_name


class ReuseInputObserver(_Passing):
    """Says in graphs that the result is quantized as the input is: reshape and its kin."""

    def __init__(self):
        super().__init__(torch.quint8, is_dynamic=False)


class RecordingObserver(_Passing):
    """Keeps a copy of every tensor that passes."""

    def __init__(self, dtype=torch.quint8):
        super().__init__(dtype=dtype, is_dynamic=False)
        self.tensor_val = []

    def forward(self, x):
        self.tensor_val.append(x.clone())
        return x

    def get_tensor_value(self):
        return self.tensor_val


# What observers have learned, apart from the model


def _is_activation_post_process(module):
    from torch.ao.quantization.fake_quantize import FakeQuantizeBase

    return isinstance(module, (ObserverBase, FakeQuantizeBase))


def get_observer_state_dict(mod):
    """The entries of mod's state_dict that belong to observers."""
    whole = mod.state_dict()
    found = OrderedDict((name, value) for name, value in whole.items() if "activation_post_process" in name)
    found._metadata = whole._metadata
    return found


def load_observer_state_dict(mod, obs_dict):
    """Give observers back what get_observer_state_dict took from them."""
    missing, unexpected = [], []
    for name, module in mod.named_modules():
        if _is_activation_post_process(module):
            module._load_from_state_dict(obs_dict, name + ".", {}, False, missing, unexpected, [])
    for problem, keys in (("Missing", missing), ("Unexpected", unexpected)):
        for key in keys:
            if "observer" in key or "activation_post_process" in key:
                raise Exception(f"{problem} keys for observer {key} in state_dict")


# The usual choices. Activations keep one bit free, so that x86's 16-bit sums do not overflow.

default_observer = MinMaxObserver.with_args(quant_min=0, quant_max=127)
default_placeholder_observer = PlaceholderObserver
default_debug_observer = RecordingObserver
default_weight_observer = MinMaxObserver.with_args(dtype=torch.qint8, qscheme=torch.per_tensor_symmetric)
weight_observer_range_neg_127_to_127 = MinMaxObserver.with_args(
    dtype=torch.qint8, qscheme=torch.per_tensor_symmetric, quant_min=-127, quant_max=127, eps=2**-12
)
default_histogram_observer = HistogramObserver.with_args(quant_min=0, quant_max=127)
default_per_channel_weight_observer = PerChannelMinMaxObserver.with_args(
    dtype=torch.qint8, qscheme=torch.per_channel_symmetric
)
per_channel_weight_observer_range_neg_127_to_127 = PerChannelMinMaxObserver.with_args(
    dtype=torch.qint8, qscheme=torch.per_channel_symmetric, quant_min=-127, quant_max=127, eps=2**-12
)
default_dynamic_quant_observer = PlaceholderObserver.with_args(
    dtype=torch.quint8, quant_min=0, quant_max=255, is_dynamic=True
)
default_float_qparams_observer = PerChannelMinMaxObserver.with_args(
    dtype=torch.quint8, qscheme=torch.per_channel_affine_float_qparams, ch_axis=0
)
default_float_qparams_observer_4bit = PerChannelMinMaxObserver.with_args(
    dtype=torch.quint4x2, qscheme=torch.per_channel_affine_float_qparams, ch_axis=0
)
default_fixed_qparams_range_neg1to1_observer = FixedQParamsObserver.with_args(
    scale=2.0 / 256.0, zero_point=128, dtype=torch.quint8, quant_min=0, quant_max=255
)
default_fixed_qparams_range_0to1_observer = FixedQParamsObserver.with_args(
    scale=1.0 / 256.0, zero_point=0, dtype=torch.quint8, quant_min=0, quant_max=255
)
default_symmetric_fixed_qparams_observer = default_fixed_qparams_range_neg1to1_observer
default_affine_fixed_qparams_observer = default_fixed_qparams_range_0to1_observer
default_reuse_input_observer = ReuseInputObserver
