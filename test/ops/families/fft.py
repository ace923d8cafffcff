"""Fourier transforms: lengths of every kind, dims, normalisations, what is real and what is not, windows, short-time."""

LENGTHS = ("1", "2", "3", "5", "7", "8", "12", "13", "16", "30", "31")


def declare(family):
    family.defaults = {"near": 256, "scale": "tensor", "words": False}
    for name, kinds in {
        "fft": ("c64", "c128", "f32", "f64"),
        "ifft": ("c64", "c128", "f64"),
        "rfft": ("f32", "f64"),
        "irfft": ("c64", "c128"),
        "hfft": ("c64", "c128"),
        "ihfft": ("f32", "f64"),
    }.items():
        op = f"fft.{name}"
        for length in LENGTHS:
            family.block(op, f"torch.fft.{name}(a) ; *[{length}]", kinds)
        family.block(
            op,
            f"""
torch.fft.{name}(a, dim=0) ; *[6,3]
torch.fft.{name}(a, n=5) ; *[2,8]
torch.fft.{name}(a, n=10, dim=-1) ; *[2,6]
torch.fft.{name}(a, norm='ortho') ; *[9]
torch.fft.{name}(a, norm='forward') ; *[9]
torch.fft.{name}(a, norm='backward') ; *[9]
torch.fft.{name}(a) ; *[3,4]:t
torch.fft.{name}(a) ; *[0]
torch.fft.{name}(a, dim=3) ; *[4]
torch.fft.{name}(a, norm='x') ; *[4]
torch.fft.{name}(a, n=0) ; *[4]
""",
            kinds,
        )
    for name, kinds in {"fft2": ("c64", "f64"), "ifft2": ("c64",), "rfft2": ("f32", "f64"), "irfft2": ("c64",)}.items():
        family.block(
            f"fft.{name}",
            f"""
torch.fft.{name}(a) ; *[4,6]
torch.fft.{name}(a) ; *[2,3,5]
torch.fft.{name}(a, s=(4, 4)) ; *[3,6]
torch.fft.{name}(a, dim=(0, 1), norm='ortho') ; *[4,6,2]
""",
            kinds,
        )
    for name, kinds in {"fftn": ("c64", "f64"), "ifftn": ("c64",), "rfftn": ("f32", "f64"), "irfftn": ("c64",)}.items():
        family.block(
            f"fft.{name}",
            f"""
torch.fft.{name}(a) ; *[2,3,4]
torch.fft.{name}(a, dim=(0, 2)) ; *[2,3,4]
torch.fft.{name}(a, s=(3, 4), dim=(1, 2)) ; *[2,3,4]
torch.fft.{name}(a, norm='forward') ; *[4,4]
""",
            kinds,
        )
    family.block(
        "fft.helpers",
        """
torch.fft.fftfreq(8, device=dev)
torch.fft.fftfreq(5, 0.25, device=dev)
torch.fft.rfftfreq(8, device=dev)
torch.fft.rfftfreq(7, d=2.0, device=dev)
torch.fft.fftshift(a) ; f32[7]
torch.fft.fftshift(a, dim=1) ; f32[3,4]
torch.fft.ifftshift(a) ; f32[7]
torch.fft.ifftshift(a, dim=(0,)) ; f32[3,4]
torch.hann_window(8, device=dev)
torch.hamming_window(7, device=dev)
torch.hamming_window(6, periodic=False, device=dev)
torch.blackman_window(8, device=dev)
torch.bartlett_window(8, device=dev)
torch.kaiser_window(8, device=dev)
torch.stft(a, 8, return_complex=True, window=torch.ones(8, device=dev)) ; f32[40]
torch.stft(a, 8, hop_length=3, return_complex=True, window=torch.hann_window(8, device=dev)) ; f32[2,40]
torch.stft(a, 8, center=False, onesided=False, return_complex=True, window=torch.ones(8, device=dev)) ; f32[40]
""",
    )
