"""How far one tensor is from another: sums over all elements that are kept while data goes by. Judges nothing."""

import math

import torch

# Sums in float64 are made of pieces of this many elements, so that no tensor is doubled as a whole.
_PIECE = 1 << 22
# Decibels of a value that is nothing but noise beside a signal of zeros.
_LOWEST_DB = -300.0


class Difference:
    """Of what was (before) and what became of it (after), over everything that was added."""

    def __init__(self):
        self.signal = 0.0
        self.noise = 0.0
        self.product = 0.0
        self.squares = 0.0
        self.largest_error = 0.0
        self.largest = 0.0
        self.count = 0
        # Elements that were finite and no longer are.
        self.broken = 0

    def add(self, before, after):
        """Elements that were not finite before (masks are full of infinities) are left out."""
        if tuple(before.shape) != tuple(after.shape):
            raise ValueError(f"the shape became {list(after.shape)} and was {list(before.shape)}")
        if before.numel() == 0:
            return
        before, after = numbers_of(before), numbers_of(after)
        for piece, changed in zip(before.split(_PIECE), after.split(_PIECE)):
            self._add_piece(piece.double(), changed.double())

    def _add_piece(self, before, after):
        was_finite = before.isfinite()
        is_finite = after.isfinite() & was_finite
        n_finite, n_before = torch.stack([is_finite.sum(), was_finite.sum()]).tolist()
        self.count += n_finite
        self.broken += n_before - n_finite
        if n_finite < before.numel():
            nothing = torch.zeros((), dtype=torch.float64, device=before.device)
            before = torch.where(is_finite, before, nothing)
            after = torch.where(is_finite, after, nothing)
        error = before - after
        sums = torch.stack([
            (before * before).sum(),
            (error * error).sum(),
            (before * after).sum(),
            (after * after).sum(),
            error.abs().max(),
            before.abs().max(),
        ]).tolist()
        self.signal += sums[0]
        self.noise += sums[1]
        self.product += sums[2]
        self.squares += sums[3]
        self.largest_error = max(self.largest_error, sums[4])
        self.largest = max(self.largest, sums[5])

    def merge(self, other):
        """Counts in what another Difference has seen."""
        for name in ("signal", "noise", "product", "squares", "count", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.largest_error = max(self.largest_error, other.largest_error)
        self.largest = max(self.largest, other.largest)

    @property
    def sqnr_db(self):
        """10 log10(signal / noise); infinite where nothing differs."""
        if self.noise == 0:
            return _LOWEST_DB if self.broken and not self.count else math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal > 0 else _LOWEST_DB

    def plain(self):
        sqnr = self.sqnr_db
        length = math.sqrt(self.signal) * math.sqrt(self.squares)
        is_same = self.noise == 0
        answer = {
            "sqnrDb": None if math.isinf(sqnr) else sqnr,
            "cosine": 1.0 if is_same else (min(1.0, self.product / length) if length > 0 else 0.0),
            "maxError": self.largest_error,
            "relativeError": self.largest_error / self.largest if self.largest > 0 else float(not is_same),
        }
        if self.broken:
            answer["broken"] = self.broken
        return answer


class OutputsDifference(Difference):
    """Of all outputs of a model, and of each by its name. A loss beside other outputs is left out: one large number that hardly
    changes would hide what became of them."""

    # An output this much further off than all of them together is named.
    _WEAKER_DB = 6.0

    def __init__(self):
        super().__init__()
        self.parts = {}

    def add_outputs(self, before, after):
        """Two lists of (name, tensor) for the same sample."""
        is_only_scalars = all(tensor.dim() == 0 for _, tensor in before)
        for (name, one), (_, other) in zip(before, after):
            if one.dim() == 0 and not is_only_scalars:
                continue
            part = Difference()
            part.add(one, other)
            self.parts.setdefault(name, Difference()).merge(part)
            self.merge(part)

    def plain(self):
        answer = super().plain()
        name, weakest = min(self.parts.items(), key=lambda pair: pair[1].sqnr_db, default=(None, None))
        if name is not None and weakest.signal > 0 and weakest.sqnr_db < self.sqnr_db - self._WEAKER_DB:
            answer["weakest"] = {"name": name, "sqnrDb": weakest.sqnr_db}
        return answer


def difference(before, after):
    """The Difference of two tensors."""
    found = Difference()
    found.add(before, after)
    return found


def numbers_of(tensor):
    """A row of real numbers: both parts of complex ones."""
    tensor = tensor.detach()
    return (torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor).reshape(-1)


def histograms(before, after, bins=48):
    """{"before", "after"}: counts in equal bins over the range of both, without what is not finite; None for nothing."""
    parts = [numbers_of(tensor).float() for tensor in (before, after)]
    parts = [part[part.isfinite()] for part in parts]
    if not all(part.numel() for part in parts):
        return None
    low = min(part.min().item() for part in parts)
    high = max(part.max().item() for part in parts)
    if not low < high:
        high = low + 1.0
    found = [
        {"low": low, "high": high, "counts": [int(count) for count in part.histc(bins, low, high).tolist()]}
        for part in parts
    ]
    return {"before": found[0], "after": found[1]}
