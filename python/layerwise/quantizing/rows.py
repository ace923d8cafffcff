"""The inputs of a product as rows, one per output position: what each row of its weight is multiplied with. Keeps nothing."""

from torch import nn
from torch.nn import functional as F

from layerwise.quantizing.convert import paddings

# Numbers that an image may become when its patches are laid out: 64 MiB.
_MOST_NUMBERS = 1 << 24


def has_rows(part):
    """Is a Layer one product of rows? A convolution in groups is several."""
    return part.sort == "linear" or part.sort in ("conv1d", "conv2d") and part.module.groups == 1


def rows_of(module, x, most):
    """At most about `most` rows [rows, columns] of the input x, from all over it."""
    if isinstance(module, nn.Linear):
        rows = x.reshape(-1, x.shape[-1])
        return rows[:: max(1, rows.shape[0] // most)]
    return _patches(module, x, most)


def _patches(module, x, most):
    """What a convolution's kernel lies over, in the order of its weight: channels, then places."""
    sizes, strides, dilations = (list(each) for each in (module.kernel_size, module.stride, module.dilation))
    padding, outer = paddings(module)
    if outer is not None:
        x = F.pad(x, outer, mode="constant" if module.padding_mode == "zeros" else module.padding_mode)
    if len(sizes) == 1:
        x = x.unsqueeze(-2)
        sizes, strides, dilations, padding = [1, *sizes], [1, *strides], [1, *dilations], [0, *padding]
    x = x.unsqueeze(0) if x.dim() == 3 else x
    numbers_each = x[0].numel() * sizes[0] * sizes[1] // (strides[0] * strides[1])
    fitting = max(1, _MOST_NUMBERS // max(1, numbers_each))
    x = x[:: -(-x.shape[0] // fitting)]
    columns = F.unfold(x.float(), sizes, dilations, padding, strides)
    rows = columns.transpose(1, 2).reshape(-1, columns.shape[1])
    # Rows of an image in turn: a step that shares no factor with its width meets every column of it.
    step = max(1, rows.shape[0] // most)
    return rows[:: step + (step > 1 and step % 2 == 0)]
