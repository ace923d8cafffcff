"""Convolutions with PyTorch's argument forms over the generated 1-D and 2-D ones; 3-D, unfold and fold are composed."""

import torch

from ..._gen import functions as _f
from ..modules.utils import _ntuple


def _zeros_around(input, pad):
    from .padding import pad as pad_function

    return pad_function(input, pad)


def _with_batch(input, weight, n_dims, name):
    if weight.dim() != n_dims + 2:
        raise RuntimeError(
            f"weight should have at least three dimensions" if weight.dim() < 3 else
            f"Expected {weight.dim() - 1}D (unbatched) or {weight.dim()}D (batched) input to {name}, "
            f"but got input of size: {list(input.shape)}"
        )
    if input.dim() == n_dims + 2:
        return input, False
    if input.dim() == n_dims + 1:
        return input.unsqueeze(0), True
    raise RuntimeError(
        f"Expected {n_dims + 1}D (unbatched) or {n_dims + 2}D (batched) input to {name}, "
        f"but got input of size: {list(input.shape)}"
    )


def _numeric_padding(input, weight, stride, padding, dilation):
    """Padding as numbers; "same" with an odd total pads one more on the right first."""
    if not isinstance(padding, str):
        return input, padding
    if padding == "valid":
        return input, (0,) * len(stride)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:])]
    if any(total % 2 for total in totals):
        extra = []
        for total in reversed(totals):
            extra += [0, total % 2]
        input = _zeros_around(input, extra)
    return input, tuple(total // 2 for total in totals)


def _convolve(primitive, n_dims, input, weight, bias, stride, padding, dilation, groups):
    parse = _ntuple(n_dims)
    stride, dilation = parse(stride), parse(dilation)
    padding = padding if isinstance(padding, str) else parse(padding)
    if n_dims == 3 and input.dim() in (4, 5) and input.shape[-4] != weight.size(1) * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
            f"{weight.size(1) * groups} channels, but got {input.shape[-4]} channels instead"
        )
    input, is_single = _with_batch(input, weight, n_dims, f"conv{n_dims}d")
    input, padding = _numeric_padding(input, weight, stride, padding, dilation)
    result = primitive(input, weight, bias, stride, padding, dilation, groups)
    return result.squeeze(0) if is_single else result


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return _convolve(_f._conv1d, 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if type(padding) is not str and input.dim() == 4 and weight.dim() == 4:
        # The op reads one number as two.
        return _f._conv2d(input, weight, bias, stride, padding, dilation, groups)
    return _convolve(_f._conv2d, 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return _convolve(_conv3d, 3, input, weight, bias, stride, padding, dilation, groups)


def _planes(volume):
    """(N, C, D, H, W) as N * D images."""
    n, c, depth, h, w = volume.shape
    return volume.transpose(1, 2).reshape(n * depth, c, h, w)


def _volume(planes, n):
    return planes.reshape(n, -1, *planes.shape[1:]).transpose(1, 2)


def _conv3d(input, weight, bias, stride, padding, dilation, groups):
    """A sum of 2-D convolutions, one per depth of the kernel, each over all output depths at once."""
    n = input.size(0)
    if padding[0]:
        input = _zeros_around(input, (0, 0, 0, 0, padding[0], padding[0]))
    k = weight.size(2)
    depth = (input.size(2) - dilation[0] * (k - 1) - 1) // stride[0] + 1
    if depth <= 0:
        raise RuntimeError(
            f"Calculated padded input size per channel: ({input.size(2)} x {input.size(3) + 2 * padding[1]} x "
            f"{input.size(4) + 2 * padding[2]}). Kernel size: ({k} x {weight.size(3)} x {weight.size(4)}). "
            "Kernel size can't be greater than actual input size"
        )
    total = None
    for i in range(k):
        first = i * dilation[0]
        slices = input[:, :, first:first + (depth - 1) * stride[0] + 1:stride[0]]
        part = _f._conv2d(
            _planes(slices), weight[:, :, i], bias if i == 0 else None, stride[1:], padding[1:], dilation[1:], groups
        )
        total = part if total is None else total + part
    return _volume(total, n).contiguous()


def _transpose(primitive, n_dims, input, weight, bias, stride, padding, output_padding, groups, dilation):
    parse = _ntuple(n_dims)
    stride, padding, dilation = parse(stride), parse(padding), parse(dilation)
    output_padding = parse(output_padding)
    input, is_single = _with_batch(input, weight, n_dims, f"conv_transpose{n_dims}d")
    for extra, s, d in zip(output_padding, stride, dilation):
        if extra >= max(s, d):
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got output_padding: "
                f"{list(output_padding)} stride: {list(stride)} dilation: {list(dilation)}"
            )
    result = primitive(input, weight, bias, stride, padding, output_padding, groups, dilation)
    return result.squeeze(0) if is_single else result


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _transpose(
        _f._conv_transpose1d, 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _transpose(
        _f._conv_transpose2d, 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _transpose(
        _conv_transpose3d, 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def _conv_transpose3d(input, weight, bias, stride, padding, output_padding, groups, dilation):
    """2-D transposed convolutions, one per depth of the kernel, added up where their depth falls."""
    n, depth, k = input.size(0), input.size(2), weight.size(2)
    out_depth = (depth - 1) * stride[0] - 2 * padding[0] + dilation[0] * (k - 1) + output_padding[0] + 1
    planes = _planes(input)
    starts = torch.arange(depth, device=input.device) * stride[0]
    total = None
    for i in range(k):
        part = _volume(
            _f._conv_transpose2d(
                planes, weight[:, :, i], None, stride[1:], padding[1:], output_padding[1:], groups, dilation[1:]
            ),
            n,
        )
        if total is None:
            length = max(out_depth + padding[0], (depth - 1) * stride[0] + dilation[0] * (k - 1) + 1)
            total = part.new_zeros(*part.shape[:2], length, *part.shape[3:])
        total = total.index_add(2, starts + i * dilation[0], part)
    total = total.narrow(2, padding[0], out_depth)
    return total if bias is None else total + bias.view(1, -1, 1, 1, 1)


def _block_positions(size, kernel_size, dilation, padding, stride):
    """For every element of a block and every block: where it lies in the flattened padded image."""
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = kernel_size, dilation, padding, stride
    height, width = size[0] + 2 * ph, size[1] + 2 * pw
    n_down = (height - dh * (kh - 1) - 1) // sh + 1
    n_across = (width - dw * (kw - 1) - 1) // sw + 1
    if n_down <= 0 or n_across <= 0:
        raise RuntimeError(
            f"Given input with spatial size ({size[0]}, {size[1]}), kernel_size=({kh}, {kw}), dilation=({dh}, {dw}), "
            f"padding=({ph}, {pw}), calculated shape of the array of sliding blocks as ({n_down}, {n_across}), "
            "but its components must be at least one."
        )
    return height, width, n_down, n_across


def _position_table(width, kernel_size, dilation, stride, n_down, n_across, device):
    (kh, kw), (dh, dw), (sh, sw) = kernel_size, dilation, stride
    rows = torch.arange(kh, device=device).view(kh, 1, 1, 1) * dh
    rows = rows + torch.arange(n_down, device=device).view(1, 1, -1, 1) * sh
    columns = torch.arange(kw, device=device).view(1, kw, 1, 1) * dw + torch.arange(n_across, device=device) * sw
    return (rows * width + columns).reshape(kh * kw * n_down * n_across)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    pair = _ntuple(2)
    kernel_size, dilation, padding, stride = pair(kernel_size), pair(dilation), pair(padding), pair(stride)
    if input.dim() not in (3, 4):
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {list(input.shape)}"
        )
    is_single = input.dim() == 3
    images = input.unsqueeze(0) if is_single else input
    n, c = images.shape[:2]
    height, width, n_down, n_across = _block_positions(images.shape[2:], kernel_size, dilation, padding, stride)
    if any(padding):
        images = _zeros_around(images, (padding[1], padding[1], padding[0], padding[0]))
    table = _position_table(width, kernel_size, dilation, stride, n_down, n_across, input.device)
    columns = images.reshape(n, c, height * width).index_select(2, table)
    columns = columns.view(n, c * kernel_size[0] * kernel_size[1], n_down * n_across)
    return columns.squeeze(0) if is_single else columns


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    pair = _ntuple(2)
    output_size = pair(output_size)
    kernel_size, dilation, padding, stride = pair(kernel_size), pair(dilation), pair(padding), pair(stride)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    is_single = input.dim() == 2
    blocks = input.unsqueeze(0) if is_single else input
    n_in_block = kernel_size[0] * kernel_size[1]
    n, channels, n_blocks = blocks.shape
    if channels % n_in_block:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={channels} and kernel_size=({kernel_size[0]}, {kernel_size[1]})."
        )
    height, width, n_down, n_across = _block_positions(output_size, kernel_size, dilation, padding, stride)
    if n_blocks != n_down * n_across:
        raise RuntimeError(
            f"Given output_size=({output_size[0]}, {output_size[1]}), "
            f"kernel_size=({kernel_size[0]}, {kernel_size[1]}), "
            f"dilation=({dilation[0]}, {dilation[1]}), padding=({padding[0]}, {padding[1]}), stride=({stride[0]}, "
            f"{stride[1]}), expected size of input's dimension 2 to match the calculated number of sliding blocks "
            f"{n_down} * {n_across} = {n_down * n_across}, but got input.size(2)={n_blocks}."
        )
    c = channels // n_in_block
    table = _position_table(width, kernel_size, dilation, stride, n_down, n_across, input.device)
    flat = blocks.new_zeros(n, c, height * width).index_add(2, table, blocks.reshape(n, c, -1))
    image = flat.view(n, c, height, width)
    rows, columns = (slice(p, p + size) for p, size in zip(padding, output_size))
    image = image[:, :, rows, columns].contiguous()
    return image.squeeze(0) if is_single else image
