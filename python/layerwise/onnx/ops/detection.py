"""Choosing boxes."""

import torch

from layerwise.onnx.registry import operator
from layerwise.onnx.values import number


@operator("NonMaxSuppression", raw=(2, 3, 4))
def non_max_suppression(node, boxes, scores, most=None, overlap=None, least=None):
    most = int(number(most)) if most is not None else 0
    overlap = float(number(overlap)) if overlap is not None else 0.0
    least = float(number(least)) if least is not None else None
    is_centered = bool(node.get("center_point_box", 0))
    corners = _corners(boxes, is_centered).tolist()
    found = []
    for batch, by_class in enumerate(scores.tolist()):
        for category, values in enumerate(by_class):
            chosen = _chosen(corners[batch], values, most, overlap, least)
            found.extend([batch, category, box] for box in chosen)
    return torch.tensor(found, dtype=torch.int64).reshape(-1, 3)


def _corners(boxes, is_centered):
    """Top, left, bottom, right; the model may name any two opposite corners."""
    if is_centered:
        x, y, width, height = boxes.unbind(-1)
        return torch.stack([y - height / 2, x - width / 2, y + height / 2, x + width / 2], dim=-1)
    first, second = boxes[..., :2], boxes[..., 2:]
    return torch.cat([torch.minimum(first, second), torch.maximum(first, second)], dim=-1)


def _chosen(boxes, scores, most, overlap, least):
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    kept = []
    for i in order:
        if len(kept) >= most:
            break
        if least is not None and scores[i] <= least:
            continue
        if all(_intersection_over_union(boxes[i], boxes[j]) <= overlap for j in kept):
            kept.append(i)
    return kept


def _intersection_over_union(a, b):
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    if height <= 0 or width <= 0:
        return 0.0
    both = height * width
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / area if area > 0 else 0.0
