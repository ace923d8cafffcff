"""torch.linalg: factorizations, equations, eigenvalues and norms of matrices and batches of them."""

import math

import _core
from torch import _C
from torch._C import _LinAlgError as LinAlgError
from torch._C import _named_result, _write_out
from torch._gen import functions as _f
from torch._gen.linalg import *

_inv_ex = _named_result("linalg_inv_ex", ("inverse", "info"))
_solve_ex = _named_result("linalg_solve_ex", ("result", "info"))
_cholesky_ex = _named_result("linalg_cholesky_ex", ("L", "info"))
_lu_factor_result = _named_result("linalg_lu_factor", ("LU", "pivots"))
_lu_factor_ex_result = _named_result("linalg_lu_factor_ex", ("LU", "pivots", "info"))
_lu_result = _named_result("linalg_lu", ("P", "L", "U"))
_slogdet_result = _named_result("linalg_slogdet", ("sign", "logabsdet"))
_qr_result = _named_result("linalg_qr", ("Q", "R"))
_eigh_result = _named_result("linalg_eigh", ("eigenvalues", "eigenvectors"))
_eig_result = _named_result("linalg_eig", ("eigenvalues", "eigenvectors"))
_svd_result = _named_result("linalg_svd", ("U", "S", "Vh"))
_lstsq_result = _named_result("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"))


def _into(out, result):
    return result if out is None else _write_out(out, result)


def _into_all(out, result):
    if out is None:
        return result
    return type(result)(*(_write_out(o, r) for o, r in zip(out, result)))


def _check_square(A, name):
    if A.dim() < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    m, n = A.shape[-2:]
    if m != n:
        raise RuntimeError(f"{name}: A must be batches of square matrices, but they are {m} by {n} matrices")


# Equations


def inv(A, *, out=None):
    return _into(out, _f._linalg_inv(A, True)[0])


def inv_ex(A, *, check_errors=False, out=None):
    return _into_all(out, _inv_ex(*_f._linalg_inv(A, bool(check_errors))))


def solve(A, B, *, left=True, out=None):
    return _into(out, _f._linalg_solve(A, B, bool(left), True)[0])


def solve_ex(A, B, *, left=True, check_errors=False, out=None):
    return _into_all(out, _solve_ex(*_f._linalg_solve(A, B, bool(left), bool(check_errors))))


def solve_triangular(A, B, *, upper, left=True, unitriangular=False, out=None):
    return _into(out, _f._linalg_solve_triangular(A, B, bool(upper), bool(left), bool(unitriangular)))


def det(A, *, out=None):
    return _into(out, _f._linalg_det(A)[0])


def slogdet(A, *, out=None):
    return _into_all(out, _slogdet_result(*_f._linalg_slogdet(A)[:2]))


def _lu(A, pivot):
    if not pivot:
        raise NotImplementedError("an LU factorization without pivoting is not supported yet; docs/ops.md lists what is")
    return _f._linalg_lu_factor_ex(A)


def lu_factor_ex(A, *, pivot=True, check_errors=False, out=None):
    if A.dim() < 2:
        raise RuntimeError(f"torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    LU, pivots, info = _lu(A, pivot)
    if check_errors and not A.is_meta:
        for i, at in enumerate(info.reshape(-1).tolist()):
            if at:
                batch = f"(Batch element {i}): " if A.dim() > 2 else ""
                raise RuntimeError(
                    f"torch.linalg.lu_factor: {batch}U[{at},{at}] is zero and using it on lu_solve would result in a division by "
                    "zero. If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
                    "linalg.lu_factor_ex(A, pivot)"
                )
    return _into_all(out, _lu_factor_ex_result(LU, pivots, info))


def lu_factor(A, *, pivot=True, out=None):
    LU, pivots, _ = lu_factor_ex(A, pivot=pivot, check_errors=True)
    return _into_all(out, _lu_factor_result(LU, pivots))


def _unpack_lu(LU, pivots, unpack_data=True, unpack_pivots=True):
    import torch

    m, n = LU.shape[-2:]
    k = min(m, n)
    P = L = U = LU.new_empty(0)
    if unpack_data:
        L = LU[..., :, :k].tril(-1) + torch.eye(m, k, dtype=LU.dtype, device=LU.device)
        U = LU[..., :k, :].triu()
    if unpack_pivots:
        eye = torch.eye(m, dtype=LU.dtype, device=LU.device).expand(LU.shape[:-2] + (m, m))
        P = _f._linalg_swap_rows(eye, pivots, True)
    return P, L, U


def lu(A, *, pivot=True, out=None):
    if A.dim() < 2:
        raise RuntimeError(f"linalg.lu: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    LU, pivots, _ = _lu(A, pivot)
    return _into_all(out, _lu_result(*_unpack_lu(LU, pivots)))


def lu_solve(LU, pivots, B, *, left=True, adjoint=False, out=None):
    return _into(out, _f._linalg_lu_solve(LU, pivots, B, bool(left), bool(adjoint)))


def cholesky(A, *, upper=False, out=None):
    return _into(out, _f._linalg_cholesky(A, bool(upper), True)[0])


def cholesky_ex(A, *, upper=False, check_errors=False, out=None):
    return _into_all(out, _cholesky_ex(*_f._linalg_cholesky(A, bool(upper), bool(check_errors))))


def qr(A, mode="reduced", *, out=None):
    return _into_all(out, _qr_result(*_f._linalg_qr(A, mode)))


def householder_product(A, tau, *, out=None):
    """The first columns of a product of reflections. Under the tape it is composed of them, one by one."""
    import torch

    if A.dim() < 2:
        raise RuntimeError("torch.linalg.householder_product: input must have at least 2 dimensions.")
    m, n = A.shape[-2:]
    k = tau.shape[-1]
    if m < n:
        raise RuntimeError("torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if n < k:
        raise RuntimeError("torch.linalg.householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if not (torch.is_grad_enabled() and (A.requires_grad or tau.requires_grad)):
        return _into(out, _f._householder_product(A, tau))
    q = torch.eye(m, n, dtype=A.dtype, device=A.device).expand(A.shape)
    for i in range(k - 1, -1, -1):
        q = q - tau[..., i, None, None] * _reflector(A, i) @ (_reflector(A, i).mH @ q)
    return _into(out, q)


def _reflector(A, i):
    """v of the i-th reflection: zeros, a one, and what stands below the diagonal."""
    import torch

    head = torch.zeros(A.shape[:-2] + (i + 1, 1), dtype=A.dtype, device=A.device)
    head[..., i, :] = 1
    return torch.cat([head, A[..., i + 1 :, i : i + 1]], -2)


def lstsq(A, B, rcond=None, *, driver=None):
    """The solution of least squares and least norm."""
    import torch

    name = "torch.linalg.lstsq"
    if A.dim() < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if B.dim() < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if A.dtype is not B.dtype:
        raise RuntimeError(f"{name}: Expected input and other to have the same dtype, but got input's dtype {_word(A)} and other's dtype {_word(B)}")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    is_vector = B.dim() == A.dim() - 1 and B.shape == A.shape[:-1]
    if is_vector or B.dim() == 1:
        if A.shape[-2] != B.shape[-1]:
            raise RuntimeError(f"{name}: input.size(-2) should match other.size(-1)")
        right = B.unsqueeze(-1)
    else:
        if A.shape[-2] != B.shape[-2]:
            raise RuntimeError(f"{name}: input.size(-2) should match other.size(-2)")
        right = B
    driver = driver or "gelsy"
    m, n = A.shape[-2:]
    rcond = torch.finfo(A.dtype).eps * max(m, n) if rcond is None else rcond
    with torch.no_grad():
        values = svdvals(A)
        largest = values[..., :1] if values.shape[-1] else values
        rank = (values > rcond * largest).sum(-1)
        is_full = not A.is_meta and bool((rank == min(m, n)).all())
    if is_full and m >= n:
        Q, R = qr(A)
        solution = solve_triangular(R, Q.mH @ right, upper=True)
    elif is_full:
        Q, R = qr(A.mH)
        solution = Q @ solve_triangular(R.mH, right, upper=False)
    else:
        solution = pinv(A, rtol=rcond) @ right
    residuals = A.new_empty(0)
    if m > n and driver != "gelsy" and is_full:
        difference = A @ solution - right
        residuals = (difference.abs() ** 2).sum(-2)
    rank = rank if driver != "gels" else torch.empty(0, dtype=torch.int64)
    shown = values if driver in ("gelsd", "gelss") else values.new_empty(0)
    return _lstsq_result(solution.squeeze(-1) if right is not B else solution, residuals, rank, shown)


def _word(t):
    return t.type().partition("torch.")[2].removesuffix("Tensor")


# Eigenvalues and singular values


def eigh(A, UPLO="L", *, out=None):
    return _into_all(out, _eigh_result(*_f._linalg_eigh(A, UPLO, True)))


def eigvalsh(A, UPLO="L", *, out=None):
    return _into(out, _f._linalg_eigh(A, UPLO, False)[0])


def eig(A, *, out=None):
    return _into_all(out, _eig_result(*_f._linalg_eig(A, True)))


def eigvals(A, *, out=None):
    return _into(out, _f._linalg_eig(A, False)[0])


def svd(A, full_matrices=True, *, driver=None, out=None):
    _check_driver(driver)
    return _into_all(out, _svd_result(*_f._linalg_svd(A, bool(full_matrices), True)))


def svdvals(A, *, driver=None, out=None):
    _check_driver(driver)
    return _into(out, _f._linalg_svd(A, False, False)[1])


def _check_driver(driver):
    if driver is not None:
        raise RuntimeError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")


def _tolerance(A, values, atol, rtol, rcond=None):
    """Below which a singular value counts as zero: the larger of atol and rtol times the largest one."""
    import torch

    if rcond is not None:
        rtol = rcond
    with torch.no_grad():
        largest = values.amax(-1) if values.shape[-1] else values.sum(-1)
        if rtol is None:
            has_atol = atol is not None and (isinstance(atol, torch.Tensor) or atol > 0)
            rtol = 0.0 if has_atol and not isinstance(atol, torch.Tensor) else torch.finfo(A.dtype).eps * max(A.shape[-2:])
            if isinstance(atol, torch.Tensor):
                rtol = torch.where(atol > 0, 0.0, rtol)
        atol = 0.0 if atol is None else atol
        scaled = largest * rtol
        return torch.maximum(scaled, torch.as_tensor(atol, dtype=scaled.dtype, device=scaled.device).expand(scaled.shape))


def pinv(A, rcond=None, hermitian=False, *, atol=None, rtol=None, out=None):
    import torch

    if A.dim() < 2 or A.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise RuntimeError(
            f"linalg.pinv({_word(A)}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of float, double, cfloat or "
            "cdouble types"
        )
    if A.numel() == 0:
        return _into(out, A.new_empty(A.shape[:-2] + (A.shape[-1], A.shape[-2])))
    with torch.no_grad():
        values = eigvalsh(A).abs() if hermitian else svdvals(A)
    return _into(out, _f._linalg_pinv(A, _tolerance(A, values, atol, rtol, rcond), bool(hermitian)))


def matrix_rank(A, tol=None, hermitian=False, *, atol=None, rtol=None, out=None):
    import torch

    if A.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise RuntimeError("This function doesn't handle types other than float and double")
    if A.dim() < 2:
        raise RuntimeError("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    if tol is not None:
        atol, rtol = tol, 0.0
    with torch.no_grad():
        values = eigvalsh(A).abs() if hermitian else svdvals(A)
        rank = (values > _tolerance(A, values, atol, rtol).unsqueeze(-1)).sum(-1)
    return _into(out, rank)


# Products


def matrix_power(A, n, *, out=None):
    _check_square(A, "linalg.matrix_power")
    return _into(out, _f_matrix_power(inv(A) if n < 0 else A, abs(n)))


def _f_matrix_power(A, n):
    from torch import _products

    return _products.matrix_power(A, n)


def cross(input, other, *, dim=-1, out=None):
    import torch

    if input.dim() != other.dim():
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}")
    return _into(out, torch.cross(input, other, dim=dim))


def vecdot(x, y, *, dim=-1, out=None):
    if not (x.dtype.is_floating_point or x.dtype.is_complex):
        raise RuntimeError(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {_word(x)}")
    if x.dim() == 1 and y.dim() == 1:
        return _into(out, _f.dot(x.conj(), y))
    return _into(out, (x.conj() * y).sum(dim))


def multi_dot(tensors, *, out=None):
    """A chain of products in the order that costs least."""
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    first, last = tensors[0], tensors[-1]
    if first.dim() not in (1, 2) or last.dim() not in (1, 2):
        raise RuntimeError(f"multi_dot(): the first and last tensors must be 1D or 2D but got {first.dim()}D and {last.dim()}D")
    for i, t in enumerate(tensors[1:-1], 1):
        if t.dim() != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {t.dim()}D")
    tensors[0] = first.unsqueeze(0) if first.dim() == 1 else first
    tensors[-1] = last.unsqueeze(1) if last.dim() == 1 else last
    for i, (a, b) in enumerate(zip(tensors, tensors[1:])):
        if a.shape[1] != b.shape[0]:
            raise RuntimeError(f"multi_dot(): tensors {i} and {i + 1} with shapes {list(a.shape)} and {list(b.shape)} cannot be multiplied")
    product = _multiply_chain(tensors, _best_splits([t.shape[0] for t in tensors] + [tensors[-1].shape[1]]), 0, len(tensors) - 1)
    if last.dim() == 1:
        product = product.squeeze(1)
    if first.dim() == 1:
        product = product.squeeze(0)
    return _into(out, product)


def _best_splits(sizes):
    """splits[i, j]: after which matrix the chain i..j is cut."""
    n = len(sizes) - 1
    costs = {(i, i): 0 for i in range(n)}
    splits = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            choices = [(costs[i, k] + costs[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            costs[i, j], splits[i, j] = min(choices)
    return splits


def _multiply_chain(tensors, splits, i, j):
    if i == j:
        return tensors[i]
    k = splits[i, j]
    return _f.matmul(_multiply_chain(tensors, splits, i, k), _multiply_chain(tensors, splits, k + 1, j))


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    return _f.diagonal(A, offset, dim1, dim2)


def vander(x, N=None):
    import torch

    if N is not None and N <= 0:
        raise RuntimeError(f"N must be greater than 1.")
    n = x.shape[-1] if N is None else N
    ones = torch.ones_like(x).unsqueeze(-1)
    if n == 1:
        return ones
    return torch.cat([ones, torch.cumprod(x.unsqueeze(-1).expand(x.shape + (n - 1,)), -1)], -1)


def tensorinv(A, ind=2, *, out=None):
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    rows, columns = math.prod(A.shape[:ind]), math.prod(A.shape[ind:])
    if rows != columns:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {columns} != {rows}"
        )
    return _into(out, inv(A.reshape(rows, columns)).reshape(A.shape[ind:] + A.shape[:ind]))


def tensorsolve(A, B, dims=None, *, out=None):
    if dims is not None:
        rest = [d for d in range(A.dim()) if d not in [x % A.dim() for x in dims]]
        A = A.permute(*rest, *[x % A.dim() for x in dims])
    rows, columns = math.prod(A.shape[: B.dim()]), math.prod(A.shape[B.dim() :])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
            f"{columns} != {rows}"
        )
    return _into(out, solve(A.reshape(rows, columns), B.flatten()).reshape(A.shape[B.dim() :]))


# Norms


def _check_numbers(t, name):
    if not (t.dtype.is_floating_point or t.dtype.is_complex):
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {_word(t)}")


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None):
    _check_numbers(x, "linalg.vector_norm")
    if x.numel() == 0 and (ord < 0 or ord == math.inf):
        reduced = x.shape if dim is None else [x.shape[d] for d in ([dim] if isinstance(dim, int) else dim)]
        if 0 in tuple(reduced):
            shown = f"{ord:g}" if isinstance(ord, float) else str(ord)
            what = "tensor" if dim is None else f"the dimension {dim}"
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {shown} norm on an empty tensor because the operation does not have an identity"
            )
    if x.dtype.is_complex:
        x = x.abs() if dtype is None else x.to(dtype).abs()
        dtype = None
    return _into(out, x.norm(ord, dim, keepdim, dtype))


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None, out=None):
    name = "linalg.matrix_norm"
    _check_numbers(A, name)
    if A.dim() < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {dim}")
    if isinstance(ord, str) and ord not in ("fro", "nuc") or not isinstance(ord, str) and abs(ord) not in (1, 2, math.inf):
        raise RuntimeError(f"{name}: Order {ord} not supported.")
    rows, columns = (d % A.dim() for d in dim)
    if rows == columns:
        raise RuntimeError(f"{name}: dims must be different. Got ({dim[0]}, {dim[1]})")
    if dtype is not None:
        A = A.to(dtype)
    if ord == "fro":
        return _into(out, vector_norm(A, 2, dim, keepdim))
    if ord in (2, -2, "nuc"):
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        found = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord > 0 else values.amin(-1)
        if keepdim:
            for d in sorted((rows, columns)):
                found = found.unsqueeze(d)
        return _into(out, found)
    summed, picked = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = A.abs().sum(summed, True)
    found = sums.amax(picked, True) if ord > 0 else sums.amin(picked, True)
    return _into(out, found if keepdim else found.squeeze((rows, columns)))


def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None, out=None):
    _check_numbers(A, "linalg.norm")
    if dim is None and ord is not None and A.dim() not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.dim()}D.")
    n = A.dim() if dim is None else 1 if isinstance(dim, int) else len(dim)
    if ord is not None and (n == 2 or isinstance(ord, str)):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype, out=out)
    if dim is not None and n > 2 and ord is not None:
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype, out=out)


def cond(A, p=None, *, out=None):
    if A.dim() < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is None or p in (2, -2):
        values = svdvals(A)
        if A.numel() == 0:
            return _into(out, values.new_zeros(values.shape[:-1]))
        return _into(out, values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1])
    m, n = A.shape[-2:]
    if m != n:
        raise RuntimeError(f"linalg.cond(ord={p}): A must be batches of square matrices, but they are {m} by {n} matrices")
    if A.numel() == 0:
        return _into(out, A.abs().new_zeros(A.shape[:-2]))
    inverse, info = inv_ex(A)
    product = matrix_norm(A, p) * matrix_norm(inverse, p)
    return _into(out, product.masked_fill(info > 0, math.inf))


from torch import _known, _missing

__getattr__ = _missing.missing_from("torch.linalg", _known.LINALG)
