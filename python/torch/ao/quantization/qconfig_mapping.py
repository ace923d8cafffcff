"""QConfigMapping: which qconfig holds for which kinds, names and orders of modules and functions in a graph."""

from collections import OrderedDict

import torch
from torch import nn
from torch.ao.quantization import observer
from torch.ao.quantization.fake_quantize import FixedQParamsFakeQuantize, default_weight_fake_quant
from torch.ao.quantization.qconfig import (
    QConfig, default_quint8_weight_qconfig, default_reuse_input_qconfig, default_symmetric_qnnpack_qat_qconfig,
    default_symmetric_qnnpack_qconfig, get_default_qat_qconfig, get_default_qconfig,
)

_TO_ONE = observer.default_fixed_qparams_range_0to1_observer
_TO_BOTH = observer.default_fixed_qparams_range_neg1to1_observer
_F = nn.functional

# Functions whose range is known.
_FIXED_QPARAMS_OP_TO_OBSERVER = {
    nn.Hardsigmoid: _TO_ONE, _F.hardsigmoid: _TO_ONE, "hardsigmoid": _TO_ONE, "hardsigmoid_": _TO_ONE,
    nn.Sigmoid: _TO_ONE, torch.sigmoid: _TO_ONE, "sigmoid": _TO_ONE, "sigmoid_": _TO_ONE, nn.Softmax: _TO_ONE,
    nn.Tanh: _TO_BOTH, torch.tanh: _TO_BOTH, "tanh": _TO_BOTH, "tanh_": _TO_BOTH,
}
_TRANSPOSED = (
    nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, _F.conv_transpose1d, _F.conv_transpose2d,
    _F.conv_transpose3d,
)

# From the most general to the most specific: later ones win.
_STYLES = (
    "global_qconfig", "object_type_qconfigs", "module_name_regex_qconfigs", "module_name_qconfigs",
    "module_name_object_type_order_qconfigs",
)


class QConfigMapping:
    """Set with the methods below, each of which returns the mapping again."""

    def __init__(self):
        self.global_qconfig = None
        self.object_type_qconfigs = OrderedDict()
        self.module_name_regex_qconfigs = OrderedDict()
        self.module_name_qconfigs = OrderedDict()
        self.module_name_object_type_order_qconfigs = OrderedDict()

    def set_global(self, global_qconfig):
        self.global_qconfig = global_qconfig
        return self

    def set_object_type(self, object_type, qconfig):
        self.object_type_qconfigs[object_type] = qconfig
        return self

    def set_module_name_regex(self, module_name_regex, qconfig):
        self.module_name_regex_qconfigs[module_name_regex] = qconfig
        return self

    def set_module_name(self, module_name, qconfig):
        self.module_name_qconfigs[module_name] = qconfig
        return self

    def set_module_name_object_type_order(self, module_name, object_type, index, qconfig):
        self.module_name_object_type_order_qconfigs[(module_name, object_type, index)] = qconfig
        return self

    def __repr__(self):
        lines = [type(self).__name__ + " ("]
        for style in _STYLES:
            lines.append(" " + style)
            found = getattr(self, style)
            if isinstance(found, OrderedDict) and found:
                lines.extend(f"  {key}: {qconfig}" for key, qconfig in found.items())
            else:
                lines.append(f"  {found}")
        return "\n".join([*lines, ")"])

    def to_dict(self):
        return {
            "": self.global_qconfig,
            "object_type": list(self.object_type_qconfigs.items()),
            "module_name_regex": list(self.module_name_regex_qconfigs.items()),
            "module_name": list(self.module_name_qconfigs.items()),
            "module_name_object_type_order": [
                (*key, qconfig) for key, qconfig in self.module_name_object_type_order_qconfigs.items()
            ],
        }

    @classmethod
    def from_dict(cls, qconfig_dict):
        made = cls()
        if "" in qconfig_dict:
            made.set_global(qconfig_dict[""])
        for style in ("object_type", "module_name_regex", "module_name", "module_name_object_type_order"):
            for entry in qconfig_dict.get(style, []):
                getattr(made, f"set_{style}")(*entry)
        return made


def _default_mapping(is_qat, backend, version):
    qconfig = (get_default_qat_qconfig if is_qat else get_default_qconfig)(backend, version)
    default_weight = default_weight_fake_quant if is_qat else observer.default_weight_observer
    mapping = QConfigMapping().set_global(qconfig).set_object_type("reshape", default_reuse_input_qconfig)
    for kind in _TRANSPOSED:
        # Only these backends have one scale per channel by default, which transposed convolutions cannot take.
        whole = QConfig(qconfig.activation, default_weight)
        mapping.set_object_type(kind, whole if backend in ("fbgemm", "x86") else qconfig)
    for kind in (_F.layer_norm, nn.LayerNorm):
        mapping.set_object_type(kind, QConfig(qconfig.activation, observer.default_placeholder_observer))
    mapping.set_object_type(nn.PReLU, default_quint8_weight_qconfig)
    made = {}
    for kind, fixed in _FIXED_QPARAMS_OP_TO_OBSERVER.items():
        if fixed not in made:
            activation = FixedQParamsFakeQuantize.with_args(observer=fixed) if is_qat else fixed
            made[fixed] = QConfig(activation, default_weight)
        mapping.set_object_type(kind, made[fixed])
    return mapping


def get_default_qconfig_mapping(backend="x86", version=0):
    return _default_mapping(False, backend, version)


def get_default_qat_qconfig_mapping(backend="x86", version=1):
    return _default_mapping(True, backend, version)


def _with_default(mapping, qconfig):
    mapping.set_global(qconfig)
    for kind in mapping.object_type_qconfigs:
        if kind not in _FIXED_QPARAMS_OP_TO_OBSERVER:
            mapping.set_object_type(kind, qconfig)
    return mapping


def _get_symmetric_qnnpack_qconfig_mapping():
    return _with_default(get_default_qconfig_mapping("qnnpack"), default_symmetric_qnnpack_qconfig)


def _get_symmetric_qnnpack_qat_qconfig_mapping():
    return _with_default(get_default_qat_qconfig_mapping("qnnpack"), default_symmetric_qnnpack_qat_qconfig)
