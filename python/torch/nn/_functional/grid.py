"""grid_sample and affine_grid: reading an image or volume at given positions, composed of gathers."""

import itertools
import warnings

import torch

from .interpolate import _cubic_weights


def affine_grid(theta, size, align_corners=None):
    """Positions in [-1, 1] of every output pixel, moved by the affine matrices theta (N, 2, 3) or (N, 3, 4)."""
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            stacklevel=2,
        )
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    spatial = list(size)[2:]
    n_dims = len(spatial)
    if n_dims not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {size}."
        )
    if tuple(theta.shape[-2:]) != (n_dims, n_dims + 1) or theta.dim() != 3:
        raise ValueError(
            f"Expected a batch of {n_dims}D affine matrices of shape Nx{n_dims}x{n_dims + 1} for size {size}. "
            f"Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    options = {"dtype": theta.dtype, "device": theta.device}
    axes = []
    for length in spatial:
        if length <= 1:
            axes.append(torch.zeros(length, **options))
            continue
        axis = torch.linspace(-1, 1, length, **options)
        axes.append(axis if align_corners else axis * ((length - 1) / length))
    planes = torch.meshgrid(*axes, indexing="ij")
    base = torch.stack([*reversed(planes), torch.ones_like(planes[0])], -1).reshape(1, -1, n_dims + 1)
    moved = base.expand(theta.size(0), -1, -1).bmm(theta.transpose(1, 2))
    return moved.view(theta.size(0), *spatial, n_dims)


def _unnormalize(at, size, align_corners):
    return (at + 1) / 2 * (size - 1) if align_corners else ((at + 1) * size - 1) / 2


def _reflect(at, twice_low, twice_high):
    if twice_low == twice_high:
        return torch.zeros_like(at)
    low = twice_low / 2
    span = (twice_high - twice_low) / 2
    distance = (at - low).abs()
    extra = torch.fmod(distance, span)
    flips = (distance / span).floor()
    return torch.where(flips % 2 == 0, extra + low, span - extra + low)


def _inside(at, size, padding_mode, align_corners):
    """A position moved into the image as the padding mode asks; zeros leaves it where it is."""
    if padding_mode == "border":
        return at.clamp(0, size - 1)
    if padding_mode == "reflection":
        bounds = (0, 2 * (size - 1)) if align_corners else (-1, 2 * size - 1)
        return _reflect(at, *bounds).clamp(0, size - 1)
    return at


def _read(input, corners):
    """Values at integer positions, one tensor (N, *out) per spatial dimension; zero outside the image."""
    n, c = input.shape[:2]
    spatial = input.shape[2:]
    flat, valid = None, None
    for at, size in zip(corners, spatial):
        is_inside = (at >= 0) & (at <= size - 1)
        valid = is_inside if valid is None else valid & is_inside
        index = at.clamp(0, size - 1).to(torch.int64)
        flat = index if flat is None else flat * size + index
    out_shape = flat.shape[1:]
    index = flat.reshape(n, 1, -1).expand(n, c, -1)
    values = input.flatten(2).gather(2, index).reshape(n, c, *out_shape)
    return torch.where(valid.unsqueeze(1), values, torch.zeros_like(values))


def _check(input, grid, mode, padding_mode):
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', "
            f"but got: '{padding_mode}'"
        )
    n_dims = input.dim() - 2
    if input.dim() not in (4, 5) or grid.dim() != input.dim():
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with "
            f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if input.size(0) != grid.size(0):
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.size(-1) != n_dims:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {n_dims} in last dimension, "
            f"but got grid with sizes {list(grid.shape)}"
        )
    if mode == "bicubic" and n_dims == 3:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """input at the positions of grid (N, *out, x y [z]), which run from -1 to 1 over the image."""
    _check(input, grid, mode, padding_mode)
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            stacklevel=2,
        )
        align_corners = False
    spatial = input.shape[2:]
    n_dims = len(spatial)
    # The grid names its axes x first; the image has x last.
    positions = [
        _unnormalize(grid[..., n_dims - 1 - i], size, align_corners) for i, size in enumerate(spatial)
    ]
    if mode == "bicubic":
        return _sample_bicubic(input, positions, padding_mode, align_corners)
    positions = [_inside(at, size, padding_mode, align_corners) for at, size in zip(positions, spatial)]
    if mode == "nearest":
        return _read(input, [at.round() for at in positions])
    lows = [at.floor() for at in positions]
    fractions = [at - low.detach() for at, low in zip(positions, lows)]
    total = None
    for corner in itertools.product((0, 1), repeat=n_dims):
        weight = None
        for is_high, fraction in zip(corner, fractions):
            factor = fraction if is_high else 1 - fraction
            weight = factor if weight is None else weight * factor
        values = _read(input, [low + step for low, step in zip(lows, corner)])
        term = values * weight.unsqueeze(1)
        total = term if total is None else total + term
    return total


def _sample_bicubic(input, positions, padding_mode, align_corners):
    lows = [at.floor() for at in positions]
    weights = [_cubic_weights(at - low.detach()) for at, low in zip(positions, lows)]
    spatial = input.shape[2:]
    total = None
    for row in range(4):
        y = _inside(lows[0] + (row - 1), spatial[0], padding_mode, align_corners)
        line = None
        for column in range(4):
            x = _inside(lows[1] + (column - 1), spatial[1], padding_mode, align_corners)
            term = _read(input, [y, x]) * weights[1][column].unsqueeze(1)
            line = term if line is None else line + term
        term = line * weights[0][row].unsqueeze(1)
        total = term if total is None else total + term
    return total
