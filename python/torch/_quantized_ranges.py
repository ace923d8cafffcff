"""Scales and zero points chosen as PyTorch's kernels choose them, in double precision: for dynamic quantization and for
fake quantization that observes and rounds at once. Observers have a rule of their own (torch.ao.quantization.utils)."""

import math
import struct

# Smaller scales lose too many bits when they are divided by.
_SMALLEST_SCALE = struct.unpack("f", struct.pack("f", 6.1e-5))[0]


def _float32(value):
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def choose_qparams(smallest, largest, quant_min, quant_max, is_symmetric=False):
    """(scale, zero_point) for values between smallest and largest; zero is always among the values that can be held."""
    n_steps = quant_max - quant_min
    if is_symmetric and smallest < 0 < largest:
        below, above = -(n_steps // 2 + 1), n_steps // 2
        step = max(abs(smallest / below), abs(largest / above))
        smallest, largest = _float32(step * below), _float32(step * above)
    smallest, largest = min(smallest, 0.0), max(largest, 0.0)
    scale = (largest - smallest) / n_steps
    if _float32(scale) == 0.0 or math.isinf(_float32(1.0 / _float32(scale))):
        scale = 0.1
    if scale < _SMALLEST_SCALE:
        before, scale = _float32(scale), _SMALLEST_SCALE
        if smallest == 0.0:
            largest = _float32(scale * n_steps)
        elif largest == 0.0:
            smallest = _float32(-scale * n_steps)
        else:
            smallest, largest = _float32(smallest * (scale / before)), _float32(largest * (scale / before))
    # Of the two ends, the one that is represented with the smaller error decides where zero lies.
    from_min, from_max = quant_min - smallest / scale, quant_max - largest / scale
    error_of_min = abs(quant_min) - abs(smallest / scale)
    error_of_max = abs(quant_max) - abs(largest / scale)
    zero_point = from_min if error_of_min < error_of_max else from_max
    if is_symmetric and smallest < 0 < largest:
        zero_point = (quant_min + quant_max) / 2
    # round() goes to the even neighbour, as nearbyint does.
    return scale, round(min(max(zero_point, quant_min), quant_max))


def fused_moving_avg_obs_fake_quant(
    input, observer_on, fake_quant_on, running_min, running_max, scale, zero_point, averaging_const, quant_min,
    quant_max, ch_axis, per_row_fake_quant=False, symmetric_quant=False,
):
    """Follow the range of input in running_min and running_max, choose scale and zero_point from it, and round to what
    they can hold."""
    import torch

    if observer_on.item():
        _observe(
            input.detach(), running_min, running_max, scale, zero_point, averaging_const, quant_min, quant_max, ch_axis,
            per_row_fake_quant, symmetric_quant,
        )
    if not fake_quant_on.item():
        return input
    # Copies: the next call changes these tensors while this one's gradient may still be asked for.
    scale, zero_point = scale.clone(), zero_point.clone()
    if per_row_fake_quant:
        return torch.fake_quantize_per_channel_affine(input, scale, zero_point, ch_axis, quant_min, quant_max)
    return torch.fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max)


def _observe(input, running_min, running_max, scale, zero_point, averaging_const, quant_min, quant_max, ch_axis, is_per_row, is_symmetric):
    import torch

    if is_per_row:
        rows = input.transpose(0, ch_axis).flatten(start_dim=1)
        smallest, largest = torch.aminmax(rows, dim=1)
        for kept in (running_min, running_max, scale, zero_point):
            if kept.numel() == 0 or kept.shape != smallest.shape:
                start = {id(running_min): math.inf, id(running_max): -math.inf}.get(id(kept), 0)
                kept.resize_(smallest.shape).fill_(start)
    else:
        smallest, largest = torch.aminmax(input)
    running_min.copy_(_followed(running_min, smallest, averaging_const))
    running_max.copy_(_followed(running_max, largest, averaging_const))
    ranges = zip(running_min.reshape(-1).tolist(), running_max.reshape(-1).tolist())
    chosen = [choose_qparams(low, high, quant_min, quant_max, is_symmetric) for low, high in ranges]
    scale.copy_(torch.tensor([s for s, _ in chosen], dtype=scale.dtype))
    zero_point.copy_(torch.tensor([z for _, z in chosen], dtype=zero_point.dtype))


def _followed(running, now, averaging_const):
    return now.where(running.isinf(), running + averaging_const * (now - running))
