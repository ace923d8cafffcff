"""Complex tensors in Python: conjugates, parts that can be assigned, and the constructors of torch.complex and its kin."""

from torch._C import _write_out
from torch._gen import functions as _f


def conj(input):
    """The complex conjugate, computed at once; a real tensor itself."""
    return _f._conj(input) if input.dtype.is_complex else input


def conj_physical(input, *, out=None):
    # Real numbers are their own conjugates: the tensor itself comes back.
    result = _f.conj_physical(input) if input.dtype.is_complex else input
    return result if out is None else _write_out(out, result)


def conj_physical_(input):
    return input.copy_(_f.conj_physical(input)) if input.dtype.is_complex else input


def isreal(input):
    if input.dtype.is_complex:
        return _f.imag(input) == 0
    return _f.isnan(input) | True


def adjoint(input):
    if input.dim() == 1:
        raise RuntimeError(
            "tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return conj(input.transpose(-2, -1) if input.dim() else input)


def _conjugate_transpose_of_matrix(input):
    if input.dim() not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {input.dim()}-D tensor.")
    return adjoint(input)


def _set_real(input, value):
    _f.real(input).copy_(value)


def _set_imag(input, value):
    _f.imag(input).copy_(value)


def install(cls):
    """Give Tensor what is in this file."""
    for function in (conj, conj_physical, conj_physical_, isreal, adjoint):
        setattr(cls, function.__name__, function)
    cls.real = property(lambda input: _f.real(input) if input.dtype.is_complex else input, _set_real)
    cls.imag = property(_f.imag, _set_imag)
    cls.H = property(_conjugate_transpose_of_matrix)
    cls.mH = property(adjoint)


def real_value(tensor, kind):
    """The value for Python's float() and int(): a complex one must have no imaginary part."""
    value = tensor.item()
    if not isinstance(value, complex):
        return value
    if value.imag:
        raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
    return value.real
