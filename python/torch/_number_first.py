"""torch.add(2, x) and its like: the functions whose first argument may be a number where the second is a tensor."""

import functools

from torch._C import TensorBase

_NUMBERS = (bool, int, float, complex)

# By the operator that computes it with the tensor on the right.
_REFLECTED = {
    "add": "__radd__",
    "sub": "__rsub__",
    "subtract": "__rsub__",
    "mul": "__rmul__",
    "multiply": "__rmul__",
    "div": "__rtruediv__",
    "divide": "__rtruediv__",
    "true_divide": "__rtruediv__",
    "floor_divide": "__rfloordiv__",
    "remainder": "__rmod__",
}


def install(torch_globals):
    for name, reflected in _REFLECTED.items():
        torch_globals[name] = _taking_numbers(torch_globals[name], reflected)


def _taking_numbers(function, reflected):
    @functools.wraps(function)
    def call(input, other, *args, **keywords):
        if type(input) in _NUMBERS and isinstance(other, TensorBase):
            return _number_first(function, reflected, input, other, *args, **keywords)
        return function(input, other, *args, **keywords)

    return call


def _number_first(function, reflected, number, tensor, *, alpha=1, rounding_mode=None, out=None):
    import torch

    if alpha != 1:
        tensor = tensor * alpha
    if rounding_mode is None:
        result = getattr(tensor, reflected)(number)
    else:
        # As a tensor of no dimensions, whose dtype counts for no more than a number's.
        result = function(torch.tensor(number, device=tensor.device), tensor, rounding_mode=rounding_mode)
    return result if out is None else out.copy_(result)
