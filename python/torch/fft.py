"""torch.fft: its functions are named and not there yet."""

from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.fft", _known.FFT)
