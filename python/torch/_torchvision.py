"""The operators that torchvision's compiled part brings, composed of tensor ops so that gradients come with them. Those of
quantized tensors and rotated boxes are refused by name."""

import torch
from torch import _ops


def _boxes_of(rois, scale, offset):
    """Batch index and corners in the feature map's coordinates."""
    return rois[:, 0].to(torch.int64), *[rois[:, i] * scale - offset for i in (1, 2, 3, 4)]


def nms(dets, scores, iou_threshold):
    """Indices of the boxes that are kept, best first: each removes the lesser ones that overlap it too much."""
    if dets.dim() != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {dets.dim()}D")
    if dets.shape[1] != 4:
        raise RuntimeError(f"boxes should have 4 elements in dimension 1, got {dets.shape[1]}")
    if scores.dim() != 1:
        raise RuntimeError(f"scores should be a 1d tensor, got {scores.dim()}D")
    if dets.shape[0] != scores.shape[0]:
        raise RuntimeError(
            "boxes and scores should have same number of elements in dimension 0, got "
            f"{dets.shape[0]} and {scores.shape[0]}"
        )
    dets, scores = dets.detach(), scores.detach()
    order = torch.sort(scores, descending=True, stable=True).indices
    boxes = dets[order]
    x1, y1, x2, y2 = boxes.unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    alive = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    kept = []
    for i in range(len(boxes)):
        if not alive[i]:
            continue
        kept.append(i)
        width = (torch.minimum(x2[i], x2) - torch.maximum(x1[i], x1)).clamp(min=0)
        height = (torch.minimum(y2[i], y2) - torch.maximum(y1[i], y1)).clamp(min=0)
        overlap = width * height
        alive = alive & ~(overlap / (areas[i] + areas - overlap) > iou_threshold)
    return order[torch.tensor(kept, dtype=torch.int64, device=order.device)]


def _corner_weights(position, size):
    """For positions along one axis: the two neighbours, and the weight of the second; nothing counts far outside."""
    inside = (position >= -1.0) & (position <= size)
    position = position.clamp(min=0)
    low = position.detach().to(torch.int64).clamp(max=size - 1)
    high = (low + 1).clamp(max=size - 1)
    share = torch.where(low >= size - 1, torch.zeros_like(position), position - low.to(position.dtype))
    return inside, low, high, share


def _sample(feature, y, x):
    """Bilinear values (channels, y, x) of one feature map at a grid of positions."""
    y_inside, y_low, y_high, y_share = _corner_weights(y, feature.shape[1])
    x_inside, x_low, x_high, x_share = _corner_weights(x, feature.shape[2])
    top, bottom = feature[:, y_low], feature[:, y_high]
    top = top[:, :, x_low] * (1 - x_share) + top[:, :, x_high] * x_share
    bottom = bottom[:, :, x_low] * (1 - x_share) + bottom[:, :, x_high] * x_share
    share = y_share[:, None]
    mask = (y_inside[:, None] & x_inside[None, :]).to(feature.dtype)
    return (top * (1 - share) + bottom * share) * mask


def _sample_positions(start, bin_size, n_bins, n_samples):
    """(bins * samples) positions, evenly spread in each bin."""
    bins = torch.arange(n_bins, dtype=start.dtype, device=start.device)[:, None]
    inner = (torch.arange(n_samples, dtype=start.dtype, device=start.device) + 0.5)[None]
    return (start + bins * bin_size + inner * bin_size / n_samples).reshape(-1)


def _check_rois(input, rois, name):
    if rois.dim() != 2 or rois.shape[1] != 5:
        raise RuntimeError("rois must have shape as Tensor[K, 5]")
    if input.dtype != rois.dtype:
        raise RuntimeError(f"{name}: Expected tensor for input to have the same type as tensor for rois; but type {input.dtype} does "
                           f"not equal {rois.dtype}")


def roi_align(input, rois, spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned=False):
    _check_rois(input, rois, "roi_align")
    batch, x1, y1, x2, y2 = _boxes_of(rois, spatial_scale, 0.5 if aligned else 0.0)
    width, height = x2 - x1, y2 - y1
    if not aligned:
        width, height = width.clamp(min=1.0), height.clamp(min=1.0)
    pooled = []
    for i in range(len(rois)):
        bin_height, bin_width = height[i] / pooled_height, width[i] / pooled_width
        rows = sampling_ratio if sampling_ratio > 0 else int(torch.ceil(bin_height))
        columns = sampling_ratio if sampling_ratio > 0 else int(torch.ceil(bin_width))
        if rows <= 0 or columns <= 0:
            pooled.append(input.new_zeros(input.shape[1], pooled_height, pooled_width))
            continue
        y = _sample_positions(y1[i], bin_height, pooled_height, rows)
        x = _sample_positions(x1[i], bin_width, pooled_width, columns)
        values = _sample(input[int(batch[i])], y, x)
        pooled.append(values.reshape(-1, pooled_height, rows, pooled_width, columns).sum((2, 4)) / (rows * columns))
    if not pooled:
        return input.new_zeros(0, input.shape[1], pooled_height, pooled_width)
    return torch.stack(pooled)


def ps_roi_align(input, rois, spatial_scale, pooled_height, pooled_width, sampling_ratio):
    _check_rois(input, rois, "ps_roi_align")
    if input.shape[1] % (pooled_height * pooled_width):
        raise RuntimeError("input channels must be a multiple of pooling height * pooling width")
    whole = roi_align(input, rois, spatial_scale, pooled_height, pooled_width, sampling_ratio, True)
    return _own_channels(whole, pooled_height, pooled_width)


def _own_channels(whole, pooled_height, pooled_width):
    """Each bin takes the channel that belongs to it."""
    n = pooled_height * pooled_width
    channels = whole.shape[1] // n
    spread = whole.reshape(len(whole), channels, n, n)
    places = torch.arange(n, device=whole.device)
    picked = spread[:, :, places, places].reshape(len(whole), channels, pooled_height, pooled_width)
    mapping = (torch.arange(channels, device=whole.device)[:, None] * n + places).reshape(channels, pooled_height, pooled_width)
    return picked, mapping.to(torch.int32).expand(len(whole), -1, -1, -1)


def _pooling_edges(start, length, n_bins, size):
    """Integer bins of roi_pool along one axis: (first, behind the last) of each."""
    bin_size = length / n_bins
    edges = []
    for i in range(n_bins):
        first = min(max(int(torch.floor(i * bin_size)) + start, 0), size)
        last = min(max(int(torch.ceil((i + 1) * bin_size)) + start, 0), size)
        edges.append((first, last))
    return edges


def _rounded(value):
    """Halves away from zero, as C rounds."""
    number = float(value)
    return int(number + 0.5) if number >= 0 else -int(-number + 0.5)


def roi_pool(input, rois, spatial_scale, pooled_height, pooled_width):
    _check_rois(input, rois, "roi_pool")
    results, places = [], []
    for roi in rois.detach():
        feature = input[int(roi[0])]
        x1, y1, x2, y2 = [_rounded(v * spatial_scale) for v in roi[1:]]
        rows = _pooling_edges(y1, torch.tensor(float(max(y2 - y1 + 1, 1))), pooled_height, feature.shape[1])
        columns = _pooling_edges(x1, torch.tensor(float(max(x2 - x1 + 1, 1))), pooled_width, feature.shape[2])
        for top, bottom in rows:
            for left, right in columns:
                if bottom <= top or right <= left:
                    results.append(input.new_zeros(len(feature)))
                    places.append(torch.full((len(feature),), -1, dtype=torch.int64, device=input.device))
                    continue
                best = feature[:, top:bottom, left:right].reshape(len(feature), -1).max(1)
                results.append(best.values)
                row, column = best.indices // (right - left) + top, best.indices % (right - left) + left
                places.append(row * feature.shape[2] + column)
    shape = (len(rois), pooled_height, pooled_width, input.shape[1])
    if not results:
        empty = input.new_zeros(0, input.shape[1], pooled_height, pooled_width)
        return empty, empty.to(torch.int32)
    pooled = torch.stack(results).reshape(shape).permute(0, 3, 1, 2)
    return pooled.contiguous(), torch.stack(places).reshape(shape).permute(0, 3, 1, 2).contiguous().to(torch.int32)


def ps_roi_pool(input, rois, spatial_scale, pooled_height, pooled_width):
    _check_rois(input, rois, "ps_roi_pool")
    n = pooled_height * pooled_width
    channels = input.shape[1] // n
    results = []
    for roi in rois.detach():
        feature = input[int(roi[0])]
        x1, y1 = _rounded(roi[1]) * spatial_scale, _rounded(roi[2]) * spatial_scale
        x2, y2 = _rounded(roi[3] + 1) * spatial_scale, _rounded(roi[4] + 1) * spatial_scale
        height, width = max(y2 - y1, 0.1) / pooled_height, max(x2 - x1, 0.1) / pooled_width
        bins = []
        for i in range(pooled_height):
            for j in range(pooled_width):
                top, bottom = _clamped(i * height + y1, (i + 1) * height + y1, feature.shape[1])
                left, right = _clamped(j * width + x1, (j + 1) * width + x1, feature.shape[2])
                own = feature[i * pooled_width + j :: n]
                if bottom <= top or right <= left:
                    bins.append(input.new_zeros(channels))
                else:
                    bins.append(own[:, top:bottom, left:right].mean((1, 2)))
        results.append(torch.stack(bins, 1).reshape(channels, pooled_height, pooled_width))
    numbers = torch.arange(channels * n, device=input.device)
    mapping = numbers.reshape(channels, pooled_height, pooled_width)
    pooled = torch.stack(results) if results else input.new_zeros(0, channels, pooled_height, pooled_width)
    return pooled, mapping.to(torch.int32).expand(len(rois), -1, -1, -1)


def _clamped(first, last, size):
    import math

    return min(max(math.floor(first), 0), size), min(max(math.ceil(last), 0), size)


def deform_conv2d(input, weight, offset, mask, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, n_weight_grps,
                  n_offset_grps, use_mask):
    """Convolution that samples where the offsets point: columns are gathered bilinearly, then one matrix product."""
    n, channels, height, width = input.shape
    out_channels, _, rows, columns = weight.shape
    out_height = (height + 2 * pad_h - (dilation_h * (rows - 1) + 1)) // stride_h + 1
    out_width = (width + 2 * pad_w - (dilation_w * (columns - 1) + 1)) // stride_w + 1
    taps, per_group = rows * columns, channels // n_offset_grps
    shifts = offset.reshape(n, n_offset_grps, taps, 2, out_height, out_width)
    tap_y = (torch.arange(rows, device=input.device) * dilation_h).repeat_interleave(columns).to(input.dtype).reshape(1, 1, taps, 1, 1)
    tap_x = (torch.arange(columns, device=input.device) * dilation_w).repeat(rows).to(input.dtype).reshape(1, 1, taps, 1, 1)
    base_y = (torch.arange(out_height, device=input.device) * stride_h - pad_h).to(input.dtype).reshape(1, 1, 1, -1, 1)
    base_x = (torch.arange(out_width, device=input.device) * stride_w - pad_w).to(input.dtype).reshape(1, 1, 1, 1, -1)
    y = base_y + tap_y + shifts[:, :, :, 0]
    x = base_x + tap_x + shifts[:, :, :, 1]
    values = _gather_bilinear(input.reshape(n, n_offset_grps, per_group, height * width), y, x, height, width)
    if use_mask:
        values = values * mask.reshape(n, n_offset_grps, 1, taps, out_height, out_width)
    values = values.reshape(n, n_weight_grps, (channels // n_weight_grps) * taps, out_height * out_width)
    kernel = weight.reshape(1, n_weight_grps, out_channels // n_weight_grps, -1)
    out = torch.matmul(kernel, values).reshape(n, out_channels, out_height, out_width)
    return out + bias.reshape(1, -1, 1, 1)


def _gather_bilinear(flat, y, x, height, width):
    """Values (n, groups, channels, taps, rows, columns) at positions (n, groups, taps, rows, columns); zero outside."""
    n, groups, channels, _ = flat.shape
    inside = (y > -1) & (y < height) & (x > -1) & (x < width)
    y_low, x_low = torch.floor(y.detach()), torch.floor(x.detach())
    y_share, x_share = y - y_low, x - x_low
    total = 0
    for dy, y_weight in ((0, 1 - y_share), (1, y_share)):
        for dx, x_weight in ((0, 1 - x_share), (1, x_share)):
            row, column = (y_low + dy).to(torch.int64), (x_low + dx).to(torch.int64)
            counts = inside & (row >= 0) & (row < height) & (column >= 0) & (column < width)
            place = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
            picked = torch.gather(flat, 3, place.reshape(n, groups, 1, -1).expand(n, groups, channels, place[0, 0].numel()))
            weight = y_weight * x_weight * counts.to(flat.dtype)
            total = total + picked.reshape(n, groups, channels, *place.shape[2:]) * weight.unsqueeze(2)
    return total


def _refuse(name):
    def refused(*args, **kwargs):
        raise NotImplementedError(f"torchvision::{name} is not supported: it belongs to torchvision's compiled part")

    return refused


def register():
    served = {"nms": nms, "roi_align": roi_align, "roi_pool": roi_pool, "ps_roi_align": ps_roi_align, "ps_roi_pool": ps_roi_pool,
              "deform_conv2d": deform_conv2d, "_cuda_version": lambda: -1}
    for name, function in served.items():
        _ops.serve("torchvision", name, function)
    for name in ("qnms", "qroi_align", "box_iou_rotated", "_roi_align_backward", "_roi_pool_backward", "_ps_roi_align_backward",
                 "_ps_roi_pool_backward", "_deform_conv2d_backward"):
        _ops.serve("torchvision", name, _refuse(name))
