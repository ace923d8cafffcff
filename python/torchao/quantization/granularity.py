"""Which numbers share a scale."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Granularity:
    """Base of all."""


@dataclasses.dataclass(frozen=True)
class PerTensor(Granularity):
    """One scale for all."""


@dataclasses.dataclass(frozen=True)
class PerAxis(Granularity):
    """A scale for each slice along an axis."""

    axis: int


@dataclasses.dataclass(frozen=True)
class PerGroup(Granularity):
    """A scale for each `group_size` neighbours of a row."""

    group_size: int


@dataclasses.dataclass(frozen=True)
class PerRow(Granularity):
    """A scale for each row."""

    dim: int = -1


@dataclasses.dataclass(frozen=True)
class PerToken(Granularity):
    """A scale for each row of activations."""


@dataclasses.dataclass(frozen=True)
class PerBlock(Granularity):
    """A scale for each block of these sizes."""

    block_size: tuple


def get_block_size(shape, granularity):
    """How many numbers of each dimension share a scale."""
    shape = tuple(shape)
    if isinstance(granularity, PerTensor):
        return shape
    if isinstance(granularity, PerAxis):
        return tuple([1 if at == granularity.axis % len(shape) else size for at, size in enumerate(shape)])
    if isinstance(granularity, PerRow):
        return tuple([size if at == granularity.dim % len(shape) else 1 for at, size in enumerate(shape)])
    if isinstance(granularity, PerToken):
        return (1,) * (len(shape) - 1) + shape[-1:]
    if isinstance(granularity, PerGroup):
        if shape[-1] % granularity.group_size:
            raise ValueError(f"groups of {granularity.group_size} got a last dimension of {shape[-1]}: expected a multiple")
        return (1,) * (len(shape) - 1) + (granularity.group_size,)
    if isinstance(granularity, PerBlock):
        sizes = tuple(granularity.block_size)
        return tuple([whole if size == -1 else size for whole, size in zip(shape, sizes)])
    raise ValueError(f"Unsupported Granularity: {granularity}")
