"""Ranges of activations from what calibration shows: smallest and largest, averaged, or cut where rounding errs least.

An observer sees tensors one by one and keeps counts of a fixed size. "histogram" is PyTorch's own search.
"""

import math

import torch

# Bins over [-reach, reach]; the reach doubles when something lies outside, and neighbouring bins become one.
_BINS = 4096
_PERCENTILE = 99.99
_MOST_COUNTED = 1 << 20


class Observer:
    """The smallest and largest value seen."""

    def __init__(self):
        self.low = self.high = None
        self.n_seen = 0

    def see(self, x):
        if x.numel() == 0:
            return
        low, high = torch.stack([x.min(), x.max()]).float().tolist()
        if not (abs(low) < float("inf") and abs(high) < float("inf")):
            raise ValueError("an activation is NaN or infinite")
        self._limits(low, high)
        self.n_seen += 1
        self._count(x)

    def _limits(self, low, high):
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)

    def _count(self, x):
        pass

    def range(self, levels, symmetric):
        """(low, high) that `levels` steps should cover."""
        return self.low, self.high


class AverageObserver(Observer):
    """The mean of each tensor's smallest and largest value."""

    def _limits(self, low, high):
        share = 1 / (self.n_seen + 1)
        self.low = low if self.low is None else self.low + (low - self.low) * share
        self.high = high if self.high is None else self.high + (high - self.high) * share


class _CountingObserver(Observer):
    """Counts values in bins, in memory that does not grow."""

    def __init__(self):
        super().__init__()
        self.reach = 0.0
        self.counts = torch.zeros(_BINS, dtype=torch.float64)

    def _count(self, x):
        x = x.detach().reshape(-1).float().cpu()
        if x.numel() > _MOST_COUNTED:
            x = x[:: -(-x.numel() // _MOST_COUNTED)]
        largest = max(-self.low, self.high, 1e-30)
        if self.reach == 0:
            self.reach = largest
        while self.reach < largest:
            self.reach *= 2
            inner = self.counts.view(-1, 2).sum(1)
            self.counts = torch.zeros_like(self.counts)
            self.counts[_BINS // 4 : 3 * _BINS // 4] = inner
        self._count_in(x)

    def _count_in(self, x):
        self.counts += x.histc(_BINS, -self.reach, self.reach).double()

    def centers(self):
        step = 2 * self.reach / _BINS
        return -self.reach + step * (torch.arange(_BINS, dtype=torch.float64) + 0.5)


class PercentileObserver(_CountingObserver):
    """What is left when the outermost hundredth of a percent goes, half of it at each end."""

    def range(self, levels, symmetric):
        share = self.counts.cumsum(0) / self.counts.sum()
        tail = (1 - _PERCENTILE / 100) / 2
        step = 2 * self.reach / _BINS
        first = int((share <= tail).sum())
        last = int((share < 1 - tail).sum())
        low = -self.reach + step * first
        high = -self.reach + step * (last + 1)
        return max(low, self.low), min(high, self.high)


class ErrorObserver(_CountingObserver):
    """The range whose rounding has the smallest squared error."""

    def range(self, levels, symmetric):
        low, high = min(self.low, 0.0), max(self.high, 0.0)
        kept = self.counts > 0
        places, weights = self.centers()[kept], self.counts[kept]
        if symmetric:
            largest = max(-low, high)
            shares = torch.linspace(0.01, 1, 100, dtype=torch.float64)
            error = _rounding_errors(places, weights, -largest * shares, largest * shares, levels)
            best = largest * shares[int(error.argmin())].item()
            return -best, best
        # One end after the other, twice: the error has one valley along each.
        shares = torch.linspace(0, 1, 101, dtype=torch.float64)
        found_low, found_high = low, high
        for _ in range(2):
            highs = (high * shares).clamp(min=1e-12 if found_low == 0 else 0)
            error = _rounding_errors(places, weights, torch.full_like(highs, found_low), highs, levels)
            found_high = highs[int(error.argmin())].item()
            lows = (low * shares).clamp(max=-1e-12 if found_high == 0 else 0)
            error = _rounding_errors(places, weights, lows, torch.full_like(lows, found_high), levels)
            found_low = lows[int(error.argmin())].item()
        return found_low, found_high


def _rounding_errors(places, weights, lows, highs, levels):
    """Squared error of rounding `places` to steps over each range [lows, highs], as activations are rounded."""
    scale = (highs - lows) / levels
    zero = (-lows / scale).round()
    codes = (places / scale[:, None]).round() + zero[:, None]
    values = (codes.clamp(0, levels) - zero[:, None]) * scale[:, None]
    return ((values - places).square() * weights).sum(1)


class EntropyObserver(_CountingObserver):
    """The range after which the rounded values are spread most like the original ones, by Kullback-Leibler divergence
    (Migacz 2017, "8-bit inference with TensorRT").

    Levels are those that values will be rounded to. Exact zeros are left out: they stay what they are, and half of what a
    ReLU gives would outweigh all the rest. Ranges whose squared error is larger than that of covering everything are no
    choice: the divergence counts how many values are cut off, not how far.
    """

    _SHARES = 128

    def __init__(self):
        super().__init__()
        self.zeros = 0.0

    def _count_in(self, x):
        super()._count_in(x)
        self.zeros += float((x == 0).sum())

    def range(self, levels, symmetric):
        low, high = min(self.low, 0.0), max(self.high, 0.0)
        if symmetric:
            low, high = -max(-low, high), max(-low, high)
        counts = self.counts.clone()
        counts[_BINS // 2] = (counts[_BINS // 2] - self.zeros).clamp(min=0)
        kept = counts > 0
        places, weights = self.centers()[kept], counts[kept]
        reach = max(-low, high) * torch.arange(self._SHARES // 16, self._SHARES + 1, dtype=torch.float64) / self._SHARES
        lows, highs = (-reach).clamp(min=low), reach.clamp(max=high)
        if not places.numel() or high == low:
            return low, high
        errors = _rounding_errors(places, weights, lows, highs, levels)
        losses = [
            _divergence(places, weights, lows[at].item(), highs[at].item(), levels) if errors[at] <= errors[-1] else math.inf
            for at in range(len(reach))
        ]
        best = min(range(len(losses)), key=losses.__getitem__)
        return lows[best].item(), highs[best].item()


def _divergence(places, weights, low, high, levels):
    """KL divergence of counts over places, those beyond [low, high] put to the outermost ones inside, and their levels."""
    scale = (high - low) / levels
    codes = (places / scale).round().clamp(round(low / scale), round(high / scale)).long()
    inside = (places >= low) & (places <= high)
    if not bool(inside.any()):
        return math.inf
    codes, counts = codes[inside] - codes.min(), weights[inside]
    sums = torch.zeros(int(codes.max()) + 1, dtype=torch.float64)
    spread = (sums.index_add(0, codes, counts) / sums.index_add(0, codes, torch.ones_like(counts)))[codes]
    wanted = counts.clone()
    wanted[0] += weights[places < low].sum()
    wanted[-1] += weights[places > high].sum()
    p, q = wanted / wanted.sum(), spread / spread.sum()
    return (p * (p / q).log()).sum().item()


class HistogramObserver(Observer):
    """PyTorch's HistogramObserver: its search for the range with the least error."""

    def __init__(self):
        super().__init__()
        from torch.ao.quantization.observer import HistogramObserver as Theirs

        self._theirs = Theirs()

    def _count(self, x):
        self._theirs(x)

    def range(self, levels, symmetric):
        low, high = self._theirs._non_linear_param_search()
        return float(low), float(high)


OBSERVERS = {
    "minmax": Observer,
    "average": AverageObserver,
    "histogram": HistogramObserver,
    "entropy": EntropyObserver,
    "percentile": PercentileObserver,
    "mse": ErrorObserver,
}


def affine(low, high, symmetric):
    """(scale, zero point, lowest code, highest code) of eight bits over [low, high], which is widened to hold 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    if symmetric:
        return (max(-low, high) / 127 or 1.0), 0, -128, 127
    scale = (high - low) / 255 or 1.0
    return scale, min(255, max(0, round(-low / scale))), 0, 255
