"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""

from torch._gen import functions as _f

matmul = _f.matmul
matrix_exp = _f.matrix_exp

__all__ = [
    "matmul",
    "matrix_exp",
]
