"""What Python's operators do with a tensor: each is an op, or NotImplemented where the other side is no number."""

from torch._C import TensorBase, _kind_of
from torch._dtype import bool_
from torch._gen import functions as _f


# Operands that need no look; torch._tensor adds its class.
_USUAL = {int, float}


class TensorOperators(TensorBase):
    """Between what a tensor is made of and what it offers by name."""

    __slots__ = ()

    def __add__(self, other):
        return _f.add(self, other) if type(other) in _USUAL or _is_operand(other) else NotImplemented

    __radd__ = __add__

    def __sub__(self, other):
        return _f.sub(self, other) if type(other) in _USUAL or _is_operand(other) else NotImplemented

    def __rsub__(self, other):
        return _f.rsub(self, other) if _is_operand(other) else NotImplemented

    def __mul__(self, other):
        return _f.mul(self, other) if type(other) in _USUAL or _is_operand(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other):
        return _f.true_divide(self, other) if type(other) in _USUAL or _is_operand(other) else NotImplemented

    def __rtruediv__(self, other):
        return _f._rdiv(self, other) if _is_operand(other) else NotImplemented

    def __floordiv__(self, other):
        return _f.floor_divide(self, other) if _is_operand(other) else NotImplemented

    def __rfloordiv__(self, other):
        return _f._rfloordiv(self, other) if _is_operand(other) else NotImplemented

    def __mod__(self, other):
        return _f.remainder(self, other) if _is_operand(other) else NotImplemented

    def __rmod__(self, other):
        return _f._rremainder(self, other) if _is_operand(other) else NotImplemented

    def __pow__(self, other):
        return _pow(self, other) if _is_operand(other) else NotImplemented

    def __rpow__(self, other):
        return _f._rpow(self, other) if _is_operand(other) else NotImplemented

    def __matmul__(self, other):
        return _f.matmul(self, other) if isinstance(other, TensorBase) else NotImplemented

    def __and__(self, other):
        return _f.bitwise_and(self, other) if _is_operand(other) else NotImplemented

    __rand__ = __and__

    def __or__(self, other):
        return _f.bitwise_or(self, other) if _is_operand(other) else NotImplemented

    __ror__ = __or__

    def __xor__(self, other):
        return _f.bitwise_xor(self, other) if _is_operand(other) else NotImplemented

    __rxor__ = __xor__

    def __rmatmul__(self, other):
        return _f.matmul(other, self) if isinstance(other, TensorBase) else NotImplemented

    def __lshift__(self, other):
        return _f.bitwise_left_shift(self, other) if _is_operand(other) else NotImplemented

    def __rshift__(self, other):
        return _f.bitwise_right_shift(self, other) if _is_operand(other) else NotImplemented

    def __rlshift__(self, other):
        return _f.bitwise_left_shift(_as_tensor(other), self) if _is_operand(other) else NotImplemented

    def __rrshift__(self, other):
        return _f.bitwise_right_shift(_as_tensor(other), self) if _is_operand(other) else NotImplemented

    def __ilshift__(self, other):
        return _f.bitwise_left_shift_(self, other)

    def __irshift__(self, other):
        return _f.bitwise_right_shift_(self, other)

    def __eq__(self, other):
        return _f.eq(self, other) if _is_operand(other) else NotImplemented

    def __ne__(self, other):
        return _f.ne(self, other) if _is_operand(other) else NotImplemented

    def __lt__(self, other):
        return _f.lt(self, other) if _is_operand(other) else NotImplemented

    def __le__(self, other):
        return _f.le(self, other) if _is_operand(other) else NotImplemented

    def __gt__(self, other):
        return _f.gt(self, other) if _is_operand(other) else NotImplemented

    def __ge__(self, other):
        return _f.ge(self, other) if _is_operand(other) else NotImplemented

    def __neg__(self):
        return _f.neg(self)

    def __pos__(self):
        from torch._methods import positive

        return positive(self)

    def __abs__(self):
        return _f.abs(self)

    def __invert__(self):
        if self.dtype.is_floating_point or self.dtype.is_complex:
            raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
        return _f.logical_not(self) if self.dtype is bool_ else _f._bitwise_not_int(self)

    def __iadd__(self, other):
        return _f.add_(self, other)

    def __isub__(self, other):
        return _f.sub_(self, other)

    def __imul__(self, other):
        return _f.mul_(self, other)

    def __itruediv__(self, other):
        return _f.true_divide_(self, other)

    def __ifloordiv__(self, other):
        return _f.floor_divide_(self, other)

    def __imod__(self, other):
        return _f.remainder_(self, other)

    def __ipow__(self, other):
        return _f.pow_(self, other)

    def __iand__(self, other):
        return _f.bitwise_and_(self, other)

    def __ior__(self, other):
        return _f.bitwise_or_(self, other)

    def __ixor__(self, other):
        return _f.bitwise_xor_(self, other)


def _is_operand(value):
    if _kind_of(type(value)) is not None or isinstance(value, (TensorBase, complex)):
        return True
    # A numpy array answers itself, with a tensor.
    return hasattr(value, "__float__") and not hasattr(value, "__array_interface__")


def _as_tensor(number):
    import torch

    return torch.tensor(number)


def _pow(base, exponent):
    """A tensor or a number to the power of the other."""
    if not isinstance(base, TensorBase):
        return _f._rpow(exponent, base)
    return _f.pow(base, exponent)
