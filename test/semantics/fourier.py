"""torch.fft, the windows, stft and istft: sizes with small and large primes, norms, dims, gradients and errors."""

import torch
from show import case, fails, gradients, ramp

F = torch.fft
complex_ = torch.complex


def tidy(value):
    """Without the noise of the last digits."""
    if isinstance(value, torch.Tensor) and value.is_complex():
        return torch.view_as_complex(tidy(torch.view_as_real(value.resolve_conj().contiguous())))
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return torch.round(value * 1e5) / 1e5 + 0.0
    return value


def sums(t):
    """Of a long transform: some elements, and sums against a pattern."""
    flat = t.reshape(-1)
    return tidy(flat[:: max(1, flat.numel() // 5)]), tidy((flat * ramp(*flat.shape, seed=3)).sum() / flat.numel())


x, z = ramp(2, 6), complex_(ramp(2, 6), ramp(2, 6, seed=1))
cube = complex_(ramp(2, 3, 4), ramp(2, 3, 4, seed=2))
names = "fft ifft rfft irfft hfft ihfft".split()

print("-- sizes")
for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 30, 31, 37, 41, 49, 64, 77, 97, 101, 105, 120, 128, 210, 251):
    real, pairs = ramp(n), complex_(ramp(n), ramp(n, seed=1))
    case(f"fft {n}", lambda: sums(F.fft(pairs)))
    case(f"fft real {n}", lambda: sums(F.fft(real)))
    case(f"ifft {n}", lambda: sums(F.ifft(pairs)))
    case(f"rfft {n}", lambda: sums(F.rfft(real)))
    case(f"irfft {n}", lambda: sums(F.irfft(pairs, n)))
    case(f"f32 {n}", lambda: (F.fft(pairs.to(torch.cfloat)) - F.fft(pairs)).abs().max() < 1e-4 * n**0.5)
    case(f"f32 real {n}", lambda: (F.irfft(F.rfft(real.float()), n) - real).abs().max() < 1e-5)
for n in (1000, 1024, 1009, 4093, 6000):
    pairs = complex_(ramp(3, n), ramp(3, n, seed=1))
    case(f"large {n}", lambda: sums(F.fft(pairs)))
    case(f"large back {n}", lambda: (F.ifft(F.fft(pairs)) - pairs).abs().max() < 1e-10)
    case(f"large real {n}", lambda: sums(F.rfft(pairs.real)))

print("-- norms, sizes, dims")
for name in names:
    data = x if name in ("rfft", "ihfft") else z
    for norm in (None, "forward", "backward", "ortho"):
        case(f"{name} {norm}", lambda: tidy(getattr(F, name)(data, norm=norm)))
    for n in (3, 4, 9):
        case(f"{name} n={n}", lambda: tidy(getattr(F, name)(data, n=n)))
    case(f"{name} dim 0", lambda: tidy(getattr(F, name)(data, dim=0)))
    case(f"{name} n dim", lambda: tidy(getattr(F, name)(data, 4, 0, "ortho")))
for name in names:
    data = cube.real if name in ("rfft", "ihfft") else cube
    for norm in (None, "forward", "ortho"):
        case(f"{name}2 {norm}", lambda: tidy(getattr(F, name + "2")(data, norm=norm)))
        case(f"{name}n {norm}", lambda: tidy(getattr(F, name + "n")(data, norm=norm)))
    case(f"{name}2 s", lambda: tidy(getattr(F, name + "2")(data, s=(2, 5))))
    case(f"{name}n dims", lambda: tidy(getattr(F, name + "n")(data, dim=(2, 0))))
    case(f"{name}n s dims", lambda: tidy(getattr(F, name + "n")(data, s=(3, 4), dim=(0, 1))))
    case(f"{name}n s", lambda: tidy(getattr(F, name + "n")(data, s=(4, 3))))
case("whole numbers", lambda: F.fft(torch.arange(6)))
case("bools", lambda: F.fft(torch.arange(6) == 2).dtype)
case("real as complex", lambda: tidy(F.irfft(x)))
case("strided", lambda: tidy(F.fft(z[:, ::2])))
case("transposed", lambda: tidy(F.fft(z.T)))
case("no dims", lambda: F.fftn(x, dim=()).shape)
case("out", lambda: tidy(F.fft(z, out=torch.empty(2, 6, dtype=torch.cdouble))))
print(F.fft(x).stride(), F.rfft(x, dim=0).shape, F.fft(x.float()).dtype)

print("-- frequencies and shifts")
for n in (0, 1, 4, 5):
    case(f"fftfreq {n}", lambda: (F.fftfreq(n), F.rfftfreq(n), F.fftfreq(n, 0.5, dtype=torch.float64)))
for t in (torch.arange(6), torch.arange(5), x):
    case("fftshift", lambda: (F.fftshift(t), F.ifftshift(t), F.fftshift(t, dim=-1), F.ifftshift(t, dim=(0,))))

print("-- windows")
for name in ("hann", "hamming", "blackman", "bartlett", "kaiser"):
    window = getattr(torch, f"{name}_window")
    for n in (0, 1, 2, 5, 8):
        case(f"{name} {n}", lambda: tidy(window(n)))
        case(f"{name} {n} symmetric", lambda: tidy(window(n, False, dtype=torch.float64)))
case("hamming alpha", lambda: torch.hamming_window(5, True, 0.5, 0.4))
case("kaiser beta", lambda: torch.kaiser_window(5, False, 6.0))
print(torch.hann_window(6), torch.hamming_window(4))

print("-- stft")
signal = ramp(2, 40)
hann = torch.hann_window(8, dtype=torch.float64)
spectra = torch.stft(signal, 8, window=hann, return_complex=True)
for label, options in {
    "plain": {}, "hop": {"hop_length": 3}, "window": {"window": hann}, "win_length": {"win_length": 6},
    "short window": {"win_length": 4, "window": hann[:4]}, "not centred": {"center": False},
    "normalized": {"normalized": True},
    "twosided": {"onesided": False}, "constant": {"pad_mode": "constant"}, "pairs": {"return_complex": False},
}.items():
    case(f"stft {label}", lambda: tidy(torch.stft(signal, 8, **{"return_complex": True, **options})))
case("stft one", lambda: tidy(signal[0].stft(16, return_complex=True)))
case("stft complex", lambda: tidy(torch.stft(complex_(signal, signal.flip(-1)), 8)))
case("istft", lambda: tidy(torch.istft(spectra, 8, window=hann)))
case("istft length", lambda: tidy(torch.istft(spectra, 8, window=hann, length=30)))
case("istft longer", lambda: tidy(torch.istft(spectra, 8, window=hann, length=44)))
case("istft one", lambda: tidy(torch.istft(spectra[0], 8, window=hann)))
both = torch.stft(signal, 8, window=hann, onesided=False, return_complex=True)
case("istft twosided", lambda: tidy(torch.istft(both, 8, window=hann, onesided=False)))
case("istft complex", lambda: tidy(torch.istft(both, 8, window=hann, onesided=False, return_complex=True)))
scaled = torch.stft(signal, 8, 3, 6, normalized=True, return_complex=True)
case("istft normalized", lambda: tidy(torch.istft(scaled, 8, 3, 6, normalized=True)))
case("stft and back", lambda: (torch.istft(spectra, 8, window=hann, length=40) - signal).abs().max() < 1e-12)

print("-- gradients")
for name in names:
    data = x if name in ("rfft", "ihfft") else z
    gradients(name, getattr(F, name), data)
    gradients(f"{name} n", lambda a: getattr(F, name)(a, n=5, norm="ortho"), data)
    gradients(f"{name} n longer", lambda a: getattr(F, name)(a, n=9, dim=0), data)
    gradients(f"{name}2", getattr(F, name + "2"), cube.real if name in ("rfft", "ihfft") else cube)
gradients("fft real", F.fft, x)
gradients("power", lambda a: F.rfft(a).abs() ** 2, x)
gradients("filter", lambda a: F.irfft(F.rfft(a) * torch.arange(4), n=6), x)
gradients("stft", lambda a: torch.stft(a, 8, window=hann, return_complex=True), signal[:, :20])
gradients("istft", lambda a: torch.istft(a, 8, window=hann), spectra)
leaf = x.clone().requires_grad_()
print(F.fft(leaf).grad_fn.name(), F.rfft(leaf).grad_fn.name(), F.irfft(F.rfft(leaf)).grad_fn.name(), F.ifft(F.fft(leaf)).grad_fn.name())

print("-- errors")
ints, half, flat = torch.arange(6), x.half(), torch.tensor(1.0)
for label, f in {
    "half": lambda: F.fft(half), "n=0": lambda: F.fft(x, n=0), "n=-1": lambda: F.fft(x, n=-1),
    "empty": lambda: F.fft(torch.zeros(0)),
    "0d": lambda: F.fft(flat), "dim": lambda: F.fft(x, dim=2), "norm": lambda: F.fft(x, norm="abc"),
    "rfft complex": lambda: F.rfft(z),
    "irfft one": lambda: F.irfft(z[:, :1]), "rfft empty": lambda: F.rfft(torch.zeros(0)),
    "irfft 0": lambda: F.irfft(z, n=0),
    "fft2 1d": lambda: F.fft2(x[0]), "fft2 s": lambda: F.fft2(x, s=(2,)),
    "fftn s": lambda: F.fftn(x, s=(2, 2), dim=(0,)),
    "fftn twice": lambda: F.fftn(x, dim=(0, 0)), "fftn many": lambda: F.fftn(x, s=(2, 2, 2)),
    "fftn 0": lambda: F.fftn(x, s=(0, 2)),
    "rfftn complex": lambda: F.rfftn(z), "irfftn none": lambda: F.irfftn(z, dim=()),
    "rfftn none": lambda: F.rfftn(x, dim=()),
    "ihfft complex": lambda: F.ihfft(z), "window ints": lambda: torch.hann_window(5, dtype=torch.int64),
    "window -1": lambda: torch.hann_window(-1),
    "stft return": lambda: torch.stft(x[0], 4), "stft hop": lambda: torch.stft(x[0], 4, 0, return_complex=True),
    "stft win": lambda: torch.stft(x[0], 4, win_length=5, return_complex=True),
    "stft 3d": lambda: torch.stft(x[None], 4, return_complex=True),
    "stft window": lambda: torch.stft(x[0], 4, window=torch.ones(3), return_complex=True),
    "stft ints": lambda: torch.stft(ints, 4, return_complex=True),
    "istft real": lambda: torch.istft(x, 4), "istft bins": lambda: torch.istft(z, 10),
    "istft overlap": lambda: torch.istft(spectra, 8, window=torch.zeros(8, dtype=torch.float64)),
}.items():
    fails(label, f)
