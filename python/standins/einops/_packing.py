"""pack and unpack: several tensors as one, along an axis that is written as a star."""

from einops._operations import _is_torch
from einops._patterns import EinopsError, is_axis_name


def _star(pattern, name):
    words = pattern.split()
    if len(words) != len(set(words)):
        raise EinopsError(f'Duplicates in axes names in {name}(..., "{pattern}")')
    if "*" not in words:
        raise EinopsError(f'No *-axis in {name}(..., "{pattern}")')
    for word in words:
        if word != "*" and not is_axis_name(word):
            raise EinopsError(f'Invalid axis name {word} in {name}(..., "{pattern}")')
    place = words.index("*")
    return place, len(words) - place - 1, len(words) - 1


def pack(tensors, pattern):
    """(one tensor, the shapes that the star stood for): pack([a, b], "i * k")."""
    before, after, least = _star(pattern, "pack")
    flat, shapes = [], []
    for i, tensor in enumerate(tensors):
        shape = tuple(tensor.shape)
        if len(shape) < least:
            raise EinopsError(f'packed tensor #{i} (enumeration starts with 0) has shape {shape}, while pattern "{pattern}" assumes '
                              f"at least {least} axes")
        end = len(shape) - after
        shapes.append(tensor.shape[before:end])
        n = 1
        for one in shape[before:end]:
            n *= one
        flat.append(tensor.reshape((*shape[:before], n, *shape[end:])))
    if _is_torch(flat[0]):
        import torch

        return torch.cat(flat, before), shapes
    import numpy

    return numpy.concatenate(flat, before), shapes


def unpack(tensor, packed_shapes, pattern):
    """The tensors that pack put together; one shape may be -1."""
    before, after, least = _star(pattern, "unpack")
    shape = tuple(tensor.shape)
    if len(shape) != least + 1:
        raise EinopsError(f"unpack(..., {pattern}) received input of wrong dim with shape {shape}")
    lengths, unknown = [], []
    for i, one in enumerate(packed_shapes):
        n = 1
        for size in one:
            n *= size
        if -1 in tuple(one):
            unknown.append(i)
            n = 0
        lengths.append(n)
    if len(unknown) > 1:
        raise EinopsError(f'unpack(..., "{pattern}") received more than one -1 in {packed_shapes} and can\'t infer dimensions')
    if unknown:
        lengths[unknown[0]] = shape[before] - sum(lengths)
    out, start = [], 0
    for n, one in zip(lengths, packed_shapes):
        part = tensor[(slice(None),) * before + (slice(start, start + n),)]
        start += n
        try:
            out.append(part.reshape((*shape[:before], *one, *shape[before + 1 :])))
        except (RuntimeError, ValueError):
            raise EinopsError(
                f'Error during unpack(..., "{pattern}"): could not split axis of size {shape[before]} into requested {packed_shapes}'
            ) from None
    if start != shape[before]:
        raise EinopsError(
            f'Error during unpack(..., "{pattern}"): could not split axis of size {shape[before]} into requested {packed_shapes}'
        )
    return out
