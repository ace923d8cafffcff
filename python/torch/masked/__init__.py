"""torch.masked: reductions and normalizations that leave out the elements whose mask is False."""

import torch
from torch._missing import _refusing

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp", "mean", "median", "norm",
    "normalize", "prod", "softmax", "softmin", "std", "sum", "var",
]

_NO_MASKED_TENSOR = "tensors that carry a mask are a prototype of PyTorch; the functions of torch.masked take the mask beside the tensor"
masked_tensor = as_masked_tensor = _refusing("torch.masked", "masked_tensor", _NO_MASKED_TENSOR)


def _dims(dim):
    return None if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)


def _prepared(input, mask, dtype=None):
    """The input in its dtype, and the mask in its shape; None keeps everything."""
    if dtype is not None:
        input = input.to(dtype)
    if mask is not None:
        mask = mask.to(torch.bool).expand(input.shape) if mask.dim() <= input.dim() else mask
    return input, mask


def _filled(input, mask, value):
    return input if mask is None else torch.where(mask, input, torch.tensor(value, dtype=input.dtype, device=input.device))


def _summed(input, dim, keepdim, dtype=None):
    dims = _dims(dim)
    return input.sum(dtype=dtype) if dims is None and not keepdim else input.sum(
        tuple(range(input.dim())) if dims is None else dims, keepdim, dtype=dtype
    )


def _lowest(dtype):
    return float("-inf") if dtype.is_floating_point else torch.iinfo(dtype).min


def _highest(dtype):
    return float("inf") if dtype.is_floating_point else torch.iinfo(dtype).max


def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask)
    return _summed(_filled(input, mask, 0), dim, keepdim, dtype)


def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    result = _filled(input, mask, 1)
    dims = range(input.dim()) if dim is None else sorted((d % input.dim() for d in _dims(dim)))
    for d in reversed(list(dims)):
        result = result.prod(d, keepdim=keepdim)
    return result


def _counted(input, mask, dim, keepdim, dtype):
    ones = torch.ones_like(input, dtype=dtype) if mask is None else mask.to(dtype)
    return _summed(ones, dim, keepdim)


def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    if not (dtype or input.dtype).is_floating_point and not (dtype or input.dtype).is_complex:
        raise ValueError(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{dtype or input.dtype}"
        )
    input, mask = _prepared(input, mask, dtype)
    return _summed(_filled(input, mask, 0), dim, keepdim) / _counted(input, mask, dim, keepdim, input.dtype)


def _spread(input, dim, unbiased, keepdim, dtype, mask):
    dtype = dtype or (input.dtype if input.dtype.is_floating_point or input.dtype.is_complex else torch.float32)
    input, mask = _prepared(input, mask, dtype)
    count = _counted(input, mask, dim, True, input.dtype)
    centre = _summed(_filled(input, mask, 0), dim, True) / count
    squares = _summed(_filled((input - centre).abs().square(), mask, 0), dim, keepdim)
    if not keepdim:
        count = _counted(input, mask, dim, False, input.dtype)
    if unbiased:
        count = (count - 1).clamp(min=0)
    return squares / count


def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    return _spread(input, dim, True if unbiased is None else unbiased, keepdim, dtype, mask)


def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    return _spread(input, dim, True if unbiased is None else unbiased, keepdim, dtype, mask).sqrt()


def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return _filled(input, mask, _lowest(input.dtype)).amax(() if dim is None else dim, keepdim)


def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return _filled(input, mask, _highest(input.dtype)).amin(() if dim is None else dim, keepdim)


def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    # PyTorch gives the positions in the dtype of the input.
    return _filled(input, mask, _lowest(input.dtype)).argmax(dim, keepdim).to(input.dtype)


def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return _filled(input, mask, _highest(input.dtype)).argmin(dim, keepdim).to(input.dtype)


def cumsum(input, dim, *, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return _filled(input, mask, 0).cumsum(dim)


def cumprod(input, dim, *, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return _filled(input, mask, 1).cumprod(dim)


def softmax(input, dim, *, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return torch.softmax(_filled(input, mask, float("-inf")), dim)


def log_softmax(input, dim, *, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return torch.log_softmax(_filled(input, mask, float("-inf")), dim)


def softmin(input, dim, *, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return torch.softmax(-_filled(input, mask, float("inf")), dim)


def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    return torch.logsumexp(_filled(input, mask, float("-inf")), tuple(range(input.dim())) if dim is None else dim, keepdim)


def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    a, a_mask = _prepared(input, input_mask, dtype)
    b, b_mask = _prepared(other, other_mask, dtype)
    return torch.logaddexp(_filled(a, a_mask, float("-inf")), _filled(b, b_mask, float("-inf")))


def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    neutral = float("inf") if ord == float("-inf") else 0
    return torch.linalg.vector_norm(_filled(input, mask, neutral), ord, dim, keepdim)


def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    length = norm(input, ord, dim, keepdim=True, mask=mask).clamp(min=eps)
    return _filled(input, mask, 0) / length


def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    input, mask = _prepared(input, mask, dtype)
    if not input.dtype.is_floating_point:
        raise ValueError("input tensor to masked median must be floating point")
    return torch.nanmedian(_filled(input, mask, float("nan")), dim, keepdim).values
