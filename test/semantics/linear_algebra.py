"""torch.linalg: values where they are unique, products where signs are free, gradients, and the words of every error."""

import torch
from show import case, fails, gradients, ramp, show

L = torch.linalg
eye = torch.eye
tensor = torch.tensor


def matrices(*shape, seed=0):
    """Well-conditioned: noise beside a strong diagonal."""
    a = ramp(*shape, seed=seed) / 3
    n = min(shape[-2:])
    a[..., range(n), range(n)] += torch.arange(2.0, 2 + n, dtype=torch.float64)
    return a


def definite(*shape, seed=0):
    a = matrices(*shape, seed=seed)
    return a @ a.mT


def rounded(t):
    """Noise of the last digits becomes zero."""
    return torch.round(t * 1e8) / 1e8


A, B2, BB = matrices(3, 3), matrices(2, 3, 3, seed=1), matrices(2, 1, 4, 4, seed=2)
tall, wide = matrices(5, 3, seed=3), matrices(3, 5, seed=4)
vector, right = ramp(3, seed=5), ramp(3, 2, seed=6)
S, SB = definite(3, 3), definite(2, 4, 4, seed=1)
big = matrices(150, 150, seed=7) + 20 * eye(150, dtype=torch.float64)

print("-- equations")
for name in ("inv", "det", "slogdet", "cholesky", "eigvalsh", "svdvals", "matrix_exp", "pinv", "cond", "matrix_rank"):
    for label, a in {"A": S, "batch": SB, "f32": S.float(), "empty": torch.zeros(0, 0), "one": tensor([[4.0]])}.items():
        case(f"{name} {label}", lambda: getattr(L, name)(a))
case("inv nested", lambda: L.inv(BB))
case("inv_ex", lambda: L.inv_ex(A))
case("inv transposed", lambda: L.inv(A.T))
case("solve vector", lambda: L.solve(A, vector))
case("solve matrix", lambda: L.solve(A, right))
case("solve batch", lambda: L.solve(B2, right))
case("solve vectors of a batch", lambda: L.solve(B2, ramp(2, 3)))
case("solve right", lambda: L.solve(A, right.T, left=False))
case("solve broadcast", lambda: L.solve(A, ramp(4, 3, 2)))
case("solve_ex", lambda: L.solve_ex(A, right))
for upper in (False, True):
    for left in (False, True):
        for unit in (False, True):
            b = right if left else right.T
            case(
                f"solve_triangular {upper} {left} {unit}",
                lambda: L.solve_triangular(A, b, upper=upper, left=left, unitriangular=unit),
            )
case("solve_triangular batch", lambda: L.solve_triangular(B2, ramp(4, 1, 3, 2), upper=True))
case("large inverse", lambda: rounded(L.inv(big) @ big - eye(150, dtype=torch.float64)).abs().max())
case("large solve", lambda: L.solve(big, ramp(150, 70))[::37, ::23])
case("large triangle", lambda: L.solve_triangular(big, ramp(150, 70), upper=True)[::37, ::23])
case("large det", lambda: L.slogdet(big))
case("lu_factor", lambda: L.lu_factor(A))
case("lu_factor tall", lambda: L.lu_factor(tall))
case("lu_factor wide", lambda: L.lu_factor(wide))
case("lu_factor batch", lambda: L.lu_factor(B2.mT))
case("lu_factor_ex", lambda: L.lu_factor_ex(torch.ones(2, 2)))
case("lu", lambda: L.lu(BB.flip(-1)))
case("lu tall", lambda: L.lu(ramp(5, 3)))
case("lu wide", lambda: L.lu(wide.flip(0)))
LU, pivots = L.lu_factor(ramp(3, 3) + eye(3))
case("lu_solve", lambda: L.lu_solve(LU, pivots, right))
case("lu_solve adjoint", lambda: L.lu_solve(LU, pivots, right, adjoint=True))
case("lu_solve right", lambda: L.lu_solve(LU, pivots, right.T, left=False))
case("lu_solve right adjoint", lambda: L.lu_solve(LU, pivots, right.T, left=False, adjoint=True))
case("torch.lu", lambda: torch.lu(ramp(3, 3) + eye(3)))
case("torch.lu_solve", lambda: torch.lu_solve(right, LU, pivots))
case("torch.lu_unpack", lambda: torch.lu_unpack(LU, pivots))

print("-- factors")
case("cholesky upper", lambda: L.cholesky(S, upper=True))
case("cholesky_ex", lambda: L.cholesky_ex(S))
case("cholesky reads the lower triangle", lambda: L.cholesky(S.tril()))
case("large cholesky", lambda: L.cholesky(big @ big.T)[::37, ::23])
case("cholesky_solve", lambda: torch.cholesky_solve(right, L.cholesky(S)))
case("cholesky_solve upper", lambda: torch.cholesky_solve(right, L.cholesky(S, upper=True), upper=True))
case("cholesky_inverse", lambda: torch.cholesky_inverse(L.cholesky(S)))
case("cholesky_inverse upper", lambda: torch.cholesky_inverse(L.cholesky(S, upper=True), upper=True))
for mode in ("reduced", "complete", "r"):
    for label, a in {"square": A, "tall": tall, "wide": wide, "batch": B2, "empty": torch.zeros(3, 0)}.items():
        case(f"qr {mode} {label}", lambda: L.qr(a, mode))
case("torch.qr", lambda: torch.qr(tall))
case("geqrf", lambda: torch.geqrf(tall))
case("householder_product", lambda: L.householder_product(*torch.geqrf(tall)))
case("orgqr", lambda: torch.orgqr(*torch.geqrf(A)))
case("ormqr", lambda: torch.ormqr(*torch.geqrf(tall), ramp(5, 2)))

print("-- eigenvalues and singular values")
case("eigvalsh U", lambda: L.eigvalsh(S.triu(), "U"))
for label, a in {"A": S, "batch": SB, "one": tensor([[2.0]]), "same": eye(3), "zero": torch.zeros(2, 2)}.items():
    values, vectors = L.eigh(a)
    case(f"eigh {label}", lambda: values)
    case(f"eigh {label} back", lambda: rounded(vectors @ torch.diag_embed(values) @ vectors.mT - a).abs().max() < 1e-5)
    case(f"eigh {label} basis", lambda: rounded(vectors.mT @ vectors).abs().round())
for label, a in {"square": A, "tall": tall, "wide": wide, "batch": B2, "zero": torch.zeros(2, 3), "row": ramp(1, 4)}.items():
    for full in (True, False):
        U, values, Vh = L.svd(a, full_matrices=full)
        k = values.shape[-1]
        case(f"svd {label} {full}", lambda: (U.shape, values, Vh.shape))
        back = U[..., :k] @ torch.diag_embed(values) @ Vh[..., :k, :]
        case(f"svd {label} {full} back", lambda: (back - a).abs().max() < 1e-6)
        case(f"svd {label} {full} basis", lambda: ((U.mT @ U).round().abs(), (Vh @ Vh.mT).round().abs()))
case("svdvals tall", lambda: L.svdvals(tall))
case("torch.svd", lambda: torch.svd(tall)[1])
case("torch.svd shapes", lambda: tuple(t.shape for t in torch.svd(wide, some=False)))
case("large svd", lambda: L.svdvals(big)[::20])
case("large eigvalsh", lambda: L.eigvalsh(big + big.T)[::20])


def ordered(values):
    return sorted(((round(v.real, 5) + 0.0, round(v.imag, 5) + 0.0) for v in values.reshape(-1).tolist()))


turning = tensor([[0.0, 1, 0], [-1, 0, 0], [1, 2, 3]], dtype=torch.float64)
for label, a in {"real": S, "turning": turning, "A": A, "one": tensor([[3.0]]), "batch": B2, "ramp": ramp(6, 6)}.items():
    values, vectors = L.eig(a)
    case(f"eig {label}", lambda: (values.dtype, ordered(values)))
    a = a.to(values.dtype)
    case(f"eig {label} back", lambda: (a @ vectors - vectors * values.unsqueeze(-2)).abs().max() < 1e-5)
    case(f"eig {label} norms", lambda: L.vector_norm(vectors, dim=-2))
    case(f"eigvals {label}", lambda: ordered(L.eigvals(a)))
case("large eigvals", lambda: ordered(L.eigvals(big))[::30])

print("-- pseudo-inverse, ranks, norms")
low = tall[:, :1] @ wide[:1]
for label, a in {"tall": tall, "wide": wide, "low": low, "batch": B2}.items():
    case(f"pinv {label}", lambda: L.pinv(a))
    case(f"matrix_rank {label}", lambda: L.matrix_rank(a))
case("pinv rtol", lambda: L.pinv(tall, rtol=0.5))
case("pinv atol", lambda: L.pinv(tall, atol=3.0))
case("pinv hermitian", lambda: L.pinv(S, hermitian=True))
case("pinverse", lambda: torch.pinverse(tall))
case("matrix_rank atol", lambda: L.matrix_rank(tall, atol=3.0))
case("matrix_rank tol", lambda: L.matrix_rank(tall, 3.0))
case("matrix_rank hermitian", lambda: L.matrix_rank(S, hermitian=True))
for driver in (None, "gels", "gelsd", "gelss"):
    for label, a, b in (("tall", tall, ramp(5, 2)), ("wide", wide, ramp(3, 2)), ("batch", B2, ramp(2, 3, 1))):
        case(f"lstsq {label} {driver}", lambda: tuple(L.lstsq(a, b, driver=driver)))
case("lstsq low", lambda: L.lstsq(low, ramp(5, 2)).solution)
case("lstsq vectors", lambda: L.lstsq(B2, ramp(2, 3)).solution)
for ord in (None, 1, -1, 2, -2, 3, 0, 0.5, torch.inf, -torch.inf):
    case(f"vector_norm {ord}", lambda: L.vector_norm(tall, 2 if ord is None else ord))
    case(f"vector_norm {ord} dim", lambda: L.vector_norm(tall, 2 if ord is None else ord, dim=1, keepdim=True))
    case(f"norm {ord}", lambda: L.norm(tall, ord))
    case(f"norm vector {ord}", lambda: L.norm(vector, ord))
for ord in ("fro", "nuc", 1, -1, 2, -2, torch.inf, -torch.inf):
    case(f"matrix_norm {ord}", lambda: L.matrix_norm(B2, ord))
    case(f"matrix_norm {ord} dims", lambda: L.matrix_norm(B2, ord, dim=(0, 2), keepdim=True))
    case(f"cond {ord}", lambda: L.cond(A, ord))
case("cond", lambda: L.cond(tall))
case("cond singular", lambda: L.cond(torch.ones(2, 2), 1))
case("torch.norm nuc", lambda: torch.norm(tall, "nuc"))

print("-- products")
for n in (-2, -1, 0, 1, 2, 5):
    case(f"matrix_power {n}", lambda: L.matrix_power(A, n))
case("matrix_exp large", lambda: L.matrix_exp(3 * A))
case("torch.matrix_exp", lambda: torch.matrix_exp(B2))
case("cross", lambda: L.cross(ramp(2, 3), ramp(2, 3, seed=1)))
case("cross broadcast", lambda: L.cross(ramp(1, 3), ramp(2, 3, seed=1)))
case("vecdot", lambda: L.vecdot(ramp(2, 3), ramp(2, 3, seed=1)))
case("vecdot vectors", lambda: L.vecdot(vector, vector))
case("multi_dot", lambda: L.multi_dot([ramp(2, 5), ramp(5, 3), ramp(3, 4)]))
case("multi_dot vectors", lambda: L.multi_dot([ramp(5), ramp(5, 3), ramp(3)]))
case("chain_matmul", lambda: torch.chain_matmul(ramp(2, 5), ramp(5, 3)))
case("vander", lambda: L.vander(tensor([1.0, 2, 3])))
case("vander N", lambda: L.vander(tensor([[1, 2], [3, 4]]), N=4))
case("tensorinv", lambda: L.tensorinv(eye(6).reshape(6, 2, 3) * 2, ind=1))
case("tensorsolve", lambda: L.tensorsolve(eye(6).reshape(2, 3, 6) * 2, torch.ones(2, 3)))
case("diagonal", lambda: L.diagonal(B2, offset=1))
case("logdet", lambda: torch.logdet(S))
case("logdet negative", lambda: torch.logdet(-eye(3)))
case("det method", lambda: A.det())
case("inverse method", lambda: A.inverse())
case("out", lambda: L.inv(A, out=torch.empty(3, 3, dtype=torch.float64)))
case("trapezoid", lambda: torch.trapezoid(ramp(2, 4), dx=0.5))
case("trapz", lambda: torch.trapz(ramp(4), tensor([0.0, 1, 3, 4], dtype=torch.float64)))
case("repr", lambda: repr(L.inv_ex(eye(2))))
case("repr", lambda: repr(L.svd(eye(2))))

print("-- gradients")
gradients("inv", L.inv, A)
gradients("inv batch", L.inv, B2)
gradients("solve", L.solve, A, right)
gradients("solve vector", L.solve, A, vector)
gradients("solve right", lambda a, b: L.solve(a, b, left=False), A, right.T.contiguous())
gradients("solve broadcast", L.solve, B2, right)
gradients("solve_triangular", lambda a, b: L.solve_triangular(a, b, upper=True), A, right)
gradients(
    "solve_triangular unit", lambda a, b: L.solve_triangular(a, b, upper=False, unitriangular=True), A, right
)
gradients("det", L.det, B2)
gradients("slogdet", L.slogdet, B2)
gradients("logdet", torch.logdet, S)
gradients("cholesky", L.cholesky, S)
gradients("cholesky upper", lambda a: L.cholesky(a, upper=True), S)
gradients("cholesky_solve", lambda a, b: torch.cholesky_solve(b, a), L.cholesky(S), right)
gradients("cholesky_inverse", torch.cholesky_inverse, L.cholesky(S), twice=False)
gradients("qr", L.qr, A)
gradients("qr tall", L.qr, tall)
gradients("qr wide", L.qr, wide)
gradients("qr complete", lambda a: L.qr(a, "complete"), A, twice=False)
gradients("lu_factor", lambda a: L.lu_factor(a)[0], A)
gradients("lu_factor tall", lambda a: L.lu_factor(a)[0], tall, twice=False)
gradients("lu_factor wide", lambda a: L.lu_factor(a)[0], wide, twice=False)
gradients("lu_solve", lambda a, b: L.lu_solve(*L.lu_factor(a), b), A, right, twice=False)
gradients("eigvalsh", L.eigvalsh, S)
gradients("eigh", lambda a: L.eigh(a)[1] ** 2, S)
gradients("svdvals", L.svdvals, tall)
gradients("svd", lambda a: (lambda u, s, v: u @ torch.diag(s**2) @ v)(*L.svd(a, full_matrices=False)), tall)
gradients("svd wide", lambda a: (lambda u, s, v: u @ torch.diag(s**2) @ v)(*L.svd(a, full_matrices=False)), wide)
gradients("svd squares", lambda a: L.svd(a)[0][:, :2] ** 2, A, twice=False)
gradients("pinv", L.pinv, tall)
gradients("pinv wide", L.pinv, wide, twice=False)
gradients("lstsq", lambda a, b: L.lstsq(a, b)[0], tall, ramp(5, 2), twice=False)
gradients("matrix_exp", L.matrix_exp, A / 3)
gradients("matrix_power", lambda a: L.matrix_power(a, 3), A)
gradients("multi_dot", lambda a, b: L.multi_dot([a, b, a]), A, A)
gradients("eigvals", lambda a: L.eigvals(a).abs().sum(), A, twice=False)
gradients("eig", lambda a: (L.eig(a)[1].abs() ** 2).sum(-1), ramp(4, 4), twice=False)
gradients("matrix_norm nuc", lambda a: L.matrix_norm(a, "nuc"), tall)
gradients("matrix_norm 2", lambda a: L.matrix_norm(a, 2), tall)
gradients("cond", lambda a: L.cond(a), tall)
gradients("householder", lambda a, t: L.householder_product(a, t), *torch.geqrf(tall), twice=False)
print(L.inv(A.clone().requires_grad_()).grad_fn.name(), L.solve(A.clone().requires_grad_(), right).grad_fn.name())

print("-- errors")
zero, flat, ints = torch.zeros(2, 2), torch.zeros(2, 3), eye(2, dtype=torch.int64)
batch = torch.stack([eye(3), torch.zeros(3, 3)])
inputs = {"zero": zero, "batch": batch, "ints": ints, "vector": torch.zeros(3), "flat": flat, "half": eye(2).half()}
names = "inv det slogdet cholesky eigh eigvalsh eig eigvals svd svdvals pinv qr matrix_rank lu_factor inv_ex cholesky_ex"
for name in names.split():
    for label, a in inputs.items():
        if label in ("ints", "vector", "half") or name not in ("eigh", "eig", "svd", "qr", "inv_ex", "cholesky_ex"):
            fails(f"{name} {label}", lambda: getattr(L, name)(a))
fails("matrix_exp ints", lambda: L.matrix_exp(ints))
fails("matrix_exp flat", lambda: L.matrix_exp(flat))
fails("solve zero", lambda: L.solve(zero, zero))
fails("solve batch", lambda: L.solve(batch, batch))
fails("solve shapes", lambda: L.solve(eye(3), flat))
fails("solve dtypes", lambda: L.solve(eye(2), flat.double()))
fails("solve flat", lambda: L.solve(flat, flat))
fails("solve ints", lambda: L.solve(ints, ints))
fails("triangle shapes", lambda: L.solve_triangular(eye(3), flat, upper=True))
fails("triangle flat", lambda: L.solve_triangular(flat, flat, upper=True))
fails("triangle vector", lambda: L.solve_triangular(eye(2), torch.ones(2), upper=True))
fails("multi_dot one", lambda: L.multi_dot([flat]))
fails("cross two", lambda: L.cross(torch.zeros(2), torch.zeros(2)))
fails("cross ranks", lambda: L.cross(torch.zeros(3), torch.zeros(3, 3)))
fails("lstsq", lambda: L.lstsq(zero, torch.zeros(3)))
fails("vecdot", lambda: L.vecdot(torch.zeros(2), torch.zeros(3)))
fails("matrix_power", lambda: L.matrix_power(flat, 2))
fails("matrix_power singular", lambda: L.matrix_power(zero, -1))
fails("cholesky negative", lambda: L.cholesky(-eye(3)))
fails("cholesky_inverse", lambda: torch.cholesky_inverse(flat))
fails("norm fro", lambda: L.norm(torch.zeros(2, 2, 2), "fro"))
fails("norm abc", lambda: L.norm(flat, "abc"))
fails("matrix_norm 3", lambda: L.matrix_norm(flat, 3))
fails("vector_norm ints", lambda: L.vector_norm(ints))
fails("vector_norm empty", lambda: L.vector_norm(torch.zeros(0), torch.inf))
fails("vector_norm empty", lambda: L.vector_norm(torch.zeros(0), -1))
fails("cond flat", lambda: L.cond(flat, 1))
fails("qr mode", lambda: L.qr(flat, "x"))
fails("eigh UPLO", lambda: L.eigh(zero, "X"))
fails("tensorinv", lambda: L.tensorinv(flat))
fails("tensorsolve", lambda: L.tensorsolve(flat, torch.zeros(2)))
fails("logdet", lambda: torch.logdet(flat))
fails("qr complete gradient", lambda: L.qr(tall.clone().requires_grad_(), "complete")[0].sum().backward())
fails("svd full gradient", lambda: L.svd(tall.clone().requires_grad_())[0].sum().backward())
try:
    L.inv(zero)
except L.LinAlgError as error:
    print(type(error).__name__, isinstance(error, RuntimeError), error)
