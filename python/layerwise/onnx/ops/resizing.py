"""Images made larger and smaller, sampled along grids, cut out by regions."""

import math

import torch
import torch.nn.functional as F

from layerwise.onnx.registry import operator
from layerwise.onnx.values import number, numbers

_COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
)
_NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


class _Axis:
    """How one dimension is resized: from how many elements to how many, by which factor, from which part."""

    def __init__(self, dim, size, target, scale, roi):
        self.dim = dim
        self.size = size
        self.target = target
        self.scale = scale
        self.roi = roi

    def origins(self, mode):
        """Where each new element lies among the old ones."""
        length = self.scale * self.size
        return [self._origin(x, length, mode) for x in range(self.target)]

    def _origin(self, x, length, mode):
        if mode == "align_corners":
            return 0.0 if length == 1 else x * (self.size - 1) / (length - 1)
        if mode == "asymmetric":
            return x / self.scale
        if mode == "tf_crop_and_resize":
            first, last = self.roi
            if length == 1:
                return (first + last) * (self.size - 1) / 2
            return first * (self.size - 1) + x * (last - first) * (self.size - 1) / (length - 1)
        if mode == "pytorch_half_pixel" and length == 1:
            return -0.5
        offset = 0.0
        if mode == "half_pixel_symmetric":
            offset = self.size / 2 * (1 - self.target / length)
        return offset + (x + 0.5) / self.scale - 0.5


def _nearest(origin, how):
    if origin == int(origin):
        return int(origin)
    if how == "round_prefer_floor":
        return math.ceil(origin - 0.5)
    if how == "round_prefer_ceil":
        return math.floor(origin + 0.5)
    return math.floor(origin) if how == "floor" else math.ceil(origin)


def _cubic(x, a):
    x = abs(x)
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0


def _taps(origin, axis, mode, a, is_smoothed, excludes_outside):
    """Positions and weights that make one new element."""
    shrink = min(axis.scale, 1.0) if is_smoothed else 1.0
    reach = (1 if mode == "linear" else 2) / shrink
    first, last = math.floor(origin - reach) + 1, math.ceil(origin + reach) - 1
    places = list(range(first, last + 1)) or [math.floor(origin)]
    if mode == "linear":
        weights = [max(0.0, 1 - abs(place - origin) * shrink) for place in places]
    else:
        weights = [_cubic((place - origin) * shrink, a) for place in places]
    if excludes_outside:
        weights = [w if 0 <= place < axis.size else 0.0 for place, w in zip(places, weights)]
    if excludes_outside or is_smoothed:
        total = sum(weights)
        weights = [w / total for w in weights]
    return [min(max(place, 0), axis.size - 1) for place in places], weights


def _resized(x, axis, node, mode):
    coordinates = node.get("coordinate_transformation_mode", "half_pixel")
    origins = axis.origins(coordinates)
    if mode == "nearest":
        how = node.choice("nearest_mode", "round_prefer_floor", _NEAREST)
        places = [min(max(_nearest(origin, how), 0), axis.size - 1) for origin in origins]
        found = x.index_select(axis.dim, torch.tensor(places, dtype=torch.int64, device=x.device))
    else:
        is_smoothed = bool(node.get("antialias", 0))
        a, excludes = node.get("cubic_coeff_a", -0.75), bool(node.get("exclude_outside", 0))
        taps = [_taps(origin, axis, mode, a, is_smoothed, excludes) for origin in origins]
        width = max(len(places) for places, _ in taps)
        found = None
        sizes = [1] * x.dim()
        sizes[axis.dim] = axis.target
        for k in range(width):
            places = [places[k] if k < len(places) else 0 for places, _ in taps]
            weights = [weights[k] if k < len(weights) else 0.0 for _, weights in taps]
            part = x.index_select(axis.dim, torch.tensor(places, dtype=torch.int64, device=x.device))
            part = part * torch.tensor(weights, dtype=x.dtype, device=x.device).reshape(sizes)
            found = part if found is None else found + part
    if coordinates == "tf_crop_and_resize":
        is_outside = [origin < 0 or origin > axis.size - 1 for origin in origins]
        if any(is_outside):
            sizes = [1] * x.dim()
            sizes[axis.dim] = axis.target
            mask = torch.tensor(is_outside, device=x.device).reshape(sizes)
            fill = torch.full([], node.get("extrapolation_value", 0.0), dtype=x.dtype, device=x.device)
            found = torch.where(mask, fill, found)
    return found


def _resize(node, x, axes, mode):
    changed = [axis for axis in axes if axis.target != axis.size or axis.scale != 1 or axis.roi is not None]
    fast = _by_interpolate(node, x, changed, mode)
    if fast is not None:
        return fast
    dtype = x.dtype
    work = x if x.is_floating_point() or mode == "nearest" else x.to(torch.float32)
    for axis in changed:
        work = _resized(work, axis, node, mode)
    if work.dtype == dtype:
        return work
    limits = torch.iinfo(dtype)
    return torch.clamp(torch.round(work), limits.min, limits.max).to(dtype)


def _by_interpolate(node, x, axes, mode):
    """The kernels of torch.nn.functional.interpolate, where they compute the same."""
    coordinates = node.get("coordinate_transformation_mode", "half_pixel")
    is_plain = x.dim() == 4 and [axis.dim for axis in axes] == [2, 3] and x.is_floating_point()
    is_exact = all(axis.target == axis.scale * axis.size for axis in axes)
    if not is_plain or not is_exact or node.get("antialias", 0) or node.get("exclude_outside", 0):
        return None
    size = [axis.target for axis in axes]
    if mode == "nearest":
        is_same = coordinates == "asymmetric" and node.get("nearest_mode", "round_prefer_floor") == "floor"
        return F.interpolate(x, size=size, mode="nearest") if is_same else None
    if coordinates not in ("half_pixel", "pytorch_half_pixel", "align_corners") or 1 in size:
        return None
    if mode == "cubic" and node.get("cubic_coeff_a", -0.75) != -0.75:
        return None
    name = "bilinear" if mode == "linear" else "bicubic"
    return F.interpolate(x, size=size, mode=name, align_corners=coordinates == "align_corners")


@operator("Resize", raw=(1, 2, 3), until=10)
def resize_10(node, x, scales):
    return _by_scales(node, x, numbers(scales))


@operator("Upsample", raw=(1,))
def upsample(node, x, scales=None):
    return _by_scales(node, x, numbers(scales) if scales is not None else node.get("scales"))


def _by_scales(node, x, scales):
    """The older operators: positions are divided by the factor, and rounded down."""
    mode = node.choice("mode", "nearest", ("nearest", "linear"))
    node.attributes.setdefault("coordinate_transformation_mode", "asymmetric")
    node.attributes.setdefault("nearest_mode", "floor")
    axes = [_Axis(d, n, math.floor(n * scale), scale, None) for d, (n, scale) in enumerate(zip(x.shape, scales))]
    return _resize(node, x, axes, mode)


@operator("Resize", raw=(1, 2, 3))
def resize(node, x, roi=None, scales=None, sizes=None):
    mode = node.choice("mode", "nearest", ("nearest", "linear", "cubic"))
    coordinates = node.choice("coordinate_transformation_mode", "half_pixel", _COORDINATES)
    dims = [d % x.dim() for d in node.get("axes") or range(x.dim())]
    regions = numbers(roi) if roi is not None and coordinates == "tf_crop_and_resize" else []
    factors = numbers(scales) if scales is not None else []
    if factors:
        targets = [math.floor(x.shape[d] * factor) for d, factor in zip(dims, factors)]
    else:
        targets = [int(n) for n in numbers(sizes)]
        policy = node.choice("keep_aspect_ratio_policy", "stretch", ("stretch", "not_larger", "not_smaller"))
        factors = [target / x.shape[d] for d, target in zip(dims, targets)]
        if policy != "stretch":
            factor = min(factors) if policy == "not_larger" else max(factors)
            factors = [factor] * len(dims)
            targets = [math.floor(factor * x.shape[d] + 0.5) for d in dims]
    count = len(dims)
    axes = [
        _Axis(d, x.shape[d], targets[i], factors[i], (regions[i], regions[count + i]) if regions else None)
        for i, d in enumerate(dims)
    ]
    return _resize(node, x, sorted(axes, key=lambda axis: axis.dim), mode)


@operator("GridSample")
def grid_sample(node, x, grid):
    mode = node.choice("mode", "linear", ("linear", "bilinear", "nearest", "cubic", "bicubic"))
    name = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    if name == "bicubic" and x.dim() != 4:
        node.refuse(f"cubic sampling of {x.dim() - 2} spatial dimensions")
    padding = node.choice("padding_mode", "zeros", ("zeros", "border", "reflection"))
    return F.grid_sample(x, grid, mode=name, padding_mode=padding, align_corners=bool(node.get("align_corners", 0)))


@operator("AffineGrid", raw=(1,))
def affine_grid(node, theta, sizes):
    spatial = [int(n) for n in numbers(sizes)][2:]
    is_aligned = bool(node.get("align_corners", 0))
    lines = []
    for n in spatial:
        steps = torch.arange(n, dtype=theta.dtype, device=theta.device)
        lines.append(2 * steps / max(n - 1, 1) - 1 if is_aligned and n > 1 else (2 * steps + 1) / n - 1)
    meshes = torch.meshgrid(*lines, indexing="ij")
    # The last dimension is x, the one before y.
    points = torch.stack([*reversed(meshes), torch.ones_like(meshes[0])], dim=-1).reshape(-1, len(spatial) + 1)
    found = torch.matmul(points, theta.transpose(1, 2))
    return found.reshape(theta.shape[0], *spatial, len(spatial))


@operator("RoiAlign", raw=(2,))
def roi_align(node, x, rois, batches):
    rows, columns = node.get("output_height", 1), node.get("output_width", 1)
    ratio = node.get("sampling_ratio", 0)
    scale = node.get("spatial_scale", 1.0)
    mode = node.choice("mode", "avg", ("avg", "max"))
    default = "half_pixel" if node.version >= 16 else "output_half_pixel"
    is_shifted = node.get("coordinate_transformation_mode", default) == "half_pixel"
    found = []
    for region, batch in zip(rois.tolist(), numbers(batches)):
        shift = 0.5 if is_shifted else 0.0
        left, top, right, bottom = (value * scale - shift for value in region)
        width, height = right - left, bottom - top
        if not is_shifted:
            width, height = max(width, 1.0), max(height, 1.0)
        cell_height, cell_width = height / rows, width / columns
        per_row = ratio if ratio > 0 else max(1, math.ceil(height / rows))
        per_column = ratio if ratio > 0 else max(1, math.ceil(width / columns))
        ys = [top + (i + 0.5) * cell_height / per_row for i in range(rows * per_row)]
        xs = [left + (i + 0.5) * cell_width / per_column for i in range(columns * per_column)]
        if mode == "avg":
            value = _along(_along(x[int(batch)], ys, 1), xs, 2)
            value = value.reshape(-1, rows, per_row, columns, per_column).mean(dim=(2, 4))
        else:
            value = _largest_corner(x[int(batch)], ys, xs)
            value = value.reshape(-1, rows, per_row, columns, per_column).amax(dim=(2, 4))
        found.append(value)
    return torch.stack(found) if found else x.new_zeros((0, x.shape[1], rows, columns))


def _corners(positions, size):
    """The two neighbours of each position with their weights; both are zero more than one element outside."""
    low, high, weight_low, weight_high = [], [], [], []
    for position in positions:
        is_inside = -1.0 <= position <= size
        position = min(max(position, 0.0), size - 1.0)
        first = min(int(position), size - 1)
        part = position - first
        low.append(first)
        high.append(min(first + 1, size - 1))
        weight_low.append(1 - part if is_inside else 0.0)
        weight_high.append(part if is_inside else 0.0)
    return low, high, weight_low, weight_high


def _along(x, positions, dim):
    low, high, weight_low, weight_high = _corners(positions, x.shape[dim])
    sizes = [1] * x.dim()
    sizes[dim] = len(positions)

    def part(places, weights):
        picked = x.index_select(dim, torch.tensor(places, dtype=torch.int64, device=x.device))
        return picked * torch.tensor(weights, dtype=x.dtype, device=x.device).reshape(sizes)

    return part(low, weight_low) + part(high, weight_high)


def _largest_corner(x, ys, xs):
    """ONNX takes the largest of the four weighted neighbours, not of their sum."""
    rows, columns = _corners(ys, x.shape[1]), _corners(xs, x.shape[2])
    best = None
    for row, row_weight in ((rows[0], rows[2]), (rows[1], rows[3])):
        for column, column_weight in ((columns[0], columns[2]), (columns[1], columns[3])):
            picked = x.index_select(1, torch.tensor(row, device=x.device))
            picked = picked.index_select(2, torch.tensor(column, device=x.device))
            weight = torch.tensor(row_weight, dtype=x.dtype, device=x.device).reshape(-1, 1)
            picked = picked * weight * torch.tensor(column_weight, dtype=x.dtype, device=x.device)
            best = picked if best is None else torch.maximum(best, picked)
    return best
