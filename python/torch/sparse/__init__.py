"""torch.sparse: sparse layouts do not exist here; what works on dense tensors under these names does."""

import torch
from torch._missing import _refusing

WHY = "tensors here are dense (torch.strided); a sparse layout would need kernels of its own"


def mm(mat1, mat2, *options):
    return torch.mm(mat1, mat2)


def addmm(mat, mat1, mat2, *, beta=1.0, alpha=1.0):
    return torch.addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def sum(input, dim=None, dtype=None):
    return input.sum(dtype=dtype) if dim is None else input.sum(dim, dtype=dtype)


def softmax(input, dim, *, dtype=None):
    return torch.softmax(input, dim, dtype=dtype)


def log_softmax(input, dim, *, dtype=None):
    return torch.log_softmax(input, dim, dtype=dtype)


for _name in ("sampled_addmm", "spdiags", "spsolve", "to_sparse_semi_structured", "as_sparse_gradcheck"):
    globals()[_name] = _refusing("torch.sparse", _name, WHY)
check_sparse_tensor_invariants = _refusing("torch.sparse", "check_sparse_tensor_invariants", WHY)
