"""HistogramObserver: keeps how often values occur, and gives up rare extremes where that lowers the squared error."""

import struct
import warnings

import torch
from torch import nn
from torch.ao.quantization._observer_base import _FLOAT32_EPS, UniformQuantizationObserverBase
from torch.ao.quantization.utils import is_per_tensor

# How much of the mass one step of the search gives up.
_STEP = 1e-5
# A histogram is refined so many times before it moves into wider bounds.
_REFINEMENT = 16
_INF = float("inf")


_TWO_FLOATS = struct.Struct("2f")


def _as_float32(one, other):
    return _TWO_FLOATS.unpack(_TWO_FLOATS.pack(one, other))


def _cube_sum(begin, end, density):
    """The integral of density * x^2 from begin to end."""
    return density * ((end * end * end - begin * begin * begin) / 3)


class HistogramObserver(UniformQuantizationObserverBase):
    """A histogram of all values seen, in `bins` equal parts between the smallest and the largest."""

    def __init__(
        self, bins=2048, dtype=torch.quint8, qscheme=torch.per_tensor_affine, reduce_range=False, quant_min=None,
        quant_max=None, factory_kwargs=None, eps=_FLOAT32_EPS, is_dynamic=False, **kwargs,
    ):
        if not is_per_tensor(qscheme):
            raise NotImplementedError(
                "HistogramObserver's qscheme only support torch.per_tensor_symmetric and torch.per_tensor_affine."
            )
        if is_dynamic:
            raise NotImplementedError("HistogramObserver doesn't support dynamic quantization")
        super().__init__(
            dtype=dtype, qscheme=qscheme, reduce_range=reduce_range, quant_min=quant_min, quant_max=quant_max,
            factory_kwargs=factory_kwargs, eps=eps, is_dynamic=is_dynamic, **kwargs,
        )
        options = nn.factory_kwargs(factory_kwargs)
        self.bins = bins
        self.register_buffer("histogram", torch.zeros(bins, **options))
        self.register_buffer("min_val", torch.tensor(_INF, **options))
        self.register_buffer("max_val", torch.tensor(-_INF, **options))
        self.dst_nbins = 2 ** torch.iinfo(self.dtype).bits
        self.upsample_rate = _REFINEMENT

    # Counting

    def forward(self, x_orig):
        if x_orig.numel() == 0:
            return x_orig
        x = x_orig.detach()
        lowest, highest = torch.aminmax(x)
        # Python's numbers from here on: each look at a tensor waits for all that is under way.
        low, high = lowest.item(), highest.item()
        if low == -_INF or high == _INF:
            # Infinities would be clamped anyway; as bounds they would leave nothing for the rest.
            warnings.warn("torch.inf detected in input tensor, ignoring input", stacklevel=2)
            x = x[x.abs() != _INF]
            if x.numel() == 0:
                return x_orig
            lowest, highest = torch.aminmax(x)
            low, high = lowest.item(), highest.item()
        known_low, known_high = self.min_val.item(), self.max_val.item()
        if known_low == _INF or known_high == -_INF:
            self.reset_histogram(x, lowest, highest)
            return x_orig
        new_low, new_high = min(known_low, low), max(known_high, high)
        added = torch.histc(x, self.bins, min=new_low, max=new_high).to(self.histogram.device)
        if (new_low, new_high) == (known_low, known_high):
            self.histogram.add_(added)
            return x_orig
        new_min, new_max = torch.min(self.min_val, lowest), torch.max(self.max_val, highest)
        combined = self._combine_histograms(self.histogram, self.min_val, self.max_val, added, new_min, new_max)
        self._keep(combined, new_min, new_max)
        return x_orig

    def _keep(self, histogram, min_val, max_val):
        if min_val.numel() != 1 or max_val.numel() != 1:
            raise AssertionError("histogram min/max values must be scalar.")
        self.histogram.detach_().resize_(histogram.shape).copy_(histogram)
        self.min_val.detach_().resize_(min_val.shape).copy_(min_val)
        self.max_val.detach_().resize_(max_val.shape).copy_(max_val)

    def reset_histogram(self, x, min_val, max_val):
        self._keep(torch.histc(x, self.bins, min=float(min_val), max=float(max_val)), min_val, max_val)

    def _combine_histograms(self, orig_hist, orig_min, orig_max, update_hist, update_min, update_max):
        """The sum of both, in the bounds of the update, which hold the others."""
        if update_min == orig_min and update_max == orig_max:
            return orig_hist + update_hist
        if orig_min == orig_max:
            where = torch.histc(orig_min, bins=self.bins, min=float(update_min), max=float(update_max))
            return where * torch.sum(orig_hist) + update_hist
        if update_min > orig_min:
            raise AssertionError("update_min must be <= orig_min")
        if update_max < orig_max:
            raise AssertionError("update_max must be >= orig_max")
        return update_hist + self._upscale_histogram(orig_hist, orig_min, orig_max, update_min, update_max)

    def _upscale_histogram(self, histogram, orig_min, orig_max, update_min, update_max):
        """The histogram in wider bounds: each fine part goes whole to the new bin of its middle."""
        n_fine = self.bins * self.upsample_rate
        fine = histogram.repeat_interleave(self.upsample_rate) / self.upsample_rate
        width = (orig_max - orig_min) / n_fine
        middles = torch.linspace(orig_min, orig_max, n_fine + 1)[:-1].to(histogram.device) + 0.5 * width
        edges = torch.linspace(update_min, update_max, self.bins + 1).to(histogram.device)
        bins = (torch.bucketize(middles, edges, right=True) - 1).clamp(0, self.bins - 1)
        return torch.bincount(bins, weights=fine, minlength=self.bins)

    # Choosing bounds

    def _compute_quantization_error(self, next_start_bin, next_end_bin, bin_width=None):
        """The squared error when the bins start .. end are spread over all integers: values count as even within a
        bin."""
        if bin_width is None:
            bin_width = (self.max_val.item() - self.min_val.item()) / self.bins
        step = bin_width * (next_end_bin - next_start_bin + 1) / self.dst_nbins
        if step == 0.0:
            return 0.0
        begin = (torch.arange(self.bins, device=self.histogram.device) - next_start_bin) * bin_width
        end = begin + bin_width

        def integer_of(x):
            return torch.clamp(torch.div(x, step, rounding_mode="floor"), 0, self.dst_nbins - 1)

        first = integer_of(begin)
        last = integer_of(end)
        density = self.histogram / bin_width
        half = torch.full((self.bins,), step / 2, device=self.histogram.device)
        # A bin begins within one integer's share, runs over whole ones, and ends within another's.
        error = _cube_sum(begin - (first + 0.5) * step, half, density)
        error += (last - first - 1) * _cube_sum(-half, half, density)
        error += _cube_sum(-half, end - (last * step + step / 2), density)
        return error.sum().item()

    def _non_linear_param_search(self):
        """Bounds of little squared error: take mass away from the side where more bins are nearly empty, while it
        helps."""
        if self.histogram.size()[0] != self.bins:
            raise AssertionError("bins mismatch")
        total = torch.sum(self.histogram).item()
        mass = torch.cumsum(self.histogram, dim=0).tolist()
        alpha, beta = 0.0, 1.0
        start, end = 0, self.bins - 1
        least = _INF
        exact_width = (self.max_val.item() - self.min_val.item()) / self.bins
        while alpha < beta:
            next_alpha = alpha + _STEP
            next_beta = beta - _STEP
            # PyTorch compares in float32.
            lower, upper = _as_float32(next_alpha * total, next_beta * total)
            left, right = start, end
            while left < end and mass[left] < lower:
                left += 1
            while right > start and mass[right] > upper:
                right -= 1
            next_start, next_end = start, end
            if left - start > end - right:
                next_start = left
                alpha = next_alpha
            else:
                next_end = right
                beta = next_beta
            if next_start == start and next_end == end:
                continue
            error = self._compute_quantization_error(next_start, next_end, exact_width)
            if error > least:
                break
            least = error
            start, end = next_start, next_end
        bin_width = (self.max_val - self.min_val) / self.bins
        return self.min_val + bin_width * start, self.min_val + bin_width * (end + 1)

    def calculate_qparams(self):
        if self.min_val == _INF and self.max_val == -_INF:
            warnings.warn(
                "must run observer before calling calculate_qparams. Returning default scale and zero point ", stacklevel=2
            )
            return torch.tensor([1.0], device=self.min_val.device), torch.tensor([0], device=self.min_val.device)
        if self.bins != len(self.histogram):
            raise AssertionError(
                "The number of bins in histogram should be equal to the number of bins "
                "supplied while making this observer"
            )
        return self._calculate_qparams(*self._non_linear_param_search())

    # Files

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, *rest):
        version = local_metadata.get("version")
        for name, start in (("min_val", _INF), ("max_val", -_INF)):
            key = prefix + name
            is_old = version is None or version < 3
            if is_old and key in state_dict and state_dict[key].shape == torch.Size([0]):
                state_dict[key] = torch.tensor(start)
            if key in state_dict:
                setattr(self, name, state_dict[key])
            elif strict:
                missing_keys.append(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, *rest)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}"


HistogramObserver.__module__ = "torch.ao.quantization.observer"
