"""Ranges of activations from what calibration shows: smallest and largest, averaged, or cut where rounding errs least.

An observer sees tensors one by one and keeps counts of a fixed size. "histogram" is PyTorch's own search.
"""

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
    """The range after which the rounded distribution tells most of the original one.

    By Kullback-Leibler divergence (Migacz 2017, "8-bit inference with TensorRT").
    """

    _STEP = 16

    def range(self, levels, symmetric):
        half = _BINS // 2
        sizes = self.counts[half:] + self.counts[:half].flip(0)
        steps = levels if self.low >= 0 and not symmetric else (levels + 1) // 2
        best, best_end = None, half
        for end in range(max(steps, self._STEP), half + 1, self._STEP):
            loss = _divergence(sizes, end, steps)
            if best is None or loss < best:
                best, best_end = loss, end
        reach = self.reach * best_end / half
        return max(self.low, -reach), min(self.high, reach)


def _divergence(sizes, end, steps):
    """KL divergence of the distribution cut at `end`, what lies beyond added to its last bin, and its `steps` levels."""
    wanted = sizes[:end].clone()
    wanted[-1] += sizes[end:].sum()
    owner = (torch.arange(end) * steps // end).clamp(max=steps - 1)
    is_there = (sizes[:end] > 0).double()
    sums = torch.zeros(steps, dtype=torch.float64).index_add_(0, owner, sizes[:end])
    filled = torch.zeros(steps, dtype=torch.float64).index_add_(0, owner, is_there)
    spread = (sums / filled.clamp(min=1))[owner] * is_there
    # What was cut off lies in a bin that may have been empty before.
    spread = torch.where((wanted > 0) & (spread == 0), torch.full_like(spread, 1e-10), spread)
    p, q = wanted / wanted.sum(), spread / spread.sum()
    kept = p > 0
    return (p[kept] * (p[kept] / q[kept]).log()).sum().item()


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
