"""Names that scripts import from torchao.dtypes: layouts, and the weights by their older names."""

import dataclasses

from torchao.utils import TorchAOBaseTensor

# What isinstance asks for: every weight of ours is one.
AffineQuantizedTensor = TorchAOBaseTensor


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a kernel wants weights to lie. Ours pack them in an order of their own at the first call."""

    is_dense = True


@dataclasses.dataclass(frozen=True)
class PlainLayout(Layout):
    """As they come."""


@dataclasses.dataclass(frozen=True)
class TensorCoreTiledLayout(Layout):
    """What tinygemm wants."""

    inner_k_tiles: int = 8


@dataclasses.dataclass(frozen=True)
class Int4CPULayout(Layout):
    """What PyTorch's four-bit products on a CPU want."""


@dataclasses.dataclass(frozen=True)
class UintxLayout(Layout):
    """Bits packed along a dimension."""

    dtype: object = None
    pack_dim: int = -1


@dataclasses.dataclass(frozen=True)
class SemiSparseLayout(Layout):
    """Two of four numbers are zeros: refused where it is used."""

    is_dense = False


@dataclasses.dataclass(frozen=True)
class MarlinSparseLayout(Layout):
    """The same for four bits: refused where it is used."""

    is_dense = False
