"""Fourier transforms, windows and the weights of a mel scale."""

import math

import torch

from layerwise.onnx.registry import operator
from layerwise.onnx.values import dtype_of, number


def _as_complex(x):
    """The last dimension holds one real number or a real and an imaginary one."""
    if x.shape[-1] == 1:
        return x.squeeze(-1)
    return torch.complex(x[..., 0].contiguous(), x[..., 1].contiguous())


def _as_pairs(x):
    return torch.stack([x.real, x.imag], dim=-1)


@operator("DFT", raw=(1, 2))
def dft(node, x, length=None, axis=None):
    if node.version < 20:
        dim = node.get("axis", 1)
    else:
        dim = int(number(axis)) if axis is not None else -2
    dim %= x.dim()
    count = int(number(length)) if length is not None else None
    is_half = bool(node.get("onesided", 0))
    if node.get("inverse", 0):
        if is_half:
            half = _as_complex(x)
            size = count or 2 * (half.shape[dim] - 1)
            return torch.fft.irfft(half, n=size, dim=dim).unsqueeze(-1)
        return _as_pairs(torch.fft.ifft(_as_complex(x), n=count, dim=dim))
    signal = _as_complex(x)
    if is_half:
        return _as_pairs(torch.fft.rfft(signal, n=count, dim=dim))
    return _as_pairs(torch.fft.fft(signal, n=count, dim=dim))


@operator("STFT", raw=(1, 3))
def stft(node, signal, step, window=None, length=None):
    hop = int(number(step))
    size = int(number(length)) if length is not None else window.shape[0]
    x = _as_complex(signal) if signal.dim() == 3 else signal
    count = (x.shape[1] - size) // hop + 1
    frames = torch.stack([x[:, i * hop : i * hop + size] for i in range(count)], dim=1)
    if window is not None:
        frames = frames * window
    if node.get("onesided", 1) and not frames.is_complex():
        return _as_pairs(torch.fft.rfft(frames, dim=-1))
    return _as_pairs(torch.fft.fft(frames, dim=-1))


def _window(name, factors):
    """Sums of cosines: factors of cos(0), cos(t), cos(2t)."""

    def make(node, size):
        count = int(number(size))
        dtype = dtype_of(node.get("output_datatype", 1), node)
        around = count if node.get("periodic", 1) else count - 1
        angle = torch.arange(count, dtype=torch.float64) * (2 * math.pi / max(around, 1))
        found = sum(factor * torch.cos(k * angle) for k, factor in enumerate(factors))
        return found.to(dtype)

    operator(name, raw=(0,))(make)


_window("HannWindow", (0.5, -0.5))
_window("HammingWindow", (25 / 46, -21 / 46))
_window("BlackmanWindow", (0.42, -0.5, 0.08))


@operator("MelWeightMatrix", raw=True)
def mel_weights(node, bands, length, rate, low, high):
    count, size, rate = int(number(bands)), int(number(length)), int(number(rate))
    spectrum = size // 2 + 1

    def to_mel(frequency):
        return 2595 * math.log10(1 + frequency / 700)

    first, last = to_mel(number(low)), to_mel(number(high))
    step = (last - first) / (count + 2)
    edges = [700 * (10 ** ((first + i * step) / 2595) - 1) for i in range(count + 2)]
    places = [int((size + 1) * edge // rate) for edge in edges]
    rows = [[0.0] * count for _ in range(spectrum)]
    for band in range(count):
        left, middle, right = places[band : band + 3]
        if middle == left:
            rows[middle][band] = 1.0
        else:
            for i in range(left, middle + 1):
                rows[i][band] = (i - left) / (middle - left)
        if right > middle:
            for i in range(middle, right):
                rows[i][band] = (right - i) / (right - middle)
    return torch.tensor(rows, dtype=dtype_of(node.get("output_datatype", 1), node))
