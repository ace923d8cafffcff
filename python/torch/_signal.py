"""Windows, and the Fourier transform of overlapping frames: torch.stft and torch.istft."""

import math

from torch._gen import functions as _f


def _window(name, length, dtype):
    """What every window begins with: its dtype, and a window already where the length alone decides."""
    import torch

    dtype = torch.get_default_dtype() if dtype is None else dtype
    if not dtype.is_floating_point:
        words = {"int64": "long int", "int32": "int", "bool": "bool"}
        raise RuntimeError(
            f"{name} expects floating point dtypes, got: TensorOptions(dtype={words.get(dtype.name, dtype.name)}, device=cpu, "
            "layout=Strided (default), requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))"
        )
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    return dtype


def _made(name, length, periodic, dtype, device, requires_grad, shape_of):
    import torch

    dtype = _window(name, length, dtype)
    if length < 2:
        return torch.ones(length, dtype=dtype, device=device).requires_grad_(requires_grad)
    n = length + 1 if periodic else length
    window = shape_of(torch.arange(n, dtype=dtype, device=device), n)
    return (window.narrow(0, 0, length) if periodic else window).requires_grad_(requires_grad)


def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, layout=None, device=None,
                   pin_memory=False, requires_grad=False):
    def shape(t, n):
        return (t * (math.pi * 2.0 / (n - 1))).cos() * -beta + alpha

    return _made("hamming_window", window_length, periodic, dtype, device, requires_grad, shape)


def hann_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    def shape(t, n):
        return (t * (math.pi * 2.0 / (n - 1))).cos() * -0.5 + 0.5

    return _made("hann_window", window_length, periodic, dtype, device, requires_grad, shape)


def blackman_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    def shape(t, n):
        t = t * (math.pi / (n - 1))
        return (t * 4).cos() * 0.08 - (t * 2).cos() * 0.5 + 0.42

    return _made("blackman_window", window_length, periodic, dtype, device, requires_grad, shape)


def bartlett_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    def shape(t, n):
        t = t * (2.0 / (n - 1))
        first = ((n - 1) >> 1) + 1
        return _f.cat([t.narrow(0, 0, first), t.narrow(0, first, n - first) * -1 + 2])

    return _made("bartlett_window", window_length, periodic, dtype, device, requires_grad, shape)


def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    import torch

    def shape(t, n):
        middle = (n - 1) / 2.0
        inside = (1 - ((t - middle) / middle) ** 2).clamp(min=0).sqrt() * beta
        return torch.i0(inside) / torch.i0(torch.tensor(float(beta), dtype=t.dtype))

    return _made("kaiser_window", window_length, periodic, dtype, device, requires_grad, shape)


def _described(t):
    return t.type().partition("torch.")[2]


def _flag(value):
    return "None" if value is None else int(bool(value))


def stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect", normalized=False, onesided=None,
         return_complex=None, align_to_window=None):
    """Spectra of overlapping frames: [batch, frequency, frame]."""
    import torch
    from torch import fft

    if center:
        pad = n_fft // 2
        extended = input.reshape((1,) * (3 - input.dim()) + tuple(input.shape))
        input = torch.nn.functional.pad(extended, [pad, pad], pad_mode).reshape(input.shape[:-1] + (-1,))
    hop = n_fft // 4 if hop_length is None else hop_length
    win = n_fft if win_length is None else win_length
    if return_complex is None:
        if not (input.dtype.is_complex or window is not None and window.dtype.is_complex):
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        return_complex = True

    def refuse(what):
        shown = "None" if window is None else f"torch.{_described(window)}{{{list(window.shape)}}}"
        raise RuntimeError(
            f"stft(torch.{_described(input)}{list(input.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={win}, window={shown}, "
            f"normalized={_flag(normalized)}, onesided={_flag(onesided)}, return_complex={_flag(return_complex)}, "
            f"align_to_window={_flag(align_to_window)}) : {what}"
        )

    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        refuse("expected a tensor of floating point or complex values")
    if input.dim() not in (1, 2):
        refuse("expected a 1D or 2D tensor")
    batch = input.unsqueeze(0) if input.dim() == 1 else input
    length = batch.shape[1]
    if n_fft <= 0 or n_fft > length:
        refuse(f"expected 0 < n_fft < {length}, but got n_fft={win}")
    if hop <= 0:
        refuse(f"expected hop_length > 0, but got hop_length={hop}")
    if win <= 0 or win > n_fft:
        refuse(f"expected 0 < win_length <= n_fft, but got win_length={win}")
    if window is not None and (window.dim() != 1 or window.shape[0] != win):
        refuse(f"expected a 1D window tensor of size equal to win_length={win}, but got window with size {list(window.shape)}")
    full = _padded_window(window, win, n_fft, batch)
    frames = batch.unfold(-1, n_fft, hop)
    if full is not None:
        frames = frames * full
    is_complex = frames.dtype.is_complex
    if onesided is None:
        onesided = not is_complex
    if is_complex and onesided:
        refuse("Cannot have onesided output if window or input is complex")
    norm = "ortho" if normalized else None
    spectra = fft.rfft(frames, norm=norm) if onesided else fft.fft(frames, norm=norm)
    spectra = spectra.transpose(1, 2)
    if input.dim() == 1:
        spectra = spectra.squeeze(0)
    return spectra if return_complex else torch.view_as_real(spectra)


def _padded_window(window, win, n_fft, like):
    """The window in the middle of a frame."""
    import torch

    if win == n_fft:
        return window
    left = (n_fft - win) // 2
    middle = torch.ones(win, dtype=like.dtype.to_real(), device=like.device) if window is None else window
    before, after = middle.new_zeros(left), middle.new_zeros(n_fft - win - left)
    return _f.cat([before, middle, after])


def istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
          return_complex=False):
    """The signal whose stft is nearest: frames are weighted by the window, added up, and divided by its squares."""
    import torch
    from torch import fft

    hop = n_fft // 4 if hop_length is None else hop_length
    win = n_fft if win_length is None else win_length
    if not input.dtype.is_complex:
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from stft with return_complex=True.")

    def refuse(what):
        shown = "None" if window is None else f"torch.{_described(window)}{{{list(window.shape)}}}"
        raise RuntimeError(
            f"istft({input.device.type.upper()}{_described(input).removesuffix('Tensor')}Type{list(input.shape)}, n_fft={n_fft}, "
            f"hop_length={hop}, win_length={win}, window={shown}, center={_flag(center)}, normalized={_flag(normalized)}, "
            f"onesided={_flag(onesided)}, length={length}, return_complex={_flag(return_complex)}) {what}"
        )

    if input.numel() == 0:
        refuse(": input tensor cannot be empty.")
    if input.dim() not in (2, 3):
        refuse(f": expected a tensor with 3 or 4 dimensions, but got {input.dim() + 1}")
    batch = input.unsqueeze(0) if input.dim() == 2 else input
    bins, count = batch.shape[1:]
    sided = bins != n_fft if onesided is None else onesided
    if sided and n_fft // 2 + 1 != bins:
        refuse(
            ": expected the frequency dimension (3rd to the last) of the input tensor to match n_fft / 2 + 1 when onesided=True, but "
            f"got {bins}"
        )
    if not sided and n_fft != bins:
        refuse(f": expected the frequency dimension (3rd to the last) of the input tensor to match n_fft when onesided=False, but got {bins}")
    if not 0 < hop <= win:
        refuse(": expected 0 < hop_length <= win_length")
    if not 0 < win <= n_fft:
        refuse(": expected 0 < win_length <= n_fft")
    if window is not None and (window.dim() != 1 or window.shape[0] != win):
        refuse(": Invalid window shape. window has to be 1D and length of `win_length`")
    full = _padded_window(window, win, n_fft, batch)
    if full is None:
        full = torch.ones(n_fft, dtype=input.dtype.to_real(), device=input.device)
    norm = "ortho" if normalized else None
    spectra = batch.transpose(1, 2)
    if return_complex:
        frames = fft.ifft(spectra, norm=norm)
    else:
        frames = fft.irfft(spectra if sided else spectra[..., : n_fft // 2 + 1], n_fft, norm=norm)
    total = n_fft + hop * (count - 1)
    signal = _f._unfold_backward(frames * full, (batch.shape[0], total), 1, n_fft, hop)
    weights = _f._unfold_backward((full * full).expand(1, count, n_fft), (1, total), 1, n_fft, hop)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - n_fft // 2 if center else total
    kept = min(end, total)
    signal, weights = signal[:, start:kept], weights[:, start:kept]
    smallest = weights.abs().min()
    if not bool(smallest > 1e-11):
        refuse("window overlap add min: 1")
    signal = signal / weights
    if end > kept:
        signal = _f.cat([signal, signal.new_zeros(signal.shape[0], end - kept)], 1)
    return signal.squeeze(0) if input.dim() == 2 else signal


def install(cls, namespace):
    """Methods of Tensor, and names of torch."""
    for function in (hamming_window, hann_window, blackman_window, bartlett_window, kaiser_window, stft, istft):
        namespace[function.__name__] = function
    cls.stft = stft
    cls.istft = istft
