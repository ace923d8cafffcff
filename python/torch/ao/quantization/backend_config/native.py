"""The configurations that PyTorch has ready: of what graph mode here quantizes, with the dtypes of PyTorch's CPU engines."""

import torch
from torch import nn
from torch.ao.quantization import _graph_tables as tables
from torch.ao.quantization.backend_config.backend_config import (
    BackendConfig, BackendPatternConfig, DTypeConfig, ObservationType,
)

_DIFFERENT = ObservationType.OUTPUT_USE_DIFFERENT_OBSERVER_AS_INPUT
_SHARED = ObservationType.OUTPUT_SHARE_OBSERVER_WITH_INPUT


def _dtypes(kind, has_weight):
    found = []
    if kind in tables.TABLES:
        return [
            DTypeConfig(torch.float, torch.float, torch.quint8), DTypeConfig(torch.float, torch.float, torch.quint4x2),
        ]
    if kind not in (nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell):
        weight = {"weight_dtype": torch.qint8, "bias_dtype": torch.float} if has_weight else {}
        found.append(DTypeConfig(torch.quint8, torch.quint8, **weight))
    if kind in tables.DYNAMIC:
        found.append(DTypeConfig(torch.quint8, torch.float, torch.qint8, torch.float, True))
        found.append(DTypeConfig(torch.float16, torch.float, torch.float16, torch.float, True))
    return found


def _has_weight(kind):
    return isinstance(kind, type) and issubclass(kind, (nn.Linear, nn.modules.conv._ConvNd, nn.RNNBase, nn.RNNCellBase))


def _sequences():
    """Classes that may follow one another in a fused layer."""
    starts = (*tables._CONVOLUTIONS, nn.Linear, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, *tables._NORMS)
    waiting = [(kind,) for kind in starts]
    while waiting:
        kinds = waiting.pop()
        if len(kinds) > 1:
            yield kinds
        for norm in (*tables._NORMS, nn.ReLU):
            # The module is asked for its class only.
            if tables.can_follow(list(kinds), norm.__new__(norm)):
                waiting.append((*kinds, norm))


def _whole(name):
    config = BackendConfig(name)
    own = {*tables.SWAPPED, *tables.OF_KNOWN_RANGE, *tables.BINARY, *tables.PRODUCTS, *tables.WITH_SCALE, *tables.TABLES, *tables.DYNAMIC}
    for kind in [*own, *tables.TRAINED, *tables.DROPPED, *tables.SHARING]:
        made = BackendPatternConfig(kind).set_observation_type(_SHARED if kind in tables.SHARING else _DIFFERENT)
        config.set_backend_pattern_config(made.set_dtype_configs(_dtypes(kind, _has_weight(kind))))
    for kinds in _sequences():
        config.set_backend_pattern_config(
            BackendPatternConfig(kinds).set_observation_type(_DIFFERENT).set_dtype_configs(_dtypes(kinds[0], True))
        )
    return config


def get_native_backend_config():
    return _whole("native")


def get_native_backend_config_dict():
    return get_native_backend_config().to_dict()


def get_fbgemm_backend_config():
    return _whole("fbgemm")


def get_x86_backend_config():
    return _whole("x86")


def get_qnnpack_backend_config():
    return _whole("qnnpack")
