"""torch.fft: its functions are named and not there yet."""

from torch import _known

__getattr__ = _known.missing_from("torch.fft", _known.FFT)
