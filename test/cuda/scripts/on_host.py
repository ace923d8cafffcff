"""What has no kernel on a GPU is computed on the CPU with copies: the same results and gradients, on the GPU. And complex
numbers, which are pairs of real ones to every kernel."""

import torch


def raises(kind, words, call):
    try:
        call()
    except kind as error:
        assert words in str(error), f"{error!r} does not say {words!r}"
        return
    raise AssertionError(f"nothing was raised: {words}")


def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    return [t for v in value for t in flat(v)]


def same(function, *inputs, gradient=True):
    """Values and gradients there as here; everything stays on its device."""
    found = []
    for device in ("cpu", "cuda"):
        given = [t.detach().clone().to(device).requires_grad_(gradient and (t.is_floating_point() or t.is_complex())) for t in inputs]
        results = flat(function(*given))
        assert all(r.device.type == device for r in results), [r.device for r in results]
        values = [r.detach().cpu() for r in results]
        if gradient:
            parts = [torch.view_as_real(r) if r.is_complex() else r for r in results]
            total = sum(p.abs().square().sum() for p in parts if p.requires_grad)
            values += [g.cpu() for g in torch.autograd.grad(total, [t for t in given if t.requires_grad])]
        found.append(values)
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


torch.manual_seed(0)
square = torch.randn(3, 4, 4)
definite = square @ square.mT + 4 * torch.eye(4)
tall = torch.randn(2, 5, 3)
right = torch.randn(3, 4, 2)
complex_square = torch.randn(3, 3, dtype=torch.complex64)

# Small matrices have kernels, larger ones go to the CPU.
large = torch.randn(60, 60) + 20 * torch.eye(60)
same(torch.linalg.cholesky, large @ large.mT)
same(torch.linalg.solve, large, torch.randn(60, 3))
complex_batch = torch.randn(5, 6, 6, dtype=torch.complex128)
same(torch.linalg.solve, complex_batch, torch.randn(5, 6, 2, dtype=torch.complex128))
same(torch.linalg.cholesky, complex_batch @ complex_batch.mH + 6 * torch.eye(6))
same(lambda a: torch.linalg.lu_factor(a)[1], torch.randn(4, 9, 5), gradient=False)
same(torch.linalg.det, torch.zeros(2, 3, 3), gradient=False)
same(torch.linalg.cholesky, definite)
same(torch.linalg.inv, square)
same(torch.linalg.det, square)
same(torch.linalg.solve, square, right)
same(lambda a, b: torch.linalg.solve_triangular(a.triu(), b, upper=True), definite, right)
same(lambda a, b: torch.linalg.solve_triangular(a.mT, b, upper=False), definite[0].tril(), right[0])
same(lambda a: torch.linalg.qr(a), tall)
same(lambda a: torch.linalg.eigvalsh(a), definite)
same(lambda a: torch.linalg.eigh(a)[1].abs(), definite)
same(lambda a: torch.linalg.svdvals(a), tall)
same(lambda a: torch.linalg.svd(a, full_matrices=False)[0].abs(), tall)
same(lambda a: torch.linalg.eigvals(a).abs().sort().values, square, gradient=False)
same(lambda a, b: torch.linalg.lstsq(a, b).solution, tall, torch.randn(2, 5, 2))
same(torch.linalg.matrix_exp, square)
same(torch.linalg.lu, square)
same(torch.linalg.pinv, tall)
same(torch.linalg.matrix_norm, tall)
same(lambda a: torch.linalg.matrix_norm(a, 2), tall)
same(torch.linalg.inv, complex_square)
raises(torch.linalg.LinAlgError, "singular", lambda: torch.linalg.inv(torch.zeros(2, 2, device="cuda")))
raises(torch.linalg.LinAlgError, "not positive-definite", lambda: torch.linalg.cholesky(-definite.cuda()))
raises(RuntimeError, "Low precision dtypes not supported. Got Half", lambda: torch.linalg.inv(square.cuda().half()))
raises(RuntimeError, "not implemented for 'BFloat16'", lambda: torch.linalg.cholesky(definite.cuda().bfloat16()))

signal = torch.randn(3, 12)
# Lines of a power of two have a kernel of their own, up to a length.
for n in (1, 2, 8, 64, 12, 7, 4096):
    same(lambda x: torch.fft.fft(x, n=n), signal)
    same(lambda x: torch.fft.ifft(torch.fft.fft(x.double(), n=n)).real, signal)
    same(lambda x: torch.fft.irfft(torch.fft.rfft(x, n=n), n=n), signal)
same(lambda x: torch.fft.fft2(x), torch.randn(2, 4, 6))
same(lambda x: torch.fft.ifftn(x, norm="ortho"), torch.randn(3, 4, dtype=torch.complex64))
same(lambda x: torch.stft(x, 4, window=torch.hann_window(4, device=x.device), return_complex=True), torch.randn(16))

z = torch.randn(4, 5, dtype=torch.complex64)
same(lambda a: (a * a.conj() + 2j * a).exp().sum(0), z)
same(lambda a: torch.view_as_real(a @ a.mH), z)
same(lambda a: (a.abs(), a.angle(), a.real, a.imag.t()), z)
assert str(torch.tensor([1 + 2j], device="cuda")) == "tensor([1.+2.j], device='cuda:0')"

x = torch.rand(6) + 0.5
same(torch.special.i0e, x)
same(torch.special.ndtri, x - 0.5)
same(lambda a, b: torch.special.gammainc(a, b), x, x + 1, gradient=False)
same(torch.special.zeta, x + 2, torch.ones(6), gradient=False)
same(lambda a: torch.polygamma(1, a), x)

# Random numbers that take an unknown number of draws: their means and deviations.
n = 4000


def check(sample, mean, variance):
    assert sample.is_cuda
    assert abs(sample.double().mean().item() - mean) < 5 * (variance / n) ** 0.5
    assert abs(sample.double().var().item() / variance - 1) < 0.3


for dtype in (torch.float32, torch.float64):
    def of(value):
        return torch.full((n,), float(value), device="cuda", dtype=dtype)

    for alpha in (0.3, 1, 5):
        check(torch._standard_gamma(of(alpha)), alpha, alpha)
    for rate in (0.5, 3, 40):
        check(torch.poisson(of(rate)), rate, rate)
    for count, prob in ((20, 0.1), (100, 0.7)):
        check(torch.binomial(of(count), of(prob)), count * prob, count * prob * (1 - prob))
torch.cuda.manual_seed(5)
first = torch.poisson(of(9.0)).tolist()
assert torch.poisson(of(9.0)).tolist() != first
torch.cuda.manual_seed(5)
assert torch.poisson(of(9.0)).tolist() == first
assert torch.distributions.Dirichlet(torch.ones(3, device="cuda")).rsample((5,)).sum(-1).allclose(torch.ones(5, device="cuda"))
alpha = torch.ones(4, device="cuda", requires_grad=True)
torch._standard_gamma(alpha).sum().backward()
assert alpha.grad.is_cuda and (alpha.grad > 0).all()
assert torch.poisson(torch.tensor([0.0, float("inf")], device="cuda")).tolist() == [0, float("inf")]
raises(RuntimeError, "invalid Poisson rate, expected rate to be non-negative", lambda: torch.poisson(-alpha.detach()).tolist())
print("all of it holds")
