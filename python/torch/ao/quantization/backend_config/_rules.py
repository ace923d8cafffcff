"""What graph mode follows of a BackendConfig: which patterns are quantized, with which dtypes, and which sequences are fused.

How a pattern is quantized is our own rule; a configuration that asks for another layer or another way to fuse is refused by name.
"""

import torch
from torch import nn
from torch.ao.quantization import _graph_tables as tables
from torch.ao.quantization.fuser_method_mappings import get_fuser_method
from torch.nn import functional as F

_RELUS = (nn.ReLU, F.relu, torch.relu)


def _kinds(pattern):
    return tuple(pattern) if isinstance(pattern, tuple) else (pattern,)


class Rules:
    """Answers for one backend configuration."""

    def __init__(self, config, function):
        # {classes of a sequence, relus all alike: dtypes}
        self.dtypes = {}
        for pattern in config.configs:
            kinds = tuple(nn.ReLU if kind in _RELUS and at else kind for at, kind in enumerate(_kinds(pattern.pattern)))
            self.dtypes.setdefault(kinds, []).extend(pattern.dtype_configs)
            for made in (pattern.fused_module, pattern.qat_module):
                if made is not None:
                    self.dtypes.setdefault((made,), []).extend(pattern.dtype_configs)
            self._check(pattern, kinds, function)

    @staticmethod
    def _check(pattern, kinds, function):
        if pattern.fuser_method is None or len(kinds) < 2:
            return
        try:
            ours = get_fuser_method(kinds)
        except (AssertionError, NotImplementedError, KeyError):
            ours = None
        if pattern.fuser_method is not ours and pattern.fused_module is None:
            raise NotImplementedError(
                f"{function}: a fuser_method for {[getattr(kind, '__name__', kind) for kind in kinds]} is not supported: sequences "
                "are fused into the layers of torch.ao.nn.intrinsic"
            )

    def may_fuse(self, kinds):
        return kinds in self.dtypes

    def allows(self, kind, module, qconfig):
        """Is there a pattern for it, with the dtypes of its qconfig?"""
        kinds = tuple([type(part) for part in module]) if tables.is_sequence(module) else (kind,)
        found = self.dtypes.get(kinds, self.dtypes.get((kind,)))
        if found is None:
            return False
        made = qconfig.activation() if qconfig.activation is not None else None
        activation, is_dynamic = getattr(made, "dtype", None), bool(getattr(made, "is_dynamic", False))
        weight = getattr(qconfig.weight(), "dtype", None) if qconfig.weight is not None else None
        return any(
            each.input_dtype in (None, activation, torch.float) and each.weight_dtype in (None, weight)
            and bool(each.is_dynamic) == is_dynamic
            for each in found
        )
