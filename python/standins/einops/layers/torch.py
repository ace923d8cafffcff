"""Rearrange, Reduce and EinMix as modules."""

import torch
from torch import nn

from einops._operations import einsum, rearrange, reduce
from einops._patterns import EinopsError, parse_side, split_pattern

__all__ = ["Rearrange", "Reduce", "EinMix"]


class Rearrange(nn.Module):
    """rearrange as a layer."""

    def __init__(self, pattern, **axes_lengths):
        super().__init__()
        split_pattern(pattern)
        self.pattern, self.axes_lengths = pattern, axes_lengths

    def forward(self, input):
        return rearrange(input, self.pattern, **self.axes_lengths)

    def __repr__(self):
        sizes = "".join([f", {name}={size}" for name, size in self.axes_lengths.items()])
        return f"Rearrange({self.pattern!r}{sizes})"


class Reduce(nn.Module):
    """reduce as a layer."""

    def __init__(self, pattern, reduction, **axes_lengths):
        super().__init__()
        split_pattern(pattern)
        self.pattern, self.reduction, self.axes_lengths = pattern, reduction, axes_lengths

    def forward(self, input):
        return reduce(input, self.pattern, self.reduction, **self.axes_lengths)

    def __repr__(self):
        sizes = "".join([f", {name}={size}" for name, size in self.axes_lengths.items()])
        return f"Reduce({self.pattern!r}, {self.reduction!r}{sizes})"


class EinMix(nn.Module):
    """A linear layer whose weight mixes the axes that a pattern names. Axes are not composed here: use Rearrange around it."""

    def __init__(self, pattern, weight_shape, bias_shape=None, **axes_lengths):
        super().__init__()
        left, right = split_pattern(pattern)
        if any(len(group) != 1 for group in (*left, *right)):
            raise NotImplementedError("EinMix with composed axes is not available here: put a Rearrange before or after it")
        weight_axes = [group[0] for group in parse_side(weight_shape)]
        missing = [axis for axis in weight_axes if axis not in axes_lengths]
        if missing:
            raise EinopsError(f"Dimension(s) of weight should be specified: {missing}")
        self.pattern, self.weight_shape, self.bias_shape = pattern, weight_shape, bias_shape
        summed = 1
        for axis in weight_axes:
            if (axis,) in left and (axis,) not in right:
                summed *= axes_lengths[axis]
        bound = (3 / summed) ** 0.5
        self.weight = nn.Parameter(torch.zeros([axes_lengths[a] for a in weight_axes]).uniform_(-bound, bound))
        if bias_shape is not None:
            bias_axes = [group[0] for group in parse_side(bias_shape)]
            bound = (1 / summed) ** 0.5
            view = [axes_lengths[g[0]] if g[0] in bias_axes else 1 for g in right]
            self.bias = nn.Parameter(torch.zeros(view).uniform_(-bound, bound))
        else:
            self.bias = None
        left_text, right_text = pattern.split("->")
        self._equation = f"{left_text}, {weight_shape} -> {right_text}"

    def forward(self, input):
        result = einsum(input, self.weight, self._equation)
        return result if self.bias is None else result + self.bias
