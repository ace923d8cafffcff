"""torch.ao.quantization.backend_config: what graph mode may quantize. Backends that are not here are refused by name."""

from torch._missing import _refusing
from torch.ao.quantization.backend_config.backend_config import (
    BackendConfig, BackendPatternConfig, DTypeConfig, DTypeWithConstraints, ObservationType,
)
from torch.ao.quantization.backend_config.native import (
    get_fbgemm_backend_config, get_native_backend_config, get_native_backend_config_dict, get_qnnpack_backend_config,
    get_x86_backend_config,
)

_WHY = "graph mode computes with the rules of PyTorch's x86 engine here"
for _name in (
    "get_executorch_backend_config", "get_onednn_backend_config", "get_tensorrt_backend_config", "get_tensorrt_backend_config_dict",
):
    globals()[_name] = _refusing("torch.ao.quantization.backend_config", _name, _WHY)
del _name
