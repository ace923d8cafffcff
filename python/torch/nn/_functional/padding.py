"""pad in its four modes; constant is generated, the others gather source positions, one dimension after the other."""

import torch

from . import raw


def pad(input, pad, mode="constant", value=None):
    pad = tuple(int(n) for n in pad)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) // 2 > input.dim():
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.dim()}"
        )
    if mode == "constant":
        return raw.pad(input, pad, "constant", 0.0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in _sources:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    n_padded = len(pad) // 2
    if n_padded > 3 or input.dim() - n_padded not in (1, 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {input.dim()}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    for i in range(n_padded):
        before, after = pad[2 * i], pad[2 * i + 1]
        if before or after:
            input = _pad_dim(input, input.dim() - 1 - i, before, after, mode)
    return input


def _pad_dim(input, dim, before, after, mode):
    size = input.size(dim)
    _sources[mode][0](input, dim, before, after, size)
    if mode == "circular" and min(before, after) < 0:
        # What is cut away does not come back on the other side.
        start, end = max(-before, 0), size - max(-after, 0)
        input = input.narrow(dim, start, end - start)
        before, after, size = max(before, 0), max(after, 0), end - start
    positions = torch.arange(-before, size + after, device=input.device)
    return input.index_select(dim, _sources[mode][1](positions, size))


def _check_reflect(input, dim, before, after, size):
    if before >= size or after >= size:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {dim} of input {list(input.shape)}"
        )


def _check_circular(input, dim, before, after, size):
    if before > size or after > size:
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if size + before + after < 0:
        raise RuntimeError("Negative padding value is resulting in an empty dimension")


def _check_nothing(input, dim, before, after, size):
    pass


# mode: (check, position outside the input -> position inside it)
_sources = {
    "reflect": (_check_reflect, lambda at, size: (size - 1) - ((size - 1) - at.abs()).abs()),
    "replicate": (_check_nothing, lambda at, size: at.clamp(0, size - 1)),
    "circular": (_check_circular, lambda at, size: at.remainder(size)),
}
