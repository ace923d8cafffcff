"""numpy.typing: names for annotations."""

from typing import Any, Union

from numpy._array import ndarray
from numpy._dtype import dtype

ArrayLike = Any
DTypeLike = Union[dtype, type, str, None]


class _NDArray:
    """NDArray[float32] is any array: types are for readers here."""

    def __getitem__(self, item):
        return ndarray


NDArray = _NDArray()
NBitBase = object
