"""Small questions about qconfigs, dtypes and ranges that the rest of torch.ao.quantization asks. Nothing here changes a
model."""

import enum
import warnings

import torch

_INT8 = (torch.quint8, torch.qint8, torch.uint8, torch.int8)
_FLOAT8 = (torch.float8_e5m2, torch.float8_e4m3fn)
_INT32 = (torch.qint32, torch.int32)

# The whole range of each integer dtype; everything else is taken for four bits.
_RANGES = {
    torch.qint8: (-128, 127), torch.int8: (-128, 127), torch.quint8: (0, 255), torch.uint8: (0, 255),
    torch.qint32: (-(2**31), 2**31 - 1), torch.int32: (-(2**31), 2**31 - 1), torch.int16: (-(2**15), 2**15 - 1),
    torch.uint16: (0, 2**16 - 1),
}
_RANGE_OF_FOUR_BITS = (0, 15)


class QuantType(enum.IntEnum):
    """What is quantized, and when."""

    DYNAMIC = 0
    STATIC = 1
    QAT = 2
    WEIGHT_ONLY = 3


def is_per_tensor(qscheme):
    return qscheme in (torch.per_tensor_affine, torch.per_tensor_symmetric)


def is_per_channel(qscheme):
    return qscheme in (torch.per_channel_affine, torch.per_channel_symmetric, torch.per_channel_affine_float_qparams)


def activation_dtype(qconfig):
    return qconfig.activation().dtype


def weight_dtype(qconfig):
    return qconfig.weight().dtype


def get_qconfig_dtypes(qconfig):
    """(activation's dtype, weight's dtype, whether activations are quantized on the fly)."""
    if qconfig is None:
        raise AssertionError("qconfig must be provided to extract dtypes")
    activation = qconfig.activation()
    return activation.dtype, qconfig.weight().dtype, getattr(activation, "is_dynamic", False)


def activation_is_dynamically_quantized(qconfig):
    return get_qconfig_dtypes(qconfig)[2]


def activation_is_statically_quantized(qconfig):
    static = (*_INT8, *_INT32, *_FLOAT8, torch.float16, torch.int16)
    return activation_dtype(qconfig) in static and not activation_is_dynamically_quantized(qconfig)


def activation_is_int8_quantized(qconfig):
    return activation_dtype(qconfig) in _INT8


def activation_is_int32_quantized(qconfig):
    return activation_dtype(qconfig) in _INT32


def weight_is_quantized(qconfig):
    return weight_dtype(qconfig) in (*_INT8, *_FLOAT8, torch.float16, torch.quint4x2, torch.int16, torch.int32)


def weight_is_statically_quantized(qconfig):
    return weight_dtype(qconfig) in _INT8


def op_is_int8_dynamically_quantized(qconfig):
    activation, weight, is_dynamic = get_qconfig_dtypes(qconfig)
    return activation in (torch.quint8, torch.uint8) and weight in (torch.qint8, torch.int8) and is_dynamic


def get_quant_type(qconfig):
    if qconfig is None:
        raise AssertionError("qconfig must be provided to determine quant type")
    activation, weight, is_dynamic = get_qconfig_dtypes(qconfig)
    static = (*_INT8, *_INT32, *_FLOAT8, torch.quint4x2, torch.int16)
    if weight in static:
        if is_dynamic:
            return QuantType.DYNAMIC
        return QuantType.STATIC if activation in static else QuantType.WEIGHT_ONLY
    if weight == torch.float16:
        if is_dynamic:
            return QuantType.DYNAMIC
        if activation == torch.float16:
            return QuantType.STATIC
    raise Exception(f"Unrecognized dtype combination in get_quant_type: activation({activation}),weight({weight})")


def has_no_children_ignoring_parametrizations(module):
    """Whether the module is a leaf; the container of its parametrizations does not count."""
    names = set(module._modules)
    return not names or names == {"parametrizations"}


def get_combined_dict(default_dict, additional_dict):
    return {**default_dict, **additional_dict}


def _parent_name(target):
    """'a.b.c' as ('a.b', 'c')."""
    parent, _, name = target.rpartition(".")
    return parent, name


# Ranges


def validate_qmin_qmax(quant_min, quant_max):
    if not quant_min <= 0 <= quant_max:
        raise AssertionError("Used-specified quantization range must include 0.")
    if quant_min >= quant_max:
        raise AssertionError("qmin must be strictly less than qmax for user-specified quantization range.")


def calculate_qmin_qmax(quant_min, quant_max, has_customized_qrange, dtype, reduce_range):
    """The integers that may be used: the user's, or all of the dtype's; `reduce_range` gives one bit away."""
    if has_customized_qrange:
        n_values = quant_max - quant_min + 1
        most = 256 if dtype in (torch.qint8, torch.int8) else 2**32 if dtype in _INT32 else None
        if most is not None and not 0 < n_values <= most:
            raise AssertionError(f"quantization range should be positive and not exceed the maximum bit range (={most}).")
        return (quant_min // 2, quant_max // 2) if reduce_range else (quant_min, quant_max)
    lowest, highest = _RANGES.get(dtype, _RANGE_OF_FOUR_BITS)
    if reduce_range and dtype in _INT8:
        # Two products of seven and eight bits fit in the 16 bits of x86's older multiply-add.
        return lowest // 2, highest // 2
    return lowest, highest


def check_min_max_valid(min_val, max_val):
    """Whether something was observed. Bounds that cross are an error."""
    is_empty = min_val.numel() == 0 or max_val.numel() == 0
    is_scalar = not is_empty and min_val.numel() == max_val.numel() == 1
    low, high = (min_val.item(), max_val.item()) if is_scalar else (0.0, 0.0)
    if is_empty or (min_val.dim() == 0 and low == float("inf") and high == float("-inf")):
        warnings.warn(
            "must run observer before calling calculate_qparams. Returning default values.", stacklevel=2
        )
        return False
    if low > high or (not is_scalar and torch.any(min_val > max_val)):
        raise AssertionError(f"min {min_val} should be less than max {max_val}")
    return True


def qparams_of_range(
    min_val, max_val, quant_min, quant_max, dtype, eps, has_customized_qrange, qscheme=torch.per_tensor_affine
):
    """Scale and zero point with which min_val .. max_val, and zero, fill the integers quant_min .. quant_max."""
    if not check_min_max_valid(min_val, max_val):
        return torch.tensor([1.0], device=min_val.device), torch.tensor([0], device=min_val.device)
    below_zero = torch.min(min_val, torch.zeros_like(min_val))
    above_zero = torch.max(max_val, torch.zeros_like(max_val))
    if qscheme in (torch.per_tensor_symmetric, torch.per_channel_symmetric):
        scale = torch.max(-below_zero, above_zero) / (float(quant_max - quant_min) / 2)
        scale = torch.max(scale, eps)
        middle = 0
        if dtype in (torch.quint8, torch.uint8):
            middle = (quant_min + quant_max) // 2 if has_customized_qrange else 128
        elif dtype == torch.uint16:
            middle = 2**15
        zero_point = torch.full(below_zero.size(), middle, dtype=torch.int64, device=min_val.device)
    elif qscheme == torch.per_channel_affine_float_qparams:
        # The zero point stays real: x_q = round(x / scale + zero_point).
        scale = (max_val - min_val) / float(quant_max - quant_min)
        scale = torch.where(scale > eps, scale, torch.ones_like(scale))
        zero_point = -1 * min_val / scale
    else:
        scale = (above_zero - below_zero) / float(quant_max - quant_min)
        scale = torch.max(scale, eps)
        zero_point = quant_min - torch.round(below_zero / scale).to(torch.int32)
        zero_point = torch.clamp(zero_point, quant_min, quant_max)
    return torch.atleast_1d(scale), torch.atleast_1d(zero_point)


def determine_qparams(
    min_val, max_val, quant_min, quant_max, dtype, eps, has_customized_qrange, qscheme=torch.per_tensor_affine
):
    """qparams_of_range with the types that graphs use: float64 and int64."""
    scale, zero_point = qparams_of_range(
        min_val, max_val, quant_min, quant_max, dtype, eps, has_customized_qrange, qscheme
    )
    if qscheme == torch.per_channel_affine_float_qparams:
        return scale.to(torch.double), zero_point
    return scale.to(torch.double), zero_point.to(torch.int64)
