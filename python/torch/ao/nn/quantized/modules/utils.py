"""Helpers of layers whose weight is kept as integers."""

import abc
import collections.abc

import torch
from torch.nn.modules.module import _addindent

__all__ = ["WeightedQuantizedModule"]

_WHOLE_RANGES = {torch.qint8: (-128, 127), torch.quint8: (0, 255), torch.qint32: (-(2**31), 2**31 - 1)}


class WeightedQuantizedModule(torch.nn.Module, metaclass=abc.ABCMeta):
    """A layer with a quantized weight."""

    @classmethod
    @abc.abstractmethod
    def from_reference(cls, ref_module, output_scale, output_zero_point):
        raise NotImplementedError


def _clamp_weights(qweight, observer, scale, zp):
    """Integers within the observer's bounds, where it leaves out some that the dtype has."""
    observer = getattr(observer, "activation_post_process", observer)
    low, high = _WHOLE_RANGES.get(qweight.dtype, (None, None))
    if low is None or (observer.quant_min <= low and observer.quant_max >= high):
        return qweight
    ints = qweight.int_repr().clamp(observer.quant_min, observer.quant_max)
    if observer.qscheme in (torch.per_tensor_symmetric, torch.per_tensor_affine):
        return torch._make_per_tensor_quantized_tensor(ints, scale.item(), zp.item())
    return torch._make_per_channel_quantized_tensor(ints, scale, zp, axis=observer.ch_axis)


def _quantize_weight(float_wt, observer):
    """The weight as integers, with the scale that its observer has found."""
    scale, zero_point = observer.calculate_qparams()
    float_wt = float_wt.detach()
    if observer.qscheme in (torch.per_tensor_symmetric, torch.per_tensor_affine):
        qweight = torch.quantize_per_tensor(float_wt, float(scale), int(zero_point), torch.qint8)
    elif observer.qscheme in (torch.per_channel_symmetric, torch.per_channel_affine):
        qweight = torch.quantize_per_channel(
            float_wt, scale.to(torch.double), zero_point.to(torch.int64), observer.ch_axis, torch.qint8
        )
    elif observer.qscheme == torch.per_channel_affine_float_qparams:
        qweight = torch.quantize_per_channel(
            float_wt, scale.to(torch.float32), zero_point.to(torch.float32), observer.ch_axis, observer.dtype
        )
    else:
        raise ValueError(f"Unexpected qscheme {observer.qscheme}")
    return _clamp_weights(qweight, observer, scale, zero_point)


def _ntuple_from_first(n):
    def parse(x):
        while isinstance(x, collections.abc.Sequence):
            if len(x) == n:
                return tuple(x)
            x = x[0]
        return (x,) * n

    return parse


_pair_from_first = _ntuple_from_first(2)


def _hide_packed_params_repr(self, params):
    """A module's text without its packed weight."""
    extra = self.extra_repr()
    lines = extra.split("\n") if extra else []
    children = [
        f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items() if not isinstance(module, params)
    ]
    if len(lines) == 1 and not children:
        return f"{self._get_name()}({lines[0]})"
    inner = "\n  ".join(lines + children)
    return f"{self._get_name()}(\n  {inner}\n)" if inner else f"{self._get_name()}()"


def take_activation_qparams(made, observer):
    """Give a layer the scale and zero point of its result."""
    scale, zero_point = observer.calculate_qparams()
    made.scale = float(scale)
    made.zero_point = int(zero_point)
    return made
