"""Convolutions and pools of any number of dimensions, with ONNX's paddings, which may differ between the two ends."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch._gen import functions as _ops

from layerwise.onnx.registry import operator

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


class Window:
    """The attributes that all windows share, spelled out for the dimensions at hand."""

    def __init__(self, node, sizes, kernel):
        rank = len(sizes)
        self.sizes = list(sizes)
        self.kernel = list(kernel)
        self.strides = node.get("strides") or [1] * rank
        self.dilations = node.get("dilations") or [1] * rank
        pads = node.get("pads") or [0] * (2 * rank)
        self.before, self.after = list(pads[:rank]), list(pads[rank:])
        auto = node.choice("auto_pad", "NOTSET", ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"))
        self.is_same = auto.startswith("SAME")
        if auto == "VALID":
            self.before, self.after = [0] * rank, [0] * rank
        elif self.is_same:
            for d in range(rank):
                count = -(-self.sizes[d] // self.strides[d])
                total = max(0, (count - 1) * self.strides[d] + self.span(d) - self.sizes[d])
                small, large = total // 2, total - total // 2
                is_upper = auto == "SAME_UPPER"
                self.before[d], self.after[d] = (small, large) if is_upper else (large, small)

    def span(self, d):
        """How many elements one window covers, gaps included."""
        return (self.kernel[d] - 1) * self.dilations[d] + 1

    @property
    def is_even(self):
        return self.before == self.after

    def flat(self, before=None, after=None):
        """As F.pad wants it: last dimension first."""
        before, after = before or self.before, after or self.after
        return [n for pair in reversed(list(zip(before, after))) for n in pair]

    def counts(self, is_ceiled=False):
        found = []
        for d, size in enumerate(self.sizes):
            room = size + self.before[d] + self.after[d] - self.span(d)
            count = (-(-room // self.strides[d]) if is_ceiled else room // self.strides[d]) + 1
            # A window that begins in the padding behind the input is none.
            if is_ceiled and (count - 1) * self.strides[d] >= size + self.before[d]:
                count -= 1
            found.append(count)
        return found


@operator("Conv")
def conv(node, x, weight, bias=None):
    rank = x.dim() - 2
    if rank not in _CONV:
        node.refuse(f"{rank} spatial dimensions")
    window = Window(node, x.shape[2:], weight.shape[2:])
    padding = window.before
    if not window.is_even:
        x = F.pad(x, window.flat())
        padding = [0] * rank
    groups = node.get("group", 1)
    return _CONV[rank](x, weight, bias, window.strides, padding, window.dilations, groups)


@operator("ConvTranspose")
def conv_transpose(node, x, weight, bias=None):
    rank = x.dim() - 2
    if rank not in _CONV_TRANSPOSE:
        node.refuse(f"{rank} spatial dimensions")
    kernel = list(weight.shape[2:])
    strides = node.get("strides") or [1] * rank
    dilations = node.get("dilations") or [1] * rank
    more = node.get("output_padding") or [0] * rank
    auto = node.choice("auto_pad", "NOTSET", ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"))
    pads = node.get("pads") or [0] * (2 * rank)
    before, after = list(pads[:rank]), list(pads[rank:])
    wanted = node.get("output_shape")
    whole = [(x.shape[2 + d] - 1) * strides[d] + (kernel[d] - 1) * dilations[d] + 1 + more[d] for d in range(rank)]
    if wanted is None and auto.startswith("SAME"):
        wanted = [x.shape[2 + d] * strides[d] for d in range(rank)]
    if wanted is not None:
        for d in range(rank):
            total = max(0, whole[d] - wanted[-rank:][d])
            small, large = total // 2, total - total // 2
            before[d], after[d] = (small, large) if auto == "SAME_UPPER" else (large, small)
    groups = node.get("group", 1)
    call = _CONV_TRANSPOSE[rank]
    if before == after and wanted is None:
        return call(x, weight, bias, strides, before, more, groups, dilations)
    # The whole product, of which any padding can be taken away at either end; what lies behind it no input reaches.
    none = [0] * rank
    found = call(x, weight, None, strides, none, none, groups, dilations)
    behind = [max(0, n - whole[d]) + more[d] for d, n in enumerate(wanted[-rank:] if wanted else none)]
    if any(behind):
        found = F.pad(found, [n for d in reversed(range(rank)) for n in (0, behind[d])])
    for d in range(rank):
        found = found.narrow(2 + d, before[d], found.shape[2 + d] - before[d] - after[d])
    return found if bias is None else found + bias.reshape(1, -1, *[1] * rank)


@operator("DeformConv")
def deform_conv(node, x, weight, offset, bias=None, mask=None):
    if x.dim() != 4:
        node.refuse(f"{x.dim() - 2} spatial dimensions")
    window = Window(node, x.shape[2:], weight.shape[2:])
    groups, offset_groups = node.get("group", 1), node.get("offset_group", 1)
    batch, channels, height, width = x.shape
    rows, columns = offset.shape[2:]
    kernel_height, kernel_width = weight.shape[2:]
    taps = kernel_height * kernel_width
    offset = offset.reshape(batch, offset_groups, taps, 2, rows, columns)
    base_y = torch.arange(rows, device=x.device).reshape(-1, 1) * window.strides[0] - window.before[0]
    base_x = torch.arange(columns, device=x.device).reshape(1, -1) * window.strides[1] - window.before[1]
    picked = []
    for tap in range(taps):
        ky, kx = divmod(tap, kernel_width)
        y = base_y + ky * window.dilations[0] + offset[:, :, tap, 0]
        at = base_x + kx * window.dilations[1] + offset[:, :, tap, 1]
        # grid_sample takes positions from -1 to 1, over the centres of the outer elements.
        grid = torch.stack([2 * at / max(width - 1, 1) - 1, 2 * y / max(height - 1, 1) - 1], dim=-1)
        if width == 1 or height == 1:
            node.refuse("an input of one row or column")
        part = x.reshape(batch * offset_groups, channels // offset_groups, height, width)
        value = F.grid_sample(part, grid.reshape(batch * offset_groups, rows, columns, 2), align_corners=True)
        value = value.reshape(batch, offset_groups, channels // offset_groups, rows, columns)
        if mask is not None:
            weights = mask.reshape(batch, offset_groups, taps, rows, columns)[:, :, tap]
            value = value * weights.unsqueeze(2)
        picked.append(value.reshape(batch, channels, rows, columns))
    columns_of = torch.stack(picked, dim=2).reshape(batch, groups, channels // groups * taps, rows * columns)
    by_group = weight.reshape(groups, weight.shape[0] // groups, -1)
    found = torch.matmul(by_group, columns_of).reshape(batch, weight.shape[0], rows, columns)
    return found if bias is None else found + bias.reshape(1, -1, 1, 1)


def _extended(window, counts):
    """How much must stand behind the input for so many windows."""
    return [
        max(window.after[d], (counts[d] - 1) * window.strides[d] + window.span(d) - window.sizes[d] - window.before[d])
        for d in range(len(counts))
    ]


@operator("AveragePool")
def average_pool(node, x):
    window = Window(node, x.shape[2:], node.get("kernel_shape"))
    counts = window.counts(bool(node.get("ceil_mode", 0)) and not window.is_same)
    includes_pads = bool(node.get("count_include_pad", 0))
    total = _window_sums(F.pad(x, window.flat(window.before, _extended(window, counts))), window, counts)
    ones = torch.ones([1, 1, *x.shape[2:]], dtype=x.dtype, device=x.device)
    if includes_pads:
        ones = F.pad(ones, window.flat(), value=1.0)
        behind = [n - after for n, after in zip(_extended(window, counts), window.after)]
        ones = F.pad(ones, window.flat([0] * len(behind), behind))
    else:
        ones = F.pad(ones, window.flat(window.before, _extended(window, counts)))
    return total / _window_sums(ones, window, counts)


def _window_sums(x, window, counts):
    """The sum of each window."""
    rank = len(counts)
    if rank in _AVERAGE and all(n == 1 for n in window.dilations):
        area = math.prod(window.kernel)
        return _AVERAGE[rank](x, window.kernel, window.strides)[_first(counts)] * area
    total = None
    for part in _taps(x, window, counts):
        total = part if total is None else total + part
    return total


def _first(counts):
    return (slice(None), slice(None), *(slice(0, n) for n in counts))


def _taps(x, window, counts):
    """The same element of every window, one element of the window after the other."""
    for place in itertools.product(*(range(n) for n in window.kernel)):
        part = x
        for d, at in enumerate(place):
            start = at * window.dilations[d]
            stop = start + (counts[d] - 1) * window.strides[d] + 1
            part = part[(slice(None),) * (2 + d) + (slice(start, stop, window.strides[d]),)]
        yield part


@operator("MaxPool")
def max_pool(node, x):
    rank = x.dim() - 2
    window = Window(node, x.shape[2:], node.get("kernel_shape"))
    is_ceiled = bool(node.get("ceil_mode", 0)) and not window.is_same
    counts = window.counts(is_ceiled)
    wants_places = len(node.outputs) > 1
    after = _extended(window, counts)
    fits = window.before == after and all(2 * n <= k for n, k in zip(window.before, window.kernel))
    if rank in _MAX and fits and x.is_floating_point() and not wants_places:
        return _MAX[rank](x, window.kernel, window.strides, window.before, window.dilations)
    if rank == 2 and fits and x.dtype in (torch.uint8, torch.int8) and not wants_places:
        return _ops._max_pool2d_int8(x, window.kernel, window.strides, window.before, window.dilations)
    low = -math.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    padded = F.pad(x, window.flat(window.before, after), value=low)
    parts = torch.stack(list(_taps(padded, window, counts)))
    best = torch.argmax(parts, dim=0)
    values = torch.gather(parts, 0, best.unsqueeze(0)).squeeze(0)
    return (values, _places(node, x, window, counts, best)) if wants_places else values


def _places(node, x, window, counts, best):
    """Where the largest stood, as a position in the whole tensor; columns first where storage_order says so."""
    rank = len(counts)
    batch, channels = x.shape[:2]
    coordinates = []
    rest = best
    for d in reversed(range(rank)):
        at = torch.remainder(rest, window.kernel[d]) * window.dilations[d]
        rest = torch.div(rest, window.kernel[d], rounding_mode="floor")
        sizes = [1] * (2 + rank)
        sizes[2 + d] = counts[d]
        start = torch.arange(counts[d], device=x.device) * window.strides[d] - window.before[d]
        coordinates.insert(0, at + start.reshape(sizes))
    order = reversed(range(rank)) if node.get("storage_order", 0) else range(rank)
    place = torch.zeros_like(best)
    for d in order:
        place = place * x.shape[2 + d] + coordinates[d]
    plane = math.prod(x.shape[2:])
    planes = torch.arange(batch * channels, device=x.device).reshape(batch, channels, *[1] * rank)
    return planes * plane + place


@operator("MaxUnpool")
def max_unpool(node, x, indices, sizes=None):
    rank = x.dim() - 2
    if sizes is not None:
        wanted = [int(n) for n in sizes.tolist()]
    else:
        window = Window(node, x.shape[2:], node.get("kernel_shape"))
        wanted = [*x.shape[:2]]
        for d in range(rank):
            size = (x.shape[2 + d] - 1) * window.strides[d] + window.kernel[d]
            wanted.append(size - window.before[d] - window.after[d])
    flat = torch.zeros(math.prod(wanted), dtype=x.dtype, device=x.device)
    # Positions count in the tensor that the pool without padding would have had.
    own = math.prod(wanted[2:])
    before = _unpooled_plane(node, x)
    index = indices.reshape(-1)
    if before is not None and before != list(wanted[2:]):
        plane = math.prod(before)
        planes, inside = torch.div(index, plane, rounding_mode="floor"), torch.remainder(index, plane)
        place = torch.zeros_like(inside)
        step = 1
        for d in reversed(range(rank)):
            place = place + torch.remainder(inside, before[d]) * step
            inside = torch.div(inside, before[d], rounding_mode="floor")
            step *= wanted[2 + d]
        index = planes * own + place
    return flat.scatter(0, index, x.reshape(-1)).reshape(wanted)


def _unpooled_plane(node, x):
    window = Window(node, x.shape[2:], node.get("kernel_shape"))
    return [
        (x.shape[2 + d] - 1) * window.strides[d] + window.kernel[d] - window.before[d] - window.after[d]
        for d in range(x.dim() - 2)
    ]


@operator("LpPool")
def lp_pool(node, x):
    window = Window(node, x.shape[2:], node.get("kernel_shape"))
    counts = window.counts(bool(node.get("ceil_mode", 0)) and not window.is_same)
    p = node.get("p", 2)
    powers = torch.abs(F.pad(x, window.flat(window.before, _extended(window, counts)))) ** p
    return _window_sums(powers, window, counts) ** (1.0 / p)


def _spatial(x):
    return list(range(2, x.dim()))


@operator("GlobalAveragePool")
def global_average_pool(node, x):
    return torch.mean(x, dim=_spatial(x), keepdim=True)


@operator("GlobalMaxPool")
def global_max_pool(node, x):
    return torch.amax(x, dim=_spatial(x), keepdim=True)


@operator("GlobalLpPool")
def global_lp_pool(node, x):
    p = node.get("p", 2)
    return torch.sum(torch.abs(x) ** p, dim=_spatial(x), keepdim=True) ** (1.0 / p)
