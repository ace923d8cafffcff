"""How a weight is written in few bits: codes, one scale per group of columns, perhaps a zero point, perhaps a table of values.

The packed forms are those of torch._C's low-bit products; here is what decides the numbers in them. Chooses no layer.
"""

import math

import torch

from torch._gen import functions as _ops

_HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}
# The type of each float8 and its largest number.
_FLOAT8 = {"fp8": (torch.float8_e4m3fn, 448.0), "fp8-e5m2": (torch.float8_e5m2, 57344.0)}
# Of a group's range, what is tried for 4 bits: the outermost values cut off, or the steps laid out anew a little further.
_SHARES = (1.0, 0.94, 0.88, 0.82, 0.76, 1.06, 1.12, 1.18)


def _normal_quantiles(levels):
    """Quantiles of the standard normal distribution."""
    return [math.sqrt(2) * torch.erfinv(torch.tensor(2 * level - 1, dtype=torch.float64)).item() for level in levels]


def _even(first, last, count):
    return [first + (last - first) * step / (count - 1) for step in range(count)]


def normal_float4():
    """The sixteen values of NF4: quantiles of a normal distribution, scaled to [-1, 1], with an exact zero.

    Eight positive and seven negative ones, each half evenly spread in probability (Dettmers et al. 2023, QLoRA,
    arXiv:2305.14314, section 3 and appendix E).
    """
    # Between the outermost probabilities that 15 and 16 levels would have: 1 - (1/32 + 1/30) / 2.
    offset = 1 - (1 / 32 + 1 / 30) / 2
    above = _normal_quantiles(_even(offset, 0.5, 9)[:-1])
    below = [-value for value in _normal_quantiles(_even(offset, 0.5, 8)[:-1])]
    largest = max(above)
    return torch.tensor(sorted([*below, 0.0, *above]), dtype=torch.float64).div(largest).float()


def float4_e2m1():
    """The values of a float with two bits of exponent and one of mantissa, scaled to [-1, 1]; first the positive ones."""
    positive = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    return torch.tensor(positive + [-value for value in positive]) / 6.0


class WeightFormat:
    """One way of writing weights: "int8", "int4", "nf4", "fp4", "fp8", "fp8-e5m2", "fp16" or "bf16".

    `group` columns share a scale; 0 is the whole row.
    """

    def __init__(self, name, group=0, symmetric=True):
        self.name = name
        self.is_float8 = name in _FLOAT8
        self.is_half = name in _HALF
        self.group = 0 if self.is_float8 or self.is_half else group
        self.symmetric = symmetric or name not in ("int8", "int4")
        self.table = {"nf4": normal_float4, "fp4": float4_e2m1}.get(name, lambda: None)()
        self.bits = 16 if self.is_half else 8 if self.is_float8 or name == "int8" else 4
        if self.table is not None:
            self._order = self.table.argsort()
            self._ordered = self.table[self._order]
            self._borders = (self._ordered[1:] + self._ordered[:-1]) / 2

    @property
    def kernel(self):
        """The word by which the low-bit products know it."""
        if self.is_half:
            return "float16"
        if self.is_float8:
            return "float8"
        return {"nf4": "float4", "fp4": "float4"}.get(self.name, self.name)

    @property
    def activations(self):
        """What products round their inputs to, on a CPU: int8 by runs of 128, bfloat16, or nothing ("float")."""
        return {"int4": "int8", "bf16": "bfloat16"}.get(self.name, "float")

    def describe(self):
        return f"{self.name} group {self.group}" if self.group else self.name

    def refusal(self, weight):
        """Why a matrix cannot be written so; None when it can."""
        if self.bits == 4 and weight.shape[1] % 2:
            return f"{weight.shape[1]} columns do not fill whole bytes"
        if not bool(weight.isfinite().all()):
            return "its weight holds NaN or infinite values"
        if self.name == "fp16" and weight.abs().max().item() > 65504:
            return "its weight has values beyond float16's 65504"
        return None

    def grouped(self, weight):
        """[n, k] as [n, groups, group], the last group filled up with zeros."""
        rows, columns = weight.shape
        size = self.group or columns
        missing = -columns % size
        if missing:
            weight = torch.nn.functional.pad(weight, (0, missing))
        return weight.reshape(rows, -1, size)

    def spread(self, numbers, columns):
        """[n, groups] as [n, k]: the scale or zero point of each column."""
        size = self.group or columns
        return numbers.repeat_interleave(size, dim=1)[:, :columns]

    def choose(self, weight, inputs=None):
        """(scale, zero) per group by which its values are rounded, [n, groups]; zero is None where the format has none.

        Ranges of 4 bits are those whose rounding errs least in squares: of the weight, or of its products with each
        group's part of `inputs`, rows that the layer was given.
        """
        groups = self.grouped(weight.float())
        if self.bits > 4:
            return self._range(groups, 1.0)
        measure = Measure(self, inputs)
        best = None
        for share in _SHARES:
            scale, zero = self._range(groups, share)
            zeros = None if zero is None else zero[..., None]
            values = self._nearest(groups, scale[..., None], zeros)
            error = measure.size(values * measure.growth(groups, values)[..., None] - groups)
            if best is None:
                best = error, scale, zero
                continue
            is_better = error < best[0]
            best = (
                torch.where(is_better, error, best[0]),
                torch.where(is_better, scale, best[1]),
                None if zero is None else torch.where(is_better, zero, best[2]),
            )
        return best[1], best[2]

    def _range(self, groups, share):
        """(scale, zero) that reach over that share of every group."""
        if self.is_half:
            return torch.ones(groups.shape[:2], device=groups.device), None
        high = groups.amax(dim=2)
        low = groups.amin(dim=2)
        largest = torch.maximum(high, -low) * share
        if self.is_float8:
            return _never_zero(largest / _FLOAT8[self.name][1]), None
        if self.table is not None:
            return _never_zero(largest), None
        if self.symmetric and self.name == "int8":
            return _never_zero(largest / 127), None
        if self.symmetric:
            return self._symmetric4(groups, high, low, share), None
        high = high.clamp(min=0) * share
        low = low.clamp(max=0) * share
        lowest, highest = self._limits()
        scale = _never_zero((high - low) / (highest - lowest))
        return scale, (lowest - low / scale).round().clamp(lowest, highest)

    def _symmetric4(self, groups, high, low, share):
        """Sixteen steps around zero reach one further on one side: the longer side goes there where that is better."""
        longer = torch.where(high > -low, high, low) * share
        found = []
        for scale in (_never_zero(longer.abs() / 7), _never_zero(longer / -8)):
            error = self.values(self.codes(groups, scale[..., None], None), scale[..., None], None) - groups
            found.append((scale, error.square().sum(dim=2)))
        (even, even_error), (tilted, tilted_error) = found
        return torch.where(tilted_error < even_error, tilted, even)

    def _limits(self):
        return (-128, 127) if self.name == "int8" else (0, 15)

    def codes(self, weight, scale, zero):
        """The nearest codes, as floats; scale and zero spread over the weight's shape, or ready to be."""
        if self.is_half:
            return weight.to(_HALF[self.name]).float()
        scaled = weight / scale
        if self.is_float8:
            dtype, most = _FLOAT8[self.name]
            return scaled.clamp(-most, most).to(dtype).float()
        if self.table is not None:
            places = torch.bucketize(scaled, self._borders.to(scaled.device))
            return self._order.to(scaled.device)[places].float()
        lowest, highest = self._limits()
        if zero is None:
            zero = 8 if self.name == "int4" else 0
        if self.name == "int8" and self.symmetric:
            lowest = -127
        return (scaled.round() + zero).clamp(lowest, highest)

    def values(self, codes, scale, zero):
        """What the codes stand for."""
        if self.table is not None:
            return self.table.to(codes.device)[codes.long()] * scale
        if self.name == "int4" and zero is None:
            zero = 8
        return (codes if zero is None else codes - zero) * scale

    def _nearest(self, weight, scale, zero):
        """The values of the nearest codes, without the codes where they are not needed."""
        if self.table is None:
            return self.values(self.codes(weight, scale, zero), scale, zero)
        places = torch.bucketize(weight / scale, self._borders.to(weight.device))
        return self._ordered.to(weight.device)[places] * scale

    def rounded(self, weight, inputs=None):
        """A weight [n, k] after rounding to the nearest."""
        columns = weight.shape[1]
        scale, zero = self.choose(weight, inputs)
        zero = None if zero is None else self.spread(zero, columns)
        values = self._nearest(weight.float(), self.spread(scale, columns), zero)
        return values if self.bits > 4 else values * self.spread(self._growth(weight, values, inputs), columns)

    def _growth(self, weight, values, inputs):
        """What the scales of 4 bits are multiplied by when all is rounded, [n, groups]."""
        return Measure(self, inputs).growth(self.grouped(weight.float()), self.grouped(values))

    def pack(self, codes, scale, zero):
        """The tensors that a low-bit product takes, by their names in our layers."""
        if self.is_half:
            return {"codes": codes.to(_HALF[self.name]), "scale": scale}
        if self.is_float8:
            return {"codes": codes.to(_FLOAT8[self.name][0]), "scale": scale}
        if self.name == "int8":
            packed = {"codes": codes.to(torch.int8), "scale": scale}
            return packed if zero is None else {**packed, "zero": zero.to(torch.int8)}
        packed = {"codes": _ops._pack_int4(codes.to(torch.uint8)), "scale": scale}
        if zero is not None:
            packed["zero"] = zero.to(torch.uint8)
        if self.table is not None:
            packed["table"] = self.table.to(codes.device)
        return packed

    def quantize(self, weight, inputs=None):
        """Packed tensors of a weight [n, k], rounded to the nearest."""
        return self.pack(*self.nearest(weight, inputs))

    def nearest(self, weight, inputs=None):
        """(codes, scale, zero) of a weight [n, k], rounded to the nearest."""
        scale, zero = self.choose(weight, inputs)
        columns = weight.shape[1]
        spread_scale = self.spread(scale, columns)
        spread_zero = None if zero is None else self.spread(zero, columns)
        codes = self.codes(weight.float(), spread_scale, spread_zero)
        if self.bits == 4:
            scale = scale * self._growth(weight, self.values(codes, spread_scale, spread_zero), inputs)
        return codes, scale, zero


class Measure:
    """How large an error of groups [n, groups, group] is: in squares, or in squares of products with inputs."""

    def __init__(self, form, inputs=None):
        # [groups, rows, group], and its sums of squares [groups, group, group] where these are smaller
        self._rows = None if inputs is None else form.grouped(inputs.float()).transpose(0, 1)
        self._squares = None
        if self._rows is not None and self._rows.shape[2] <= self._rows.shape[1]:
            self._squares = self._rows.transpose(1, 2) @ self._rows

    def _between(self, a, b):
        if self._rows is None:
            return (a * b).sum(dim=2)
        a, b = a.transpose(0, 1), b.transpose(0, 1)
        if self._squares is not None:
            return ((a @ self._squares) * b).sum(dim=2).t()
        across = self._rows.transpose(1, 2)
        return ((a @ across) * (b @ across)).sum(dim=2).t()

    def size(self, error):
        return self._between(error, error)

    def growth(self, groups, values):
        """By how much rounded values are scaled up, so that they are as long in the weight's own direction.

        Rounding makes weights shorter: what is cut off, and what is nearer to zero than to the next step. The error then
        points along the weight in every row, and outputs, which are large just there, shrink together. Per layer half a
        decibel of the output on the models of docs/quantization.md, for nothing.
        """
        along = self._between(groups, values)
        return torch.where(along > 0, self.size(groups) / along.clamp(min=1e-30), torch.ones_like(along))


def _never_zero(scale):
    """A group of zeros may have any scale."""
    return torch.where(scale == 0, torch.ones_like(scale), scale)
