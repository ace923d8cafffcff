"""How well factorizations multiply back and transforms invert, in units of rounding, over sizes that end inside blocks and vectors."""

import torch

L = torch.linalg
EPSILON = {torch.float32: 2.0**-23, torch.float64: 2.0**-52, torch.complex64: 2.0**-23, torch.complex128: 2.0**-52}
# Rounding errors grow with the size; the constant is what was measured, with room.
ALLOWED = 12
n = 0


def check(label, residual, size, dtype, scale=1.0):
    global n
    n += 1
    units = float(residual.abs().max() if residual.numel() else 0.0) / (EPSILON[dtype] * max(float(scale), 1e-30) * (size + 4))
    if not units < ALLOWED:
        print(f"FAIL {label} {size} {dtype}: {units:.1f} units of rounding")


def largest(a):
    return a.abs().max() if a.numel() else torch.tensor(1.0)


for dtype in EPSILON:
    torch.manual_seed(1)
    for size in (1, 2, 3, 5, 8, 17, 31, 48, 49, 64, 97, 130, 200):
        a = torch.randn(size, size, dtype=dtype)
        eye = torch.eye(size, dtype=dtype)
        shifted = a + 2 * size**0.5 * eye
        hermitian, definite = a + a.mH, a @ a.mH + size * eye
        tall, wide = torch.randn(size + 7, size, dtype=dtype), torch.randn(size, size + 7, dtype=dtype)

        check("inv", shifted @ L.inv(shifted) - eye, size, dtype)
        b = torch.randn(size, 5, dtype=dtype)
        check("solve", shifted @ L.solve(shifted, b) - b, size, dtype, largest(shifted))
        P, lower, upper = L.lu(a)
        check("lu", P @ lower @ upper - a, size, dtype, largest(a))
        factor = L.cholesky(definite)
        check("cholesky", factor @ factor.mH - definite, size, dtype, largest(definite))
        triangle = shifted.tril()
        check("triangle", triangle @ L.solve_triangular(triangle, shifted, upper=False) - shifted, size, dtype, largest(shifted))
        values, vectors = L.eigh(hermitian)
        check("eigh", (vectors * values) @ vectors.mH - hermitian, size, dtype, values.abs().max())
        check("eigh basis", vectors.mH @ vectors - eye, size, dtype)
        check("eigh order", (values[:-1] - values[1:]).clamp(min=0), size, dtype)
        check("eigvalsh", L.eigvalsh(hermitian) - values, size, dtype, values.abs().max())
        for matrix in (a, tall, wide):
            Q, R = L.qr(matrix)
            check("qr", Q @ R - matrix, size, dtype, largest(matrix))
            check("qr basis", Q.mH @ Q - torch.eye(Q.shape[-1], dtype=dtype), size, dtype)
            for full in (False, True):
                U, S, Vh = L.svd(matrix, full_matrices=full)
                k = S.shape[0]
                check("svd", (U[:, :k] * S) @ Vh[:k] - matrix, size, dtype, S.max())
                check("svd basis", U.mH @ U - torch.eye(U.shape[-1], dtype=dtype), size, dtype)
                check("svd other basis", Vh @ Vh.mH - torch.eye(Vh.shape[0], dtype=dtype), size, dtype)
                check("svd order", (S[1:] - S[:-1]).clamp(min=0), size, dtype)
            check("svdvals", L.svdvals(matrix) - S, size, dtype, S.max())
        values, vectors = L.eig(a)
        c = a.to(vectors.dtype)
        check("eig", c @ vectors - vectors * values, size, dtype, values.abs().max())
        check("eig norms", L.vector_norm(vectors, dim=0) - 1, size, dtype)

    # Degenerate ones: repeated values, ranks that are too low, zeros.
    for label, a in {
        "zero": torch.zeros(6, 6, dtype=dtype), "ones": torch.ones(7, 7, dtype=dtype), "identity": torch.eye(9, dtype=dtype),
        "rank one": torch.outer(torch.arange(8.0), torch.arange(8.0)).to(dtype), "jordan": torch.eye(5, dtype=dtype).roll(1, 0).triu(),
        "tiny": torch.eye(4, dtype=dtype) * 1e-30, "huge": torch.ones(4, 4, dtype=dtype) * 1e30, "cycle": torch.eye(6, dtype=dtype).roll(1, 0),
    }.items():
        U, S, Vh = L.svd(a)
        check(f"svd {label}", (U * S) @ Vh - a, len(a), dtype, S.max())
        check(f"svd basis {label}", U.mH @ U - torch.eye(len(a), dtype=dtype), len(a), dtype)
        hermitian = a + a.mH
        values, vectors = L.eigh(hermitian)
        check(f"eigh {label}", (vectors * values) @ vectors.mH - hermitian, len(a), dtype, values.abs().max())
        values, vectors = L.eig(a)
        check(f"eig {label}", a.to(vectors.dtype) @ vectors - vectors * values, len(a), dtype, max(1.0, values.abs().max()))

    if dtype.is_complex:
        for size in (1, 2, 3, 4, 6, 7, 12, 15, 31, 37, 60, 128, 169, 211, 1000, 1021, 2048):
            z = torch.randn(3, size, dtype=dtype)
            steps = torch.arange(size, dtype=torch.int64)
            turns = (steps.unsqueeze(1) * steps % size).double() * (-2 * torch.pi / size)
            if size <= 211:
                dense = torch.polar(torch.ones_like(turns), turns)
                check("fft", torch.fft.fft(z) - (z.to(torch.complex128) @ dense), 4, dtype, size**0.5)
            check("fft and back", torch.fft.ifft(torch.fft.fft(z)) - z, 4, dtype, 4)
            check("rfft", torch.fft.rfft(z.real.clone()) - torch.fft.fft(z.real.to(dtype))[:, : size // 2 + 1], 4, dtype, 4 * size**0.5)
            check("irfft", torch.fft.irfft(torch.fft.rfft(z.real.clone()), size) - z.real, 4, dtype, 4)

# A batch is its matrices, whoever computes them.
batch = torch.randn(37, 6, 6)
for label, f in {
    "inv": L.inv, "svdvals": L.svdvals, "eigvalsh": L.eigvalsh, "det": L.det, "qr": lambda a: L.qr(a)[1], "eig": lambda a: L.eig(a)[1].abs(),
    "fft2": lambda a: torch.fft.fft2(a).abs(),
}.items():
    n += 1
    if not torch.equal(f(batch), torch.stack([f(a) for a in batch])):
        print(f"FAIL {label}: a batch differs from its parts")
print(f"{n} checked")
