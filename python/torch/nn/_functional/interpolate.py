"""Resizing by interpolation: argument rules as in PyTorch, then one dimension after the other by gathered neighbours.

Positions are computed in float32 (float64 for float64 input), because rounding decides which neighbour is nearest.
"""

import math
import warnings

import torch

from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

_CUBIC_A = -0.75
# Antialiased bicubic follows Pillow, which uses another coefficient.
_CUBIC_A_ANTIALIAS = -0.5


def interpolate(
    input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None,
    antialias=False,
):
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: "
                "linear | bilinear | bicubic | trilinear | lanczos"
            )
    elif align_corners is None:
        align_corners = False
    n_dims = input.dim() - 2
    output_size, scales = _sizes(input, n_dims, size, scale_factor, recompute_scale_factor)
    if n_dims > 0 and min(output_size, default=1) <= 0:
        sides = "DHW"[-n_dims:]
        got, wanted = (
            ", ".join(f"{side}: {n}" for side, n in zip(sides, sizes)) for sizes in (input.shape[2:], output_size)
        )
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input ({got}) and output ({wanted})")
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and input.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic and lanczos modes and requires a 4-D tensor as input"
        )
    if mode not in _modes:
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported"
            f" (got {input.dim()}D) for the modes: nearest | linear | bilinear | bicubic | trilinear"
            f" | lanczos | area | nearest-exact (got {mode})"
        )
    dims, resize = _modes[mode]
    if n_dims not in dims:
        _refuse_dims(input, mode)
    if mode == "area":
        return resize[n_dims - 1](input, output_size)
    if antialias:
        return _resize_antialias(input, output_size, scales, align_corners, mode)
    for i in reversed(range(n_dims)):
        input = resize(input, i + 2, output_size[i], scales[i], align_corners)
    return input


def _refuse_dims(input, mode):
    got = {3: "3D", 4: "4D", 5: "5D"}.get(input.dim())
    if got is None or mode in ("nearest", "nearest-exact", "area", "bicubic"):
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported"
            f" (got {input.dim()}D) for the modes: nearest | linear | bilinear | bicubic | trilinear"
            f" | lanczos | area | nearest-exact (got {mode})"
        )
    needed = {"linear": "3D", "bilinear": "4D", "trilinear": "5D"}[mode]
    raise NotImplementedError(f"Got {got} input, but {mode} mode needs {needed} input")


def _sizes(input, n_dims, size, scale_factor, recompute_scale_factor):
    """(output size, scale factor or None) for every spatial dimension."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if isinstance(size, (list, tuple)) or hasattr(size, "__len__"):
            if len(size) != n_dims:
                raise ValueError(
                    "Input and output must have the same number of spatial dimensions, but got input with spatial "
                    f"dimensions of {list(input.shape[2:])} and output size of {size}. Please provide input tensor in "
                    "(N, C, d1, d2, ...,dK) format and output size in (o1, o2, ...,oK) format."
                )
            output_size = [int(length) for length in size]
        else:
            output_size = [int(size)] * n_dims
        if recompute_scale_factor:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return output_size, [None] * n_dims
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if isinstance(scale_factor, (list, tuple)):
        if len(scale_factor) != n_dims:
            raise ValueError(
                "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
                f"dimensions of {list(input.shape[2:])} and scale_factor of shape {scale_factor}. Please provide input "
                "tensor in (N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format."
            )
        factors = [float(factor) for factor in scale_factor]
    else:
        factors = [float(scale_factor)] * n_dims
    output_size = [math.floor(float(length) * factor) for length, factor in zip(input.shape[2:], factors)]
    return output_size, [None] * n_dims if recompute_scale_factor else factors


def _position_dtype(input):
    return torch.float64 if input.dtype == torch.float64 else torch.float32


def _step(in_size, out_size, scale, align_corners):
    """Distance between two output positions, in input positions."""
    if align_corners:
        return (in_size - 1) / (out_size - 1) if out_size > 1 else 0.0
    return 1.0 / scale if scale is not None and scale > 0 else in_size / out_size


def _along(weights, dim, ndim):
    shape = [1] * ndim
    shape[dim] = -1
    return weights.reshape(shape)


def _rounded_step(step, dtype):
    return torch.tensor(step, dtype=dtype)


def _resize_nearest(input, dim, out_size, scale, align_corners, offset=0.0):
    in_size = input.size(dim)
    if out_size == in_size and scale is None:
        return input
    step = _rounded_step(_step(in_size, out_size, scale, False), torch.float32).to(input.device)
    at = (torch.arange(out_size, dtype=torch.float32, device=input.device) + offset) * step
    return input.index_select(dim, at.floor().to(torch.int64).clamp_max(in_size - 1))


def _resize_nearest_exact(input, dim, out_size, scale, align_corners):
    return _resize_nearest(input, dim, out_size, scale, align_corners, offset=0.5)


def _source(input, dim, out_size, scale, align_corners):
    dtype = _position_dtype(input)
    step = _rounded_step(_step(input.size(dim), out_size, scale, align_corners), dtype).to(input.device)
    at = torch.arange(out_size, dtype=dtype, device=input.device)
    return at * step if align_corners else (at + 0.5) * step - 0.5


def _resize_linear(input, dim, out_size, scale, align_corners):
    in_size = input.size(dim)
    if out_size == in_size and (align_corners or scale is None or scale == 1.0):
        return input
    source = _source(input, dim, out_size, scale, align_corners).clamp_min(0)
    low = source.floor().to(torch.int64).clamp_max(in_size - 1)
    high = (low + 1).clamp_max(in_size - 1)
    weight = _along((source - low).clamp(0, 1).to(input.dtype), dim, input.dim())
    return input.index_select(dim, low) * (1 - weight) + input.index_select(dim, high) * weight


def _cubic_weights(t, a=_CUBIC_A):
    """Keys 1981: weights of the four neighbours at distances 1 + t, t, 1 - t and 2 - t."""
    def near(x):
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x):
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)


def _resize_cubic(input, dim, out_size, scale, align_corners):
    in_size = input.size(dim)
    source = _source(input, dim, out_size, scale, align_corners)
    base = source.floor()
    weights = _cubic_weights(source - base)
    base = base.to(torch.int64)
    total = None
    for offset, weight in zip((-1, 0, 1, 2), weights):
        neighbour = input.index_select(dim, (base + offset).clamp(0, in_size - 1))
        term = neighbour * _along(weight.to(input.dtype), dim, input.dim())
        total = term if total is None else total + term
    return total


def _filter_bilinear(x):
    return 1.0 - abs(x) if abs(x) < 1.0 else 0.0


def _filter_bicubic(x):
    x = abs(x)
    a = _CUBIC_A_ANTIALIAS
    if x < 1.0:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2.0 else 0.0


def _filter_lanczos(x):
    x = abs(x)
    if x == 0.0:
        return 1.0
    if x >= 3.0:
        return 0.0
    return 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2


# mode: (filter, its support in input positions)
_filters = {"bilinear": (_filter_bilinear, 1.0), "bicubic": (_filter_bicubic, 2.0), "lanczos": (_filter_lanczos, 3.0)}


def _antialias_matrix(in_size, out_size, scale, align_corners, mode):
    """Rows of weights: the filter is stretched by the step when it shrinks, so that every input counts."""
    weight_of, support = _filters[mode]
    step = _step(in_size, out_size, scale, align_corners)
    stretch = max(step, 1.0)
    reach = support * stretch
    rows = []
    for i in range(out_size):
        centre = step * (i + 0.5)
        first = max(int(centre - reach + 0.5), 0)
        last = min(int(centre + reach + 0.5), in_size)
        weights = [weight_of((j - centre + 0.5) / stretch) for j in range(first, last)]
        total = sum(weights)
        row = [0.0] * in_size
        for j, weight in zip(range(first, last), weights):
            row[j] = weight / total if total else weight
        rows.append(row)
    return rows


def _resize_antialias(input, output_size, scales, align_corners, mode):
    options = {"dtype": input.dtype, "device": input.device}
    across = _antialias_matrix(input.size(3), output_size[1], scales[1], align_corners, mode)
    input = torch.matmul(input, torch.tensor(across, **options).t())
    down = _antialias_matrix(input.size(2), output_size[0], scales[0], align_corners, mode)
    return torch.matmul(torch.tensor(down, **options), input)


_modes = {
    "nearest": ((1, 2, 3), _resize_nearest),
    "nearest-exact": ((1, 2, 3), _resize_nearest_exact),
    "area": ((1, 2, 3), (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)),
    "linear": ((1,), _resize_linear),
    "bilinear": ((2,), _resize_linear),
    "trilinear": ((3,), _resize_linear),
    "bicubic": ((2,), _resize_cubic),
    "lanczos": ((2,), None),
}


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
