"""Names for annotations."""

import builtins
from typing import Any, List, Sequence, Tuple, Union

from torch import SymInt, Tensor

Device = Union["torch.device", str, builtins.int, None]
Number = Union[builtins.int, builtins.float, builtins.bool]
_Number = (builtins.int, builtins.float, builtins.bool)
_int, _float, _bool, _complex = builtins.int, builtins.float, builtins.bool, builtins.complex
_size = Union["torch.Size", List[builtins.int], Tuple[builtins.int, ...]]
_symsize = _size
_TensorOrTensors = Union[Tensor, Sequence[Tensor]]
_TensorOrTensorsOrGradEdge = Any
_dtype, _device, _qscheme, _layout = "torch.dtype", "torch.device", "torch.qscheme", "torch.layout"
FileLike = Union[str, Any]
Storage = Any
IntLikeType = Union[builtins.int, SymInt]
FloatLikeType = builtins.float
BoolLikeType = builtins.bool
PySymType = SymInt
