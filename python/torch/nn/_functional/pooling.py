"""Pools beyond the generated ones: with indices, adaptive maximum, fractional, power-average, and un-pooling.

Pools with indices gather each window's elements by position, so one composition serves one to three dimensions.
"""

import math

import torch

from . import raw
from ..modules.utils import _list_with_default, _ntuple


def _with_batch_and_channel(input, n_dims, name):
    """The input as (N, C, *spatial), and how many leading dimensions were added."""
    if input.dim() not in (n_dims + 1, n_dims + 2):
        raise RuntimeError(
            f"{name}(): Expected {n_dims + 1}D or {n_dims + 2}D input tensor, "
            f"but got input of size: {list(input.shape)}"
        )
    return (input.unsqueeze(0), 1) if input.dim() == n_dims + 1 else (input, 0)


def _max_over_windows(input, starts_and_lengths, spacing):
    """Maximum of each window and its position in the flattened plane.

    starts_and_lengths: per spatial dimension a list of (first, count) with `spacing` between elements; a window is
    padded to the longest by repeating its last element, which never changes which position is found first.
    """
    spatial = input.shape[2:]
    out_sizes = [len(windows) for windows in starts_and_lengths]
    flat = None
    n_in_window = 1
    for size, windows, step in zip(spatial, starts_and_lengths, spacing):
        longest = max(count for _, count in windows)
        table = torch.tensor(
            [[first + step * min(k, count - 1) for k in range(longest)] for first, count in windows],
            dtype=torch.int64, device=input.device,
        )
        n_in_window *= longest
        if flat is None:
            flat = table
            continue
        a, b = flat.shape
        c, d = table.shape
        flat = (flat.view(a, 1, b, 1) * size + table.view(1, c, 1, d)).reshape(a * c, b * d)
    values = input.flatten(2).index_select(2, flat.reshape(-1)).view(*input.shape[:2], -1, n_in_window)
    best, which = values.max(-1)
    positions = flat.unsqueeze(0).unsqueeze(0).expand(values.shape).gather(-1, which.unsqueeze(-1)).squeeze(-1)
    shape = (*input.shape[:2], *out_sizes)
    return best.reshape(shape), positions.reshape(shape)


def _windows(size, kernel, stride, padding, dilation, ceil_mode):
    """(first, count) of the elements that lie inside the input, for every window."""
    span = dilation * (kernel - 1) + 1
    room = size + 2 * padding - span
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    windows = []
    for i in range(count):
        inside = [i * stride - padding + k * dilation for k in range(kernel)]
        inside = [at for at in inside if 0 <= at < size]
        windows.append((inside[0], len(inside)))
    return windows


def _max_pool_with_indices(input, n_dims, kernel_size, stride, padding, dilation, ceil_mode):
    parse = _ntuple(n_dims)
    kernel, padding, dilation = parse(kernel_size), parse(padding), parse(dilation)
    stride = kernel if stride is None or stride == [] else parse(stride)
    for k, p in zip(kernel, padding):
        if p > k // 2:
            raise RuntimeError("pad should be at most half of effective kernel size, but got pad="
                               f"{p}, kernel_size={k} and dilation={dilation[0]}")
    input, added = _with_batch_and_channel(input, n_dims, f"max_pool{n_dims}d")
    windows = [
        _windows(size, k, s, p, d, ceil_mode)
        for size, k, s, p, d in zip(input.shape[2:], kernel, stride, padding, dilation)
    ]
    values, indices = _max_over_windows(input, windows, dilation)
    return (values.squeeze(0), indices.squeeze(0)) if added else (values, indices)


def max_pool1d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    return _max_pool_with_indices(input, 1, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    return raw.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    return _max_pool_with_indices(input, 3, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return raw.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return raw.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        return max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return raw.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)


def _adaptive_max_pool(input, n_dims, output_size):
    output_size = _list_with_default(_ntuple(n_dims)(output_size), list(input.shape))
    input, added = _with_batch_and_channel(input, n_dims, f"adaptive_max_pool{n_dims}d")
    windows = []
    for size, out in zip(input.shape[2:], output_size):
        bounds = [(i * size // out, -(-(i + 1) * size // out)) for i in range(out)]
        windows.append([(first, end - first) for first, end in bounds])
    values, indices = _max_over_windows(input, windows, (1,) * n_dims)
    return (values.squeeze(0), indices.squeeze(0)) if added else (values, indices)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    return _adaptive_max_pool(input, 1, output_size)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    return _adaptive_max_pool(input, 2, output_size)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    return _adaptive_max_pool(input, 3, output_size)


def adaptive_max_pool1d(input, output_size, return_indices=False):
    pooled = _adaptive_max_pool(input, 1, output_size)
    return pooled if return_indices else pooled[0]


def adaptive_max_pool2d(input, output_size, return_indices=False):
    pooled = _adaptive_max_pool(input, 2, output_size)
    return pooled if return_indices else pooled[0]


def adaptive_max_pool3d(input, output_size, return_indices=False):
    pooled = _adaptive_max_pool(input, 3, output_size)
    return pooled if return_indices else pooled[0]


def adaptive_avg_pool1d(input, output_size):
    size = output_size if isinstance(output_size, int) else output_size[0]
    return raw.adaptive_avg_pool1d(input, size)


def adaptive_avg_pool2d(input, output_size):
    return raw.adaptive_avg_pool2d(input, _list_with_default(_ntuple(2)(output_size), list(input.shape)))


def adaptive_avg_pool3d(input, output_size):
    return raw.adaptive_avg_pool3d(input, _list_with_default(_ntuple(3)(output_size), list(input.shape)))


def _fractional_starts(sample, size, out, kernel):
    """Graham 2014: window starts grow by an irrational-like step that begins at a random offset."""
    if out == 1:
        return [size - kernel]
    step = (size - kernel) / (out - 1)
    first = int(sample * step)
    return [int((i + sample) * step) - first for i in range(out - 1)] + [size - kernel]


def _fractional_max_pool(input, n_dims, kernel_size, output_size, output_ratio, samples):
    name = f"fractional_max_pool{n_dims}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    kernel = _ntuple(n_dims)(kernel_size)
    input, added = _with_batch_and_channel(input, n_dims, name)
    spatial = input.shape[2:]
    if output_size is None:
        ratios = _ntuple(n_dims)(output_ratio)
        output_size = [int(size * ratio) for size, ratio in zip(spatial, ratios)]
    output_size = _ntuple(n_dims)(output_size)
    n, c = input.shape[:2]
    if samples is None:
        samples = torch.rand(n, c, n_dims, dtype=input.dtype, device=input.device)
    # Every plane has its own random windows. PyTorch reads the samples from the last dimension to the first.
    values, indices = [], []
    for plane, plane_samples in zip(input.reshape(n * c, 1, 1, *spatial), samples.reshape(n * c, n_dims).tolist()):
        windows = []
        for dim in range(n_dims):
            sample = plane_samples[n_dims - 1 - dim] if n_dims == 2 else plane_samples[dim]
            starts = _fractional_starts(sample, spatial[dim], output_size[dim], kernel[dim])
            windows.append([(start, kernel[dim]) for start in starts])
        best, at = _max_over_windows(plane, windows, (1,) * n_dims)
        values.append(best)
        indices.append(at)
    shape = (n, c, *output_size)
    values, indices = torch.cat(values).reshape(shape), torch.cat(indices).reshape(shape)
    return (values.squeeze(0), indices.squeeze(0)) if added else (values, indices)


def fractional_max_pool2d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    return _fractional_max_pool(input, 2, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    return _fractional_max_pool(input, 3, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    pooled = _fractional_max_pool(input, 2, kernel_size, output_size, output_ratio, _random_samples)
    return pooled if return_indices else pooled[0]


def fractional_max_pool3d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    pooled = _fractional_max_pool(input, 3, kernel_size, output_size, output_ratio, _random_samples)
    return pooled if return_indices else pooled[0]


def _lp_pool(input, norm_type, n_dims, kernel_size, stride, ceil_mode):
    kernel = _ntuple(n_dims)(kernel_size)
    stride = kernel if stride is None or stride == [] else stride
    average = getattr(raw, f"avg_pool{n_dims}d")
    mean = average(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    return (torch.sign(mean) * torch.relu(mean.abs())).mul(math.prod(kernel)).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _lp_pool(input, norm_type, 1, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _lp_pool(input, norm_type, 2, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _lp_pool(input, norm_type, 3, kernel_size, stride, ceil_mode)


def _unpool_output_size(input, kernel_size, stride, padding, output_size):
    n_dims = len(kernel_size)
    spatial = input.shape[-n_dims:]
    default = [(size - 1) * s - 2 * p + k for size, k, s, p in zip(spatial, kernel_size, stride, padding)]
    if output_size is None:
        return default
    output_size = list(output_size)
    if len(output_size) == n_dims + 2:
        output_size = output_size[2:]
    if len(output_size) != n_dims:
        raise ValueError(
            "output_size should be a sequence containing "
            f"{n_dims} or {n_dims + 2} elements, but it has a length of '{len(output_size)}'"
        )
    for i, (size, usual, s) in enumerate(zip(output_size, default, stride)):
        if not usual - s < size < usual + s:
            raise ValueError(
                f"invalid output_size {output_size} (dim {i} must be between {usual - s} and {usual + s})"
            )
    return output_size


def _max_unpool(input, indices, n_dims, kernel_size, stride, padding, output_size):
    parse = _ntuple(n_dims)
    kernel, padding = parse(kernel_size), parse(padding)
    stride = kernel if stride is None else parse(stride)
    size = _unpool_output_size(input, kernel, stride, padding, output_size)
    leading = input.shape[:-n_dims]
    n_positions = math.prod(size)
    flat = torch.zeros(*leading, n_positions, dtype=input.dtype, device=input.device)
    n_leading = len(leading)
    result = flat.scatter(-1, indices.flatten(n_leading), input.flatten(n_leading))
    return result.reshape(*leading, *size)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    return _max_unpool(input, indices, 1, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    return _max_unpool(input, indices, 2, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    return _max_unpool(input, indices, 3, kernel_size, stride, padding, output_size)
