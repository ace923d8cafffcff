"""Linear algebra under its older names: torch.inverse, torch.svd, torch.cholesky_solve and their methods of Tensor."""

from torch import linalg
from torch._C import _named_result
from torch._gen import functions as _f
from torch.linalg import _into

_svd_result = _named_result("svd", ("U", "S", "V"))
_qr_result = _named_result("qr", ("Q", "R"))
_slogdet_result = _named_result("slogdet", ("sign", "logabsdet"))
_geqrf_result = _named_result("geqrf", ("a", "tau"))
_lu_unpack_result = _named_result("lu_unpack", ("P", "L", "U"))
_triangular_result = _named_result("triangular_solve", ("solution", "cloned_coefficient"))


def inverse(input, *, out=None):
    return linalg.inv(input, out=out)


def det(input):
    return linalg.det(input)


def slogdet(input, *, out=None):
    return linalg._into_all(out, _slogdet_result(*linalg.slogdet(input)))


def logdet(input):
    """The logarithm of the determinant; NaN where that is negative."""
    linalg._check_square(input, "logdet")
    linalg._check_numbers(input, "logdet")
    sign, size = linalg.slogdet(input)
    if input.dtype.is_complex:
        return sign.log() + size
    return size.masked_fill(sign == -1, float("nan")) if size.requires_grad else _f._where(sign == -1, float("nan"), size)


def cholesky(input, upper=False, *, out=None):
    return linalg.cholesky(input, upper=upper, out=out)


def cholesky_solve(input, L, upper=False, *, out=None):
    """X of A X = input, from the Cholesky factor of A."""
    if input.dim() < 2:
        raise RuntimeError(f"b should have at least 2 dimensions, but has {input.dim()} dimensions instead")
    if L.dim() < 2:
        raise RuntimeError(f"u should have at least 2 dimensions, but has {L.dim()} dimensions instead")
    if L.shape[-1] != L.shape[-2]:
        raise RuntimeError(f"A must be batches of square matrices, but they are {L.shape[-2]} by {L.shape[-1]} matrices")
    if L.shape[-2] != input.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {L.shape[-1]} by {L.shape[-1]} but each b matrix is "
            f"{input.shape[-2]} by {input.shape[-1]}"
        )
    return _into(out, _f._cholesky_solve(input, L, bool(upper)))


def cholesky_inverse(input, upper=False, *, out=None):
    linalg._check_square(input, "cholesky_inverse")
    return _into(out, _f._cholesky_inverse(input, bool(upper)))


def svd(input, some=True, compute_uv=True, *, out=None):
    """The older form: V instead of its adjoint."""
    import torch

    if not compute_uv:
        m, n = input.shape[-2:]
        values = linalg.svdvals(input)
        zeros = [input.new_zeros(input.shape[:-2] + (k, k)) for k in (m, n)]
        return _svd_result(zeros[0], values, zeros[1])
    U, S, Vh = linalg.svd(input, full_matrices=not some)
    return linalg._into_all(out, _svd_result(U, S, Vh.mH))


def qr(input, some=True, *, out=None):
    return linalg._into_all(out, _qr_result(*linalg.qr(input, "reduced" if some else "complete")))


def pinverse(input, rcond=1e-15):
    return linalg.pinv(input, rcond)


def lu(A, pivot=True, get_infos=False, out=None):
    LU, pivots, info = linalg.lu_factor_ex(A, pivot=pivot)
    return (LU, pivots, info) if get_infos else (LU, pivots)


def lu_solve(b, LU_data, LU_pivots, *, out=None):
    return linalg.lu_solve(LU_data, LU_pivots, b, out=out)


def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True, *, out=None):
    return linalg._into_all(out, _lu_unpack_result(*linalg._unpack_lu(LU_data, LU_pivots, unpack_data, unpack_pivots)))


def geqrf(input, *, out=None):
    return linalg._into_all(out, _geqrf_result(*_f._geqrf(input)))


def orgqr(input, input2):
    return linalg.householder_product(input, input2)


def ormqr(input, tau, other, left=True, transpose=False):
    """other times the square Q of a QR factorization, or its adjoint."""
    import torch

    m, k = input.shape[-2], tau.shape[-1]
    room = input.new_zeros(input.shape[:-2] + (m, m - k))
    Q = linalg.householder_product(torch.cat([input[..., :k], room], -1), tau)
    Q = Q.mH if transpose else Q
    return Q @ other if left else other @ Q


def triangular_solve(b, A, upper=True, transpose=False, unitriangular=False, *, out=None):
    matrix = A.mT if transpose else A
    solution = linalg.solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    return linalg._into_all(out, _triangular_result(solution, A.clone()))


def nuclear_norm(input, dim=(-2, -1), keepdim=False):
    return linalg.matrix_norm(input, "nuc", dim, keepdim)


def frobenius_norm(input, dim=(), keepdim=False):
    return linalg.vector_norm(input, 2, dim or None, keepdim)


def _gone(name, advice):
    def refuse(*args, **kwargs):
        raise RuntimeError(f"This function was deprecated since version 1.9 and is now removed. {advice}")

    refuse.__name__ = name
    return refuse


eig = _gone(
    "eig", "`torch.linalg.eig` returns complex tensors of dtype `cfloat` or `cdouble` rather than real tensors mimicking complex tensors."
)
lstsq = _gone(
    "lstsq",
    "`torch.linalg.lstsq` has reversed arguments and does not return the QR decomposition in the returned tuple (although it "
    "returns other information about the problem).",
)
matrix_rank = _gone(
    "matrix_rank",
    "Please use the `torch.linalg.matrix_rank` function instead. The parameter 'symmetric' was renamed in "
    "`torch.linalg.matrix_rank` to 'hermitian'.",
)
symeig = _gone(
    "symeig",
    "The default behavior has changed from using the upper triangular portion of the matrix by default to using the lower "
    "triangular portion.",
)

_FUNCTIONS = """
    inverse det slogdet logdet cholesky cholesky_solve cholesky_inverse svd qr pinverse lu_solve geqrf orgqr ormqr
    triangular_solve
""".split()


def install(cls, namespace):
    """Methods of Tensor, and names of torch."""
    here = globals()
    for name in _FUNCTIONS:
        if name != "lu_solve":
            setattr(cls, name, here[name])
        namespace[name] = here[name]
    cls.lu_solve = lu_solve
    cls.lu = lambda self, pivot=True, get_infos=False: lu(self, pivot, get_infos)
    for name in ("lu", "lu_unpack", "nuclear_norm", "frobenius_norm", "eig", "lstsq", "matrix_rank", "symeig"):
        namespace[name] = here[name]
