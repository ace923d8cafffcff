"""Convolutions whose weight is int8 and whose input and result are floats."""

import torch
from torch.ao.nn.quantized.modules import conv as static

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _Dynamic:
    """Stands before the static convolution of the same geometry."""

    def forward(self, input, reduce_range=True):
        operator = getattr(torch.ops.quantized, f"{self._OPERATOR}_dynamic")
        return operator(self._prepared(input), self._packed_params, reduce_range)

    def _get_name(self):
        return "DynamicQuantized" + type(self).__name__


class Conv1d(_Dynamic, static.Conv1d):
    pass


class Conv2d(_Dynamic, static.Conv2d):
    pass


class Conv3d(_Dynamic, static.Conv3d):
    pass


class ConvTranspose1d(_Dynamic, static.ConvTranspose1d):
    pass


class ConvTranspose2d(_Dynamic, static.ConvTranspose2d):
    pass


class ConvTranspose3d(_Dynamic, static.ConvTranspose3d):
    pass
