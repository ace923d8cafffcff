"""torch.ao.quantization in eager mode: observe a model's values, then replace its layers by integer ones."""

from torch._missing import _refusing
from torch.ao.quantization.utils import QuantType, get_combined_dict
from torch.ao.quantization.observer import *
from torch.ao.quantization.fake_quantize import *
from torch.ao.quantization.qconfig import *
from torch.ao.quantization.qconfig_mapping import QConfigMapping, get_default_qat_qconfig_mapping, get_default_qconfig_mapping
from torch.ao.quantization.stubs import DeQuantStub, QuantStub, QuantWrapper
from torch.ao.quantization.fuse_modules import fuse_modules, fuse_modules_qat
from torch.ao.quantization.fuser_method_mappings import (
    fuse_conv_bn, fuse_conv_bn_relu, fuse_convtranspose_bn, fuse_linear_bn, get_fuser_method,
)
from torch.ao.quantization.quantization_mappings import (
    get_default_compare_output_module_list, get_default_dynamic_quant_module_mappings,
    get_default_float_to_quantized_operator_mappings, get_default_qat_module_mappings,
    get_default_qconfig_propagation_list, get_default_static_quant_module_mappings, get_dynamic_quant_module_class,
    get_embedding_qat_module_mappings, get_embedding_static_quant_module_mappings, get_quantized_operator,
    get_static_quant_module_class, no_observer_set, DEFAULT_DYNAMIC_QUANT_MODULE_MAPPINGS,
    DEFAULT_FLOAT_TO_QUANTIZED_OPERATOR_MAPPINGS, DEFAULT_MODULE_TO_ACT_POST_PROCESS, DEFAULT_QAT_MODULE_MAPPINGS,
    DEFAULT_STATIC_QUANT_MODULE_MAPPINGS,
)
from torch.ao.quantization.quantize import (
    add_observer_, add_quant_dequant, convert, get_default_custom_config_dict, prepare, prepare_qat, propagate_qconfig_,
    quantize, quantize_dynamic, quantize_qat, swap_module,
)
from torch.ao.quantization import fake_quantize, fuser_method_mappings, observer, qconfig, qconfig_mapping, utils

ObserverOrFakeQuantize = ObserverBase | FakeQuantizeBase

for _name in """
    convert_dynamic_jit convert_jit fuse_conv_bn_jit prepare_dynamic_jit prepare_jit quantize_dynamic_jit quantize_jit script_qconfig
    script_qconfig_dict
""".split():
    globals()[_name] = _refusing("torch.ao.quantization", _name, "it works on TorchScript graphs, and modules run in Python here")


def default_eval_fn(model, calib_data):
    """Run the model on pairs of data and target."""
    for data, _target in calib_data:
        model(data)
