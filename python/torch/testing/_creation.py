"""make_tensor: random numbers of any dtype, as PyTorch's tests draw them."""

import torch

__all__ = ["make_tensor"]


def make_tensor(
    *shape, dtype, device=None, low=None, high=None, requires_grad=False, noncontiguous=False, exclude_zero=False, memory_format=None
):
    """Numbers shape evenly from [low, high): by default [-9, 9) for floats, [-9, 10) for integers, [0, 2) for bools."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"noncontiguous={noncontiguous} and memory_format={memory_format}."
        )
    if noncontiguous and shape:
        # Every other number of a row is left out.
        shape = (*shape[:-1], 2 * shape[-1])
    if dtype is torch.bool:
        low, high = 0 if low is None else low, 2 if high is None else high
        result = torch.randint(int(low), int(high), shape, dtype=dtype, device=device)
    elif not dtype.is_floating_point and not dtype.is_complex:
        info = torch.iinfo(dtype)
        low = max(info.min, -9 if low is None else low)
        high = min(info.max + 1, 10 if high is None else high)
        result = torch.randint(int(low), int(high), shape, dtype=dtype, device=device)
    elif dtype.is_complex:
        real = torch.float64 if dtype is torch.complex128 else torch.float32
        low, high = -9 if low is None else low, 9 if high is None else high
        parts = torch.empty((*shape, 2), dtype=real, device=device).uniform_(low, high)
        result = torch.view_as_complex(parts)
    else:
        low, high = -9 if low is None else low, 9 if high is None else high
        result = torch.empty(shape, dtype=dtype, device=device).uniform_(low, high)
    if noncontiguous and shape:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = 1 if not dtype.is_floating_point else torch.finfo(dtype).tiny
    return result.requires_grad_() if requires_grad and (dtype.is_floating_point or dtype.is_complex) else result
