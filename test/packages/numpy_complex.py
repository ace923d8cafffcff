"""Complex arrays and Fourier transforms."""

import numpy as np


def show(label, value):
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        value = np.round(value, 5) + 0.0
    print(label, repr(value))


a = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
x = np.array([1.0, 2, 0, -1, 1.5])
show("fft", np.abs(np.fft.fft(x)))
show("rfft", np.abs(np.fft.rfft(x)))
show("irfft", np.fft.irfft(np.fft.rfft(x), 5))
show("fft2", np.abs(np.fft.fft2(a)))
show("fftfreq", np.fft.fftfreq(5, 0.1))
show("fftshift", np.fft.fftshift(np.arange(5)))
z = np.array([1 + 2j, 3 - 1j])
show("complex", z)
show("conj", z.conj() * z)
show("real", z.real + z.imag)
show("angle", np.angle(z))
show("product", z * (1 - 1j))
show("matmul", z @ z)
show("abs", np.abs(z))
show("exp", np.exp(1j * np.arange(3)))
show("dtype", (np.float32(1) * np.array([1j], np.complex64)).dtype)
show("eig", np.sort(np.linalg.eigvals(a)))
show("roots", np.linalg.eigvals(np.array([[0.0, -1], [1, 0]])))
