"""Finite differences against the gradients of linear algebra, complex numbers and Fourier transforms, real and complex."""

import torch
from show import ramp
from torch.autograd.gradcheck import gradcheck, gradgradcheck

L = torch.linalg


def complex_ramp(*shape, seed=0):
    return torch.complex(ramp(*shape, seed=seed), ramp(*shape, seed=seed + 1))


square = ramp(3, 3) / 3 + torch.diag(torch.tensor([2.0, 3, 4], dtype=torch.float64))
tall, wide, right = ramp(4, 3, seed=2) + torch.eye(4, 3), ramp(3, 4, seed=3) + torch.eye(3, 4), ramp(3, 2, seed=4)
turned = square + 1j * ramp(3, 3, seed=5) / 4
turned_tall, turned_right = tall + 0.5j * ramp(4, 3, seed=6), complex_ramp(3, 2)
batch = torch.stack([square, square.T + 0.3])
pivots = torch.tensor([2, 3, 3], dtype=torch.int32)


def definite(a):
    return a @ a.mH + torch.eye(3)


def pair(f):
    return lambda a: tuple(f(a))


def svd_squares(a):
    U, S, Vh = L.svd(a, full_matrices=False)
    return S, (U * S) @ Vh, U.abs() ** 2


cases = {
    "_linalg_solve_ex": [(L.solve, square, right), (L.solve, batch, right), (L.solve, turned, turned_right)],
    "_linalg_inv_ex": [(L.inv, square), (L.inv, batch), (L.inv, turned)],
    "_linalg_det": [(L.det, batch), (L.det, turned)],
    "_linalg_slogdet": [(pair(L.slogdet), batch), (pair(L.slogdet), turned)],
    "_linalg_solve_triangular": [
        (lambda a, b: L.solve_triangular(a, b, upper=True), square, right),
        (lambda a, b: L.solve_triangular(a, b, upper=False, left=False), turned, turned_right.mT),
    ],
    "_linalg_lu_factor_ex": [(lambda a: L.lu_factor(a)[0], a) for a in (square, tall, wide, turned, batch)],
    # By way of P^T B in a solution with the adjoint.
    "_linalg_swap_rows": [(lambda a: L.lu_solve(square, pivots, a, adjoint=True), right)],
    "_cholesky_ex": [(lambda a: L.cholesky(definite(a)), a) for a in (square, turned)],
    "_cholesky_solve": [
        (lambda a, b: torch.cholesky_solve(b, L.cholesky(definite(a))), square, right),
        (lambda a, b: torch.cholesky_solve(b, L.cholesky(definite(a), upper=True), upper=True), turned, turned_right),
    ],
    "_cholesky_inverse": [
        (lambda a: torch.cholesky_inverse(L.cholesky(definite(a), upper=True), upper=True), a) for a in (square, turned)
    ],
    "_qr": [(pair(L.qr), a) for a in (square, tall, wide, turned, batch)],
    "_linalg_eigh": [
        (lambda a: (L.eigvalsh(definite(a)), L.eigh(definite(a))[1].abs() ** 3), a) for a in (square, turned)
    ],
    "_linalg_svd": [(svd_squares, a) for a in (square, tall, wide, turned_tall)],
    "_linalg_pinv": [(L.pinv, a) for a in (tall, wide, turned_tall, turned_tall.mH)],
    "_linalg_eig": [(lambda a: (L.eigvals(a), L.eig(a)[1].abs()), a) for a in (square, turned)],
    "matrix_exp": [(L.matrix_exp, a / 2) for a in (square, turned, batch)],
    "householder": [(L.householder_product, *torch.geqrf(tall))],
    "_fft_c2c": [(torch.fft.fft, turned), (torch.fft.ifft2, turned)],
    "_fft_r2c": [(torch.fft.rfft, tall), (torch.fft.rfft, wide), (torch.fft.fft, tall)],
    "_fft_c2r": [(torch.fft.irfft, turned), (lambda a: torch.fft.irfft(a, n=5), turned), (torch.fft.hfft, turned)],
    "stft": [(lambda a: torch.stft(a, 4, return_complex=True), ramp(9))],
    "istft": [(lambda a: torch.istft(a, 4, window=torch.hann_window(4).double()), complex_ramp(3, 5))],
    "view_as_real": [(torch.view_as_real, turned)],
    "view_as_complex": [(torch.view_as_complex, ramp(3, 2))],
    "complex": [(torch.complex, ramp(3), ramp(3, seed=1))],
    "polar": [(torch.polar, ramp(3).abs() + 0.1, ramp(3, seed=1))],
    "conj_physical": [(torch.conj_physical, turned)],
    "angle": [(torch.angle, turned)],
    "sgn": [(torch.sgn, turned)],
    "complex mm": [(torch.mm, turned, turned_right)],
    "complex prod": [(lambda a: a.prod(1), turned)],
    "complex cumprod": [(lambda a: a.cumprod(1), turned)],
    "complex pow": [(torch.pow, turned[0] + 2, turned[1])],
    "complex norm": [(torch.norm, turned)],
}
for name in "exp log sqrt rsqrt reciprocal square sin cos tan sinh cosh tanh asin acos atan asinh atanh sigmoid abs log1p expm1".split():
    cases[f"complex {name}"] = [(getattr(torch, name), turned[0] / 2)]
# Like PyTorch's, the rule takes the root of a product: on the left it is that of the other branch.
cases["complex acosh"] = [(torch.acosh, turned[0] / 2 + 2)]
# Norms of eigenvectors, gauges of singular vectors: the second order is checked through the first where it is defined.
once = {"_linalg_eig"}
n = 0
for name, calls in cases.items():
    for function, *inputs in calls:
        leaves = [i.clone().requires_grad_() for i in inputs]
        for check in (gradcheck, gradgradcheck)[: 1 if name in once else 2]:
            try:
                check(function, leaves)
                n += 1
            except Exception as error:
                print(f"FAIL {name} {check.__name__}: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
print(f"{n} checked")
