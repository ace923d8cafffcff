"""torchao.quantization over our kernels: quantize_ with torchao's configurations, its weight tensors, and QAT (qat)."""

from torch._missing import _refusing

from torchao.quantization import configs as _configs
from torchao.quantization.configs import *
from torchao.quantization.configs import (
    FqnToConfig, Int4ChooseQParamsAlgorithm, Int4PackingFormat, IntxChooseQParamsAlgorithm, IntxPackingFormat,
)
from torchao.quantization.float8_tensor import Float8Tensor
from torchao.quantization.granularity import Granularity, PerAxis, PerBlock, PerGroup, PerRow, PerTensor, PerToken
from torchao.quantization.int4_tensor import Int4Tensor
from torchao.quantization.int8_tensor import Int8Tensor
from torchao.quantization.intx_tensor import IntxUnpackedToInt8Tensor
from torchao.quantization.linear_quant_modules import Int8DynActInt4WeightLinear, Int8DynActInt4WeightQuantizer
from torchao.quantization.quant_api import (
    fqn_matches_fqn_config, quantize_, register_quantize_module_handler, swap_conv2d_1x1_to_linear,
)
from torchao.quantization.quant_primitives import (
    MappingType, TorchAODType, ZeroPointDomain, choose_qparams_affine, choose_qparams_affine_with_min_max, dequantize_affine,
    fake_quantize_affine, quantize_affine,
)
from torchao.quantization.unified import Quantizer, TwoStepQuantizer
from torchao.quantization.utils import compute_error
from torchao.dtypes import PlainLayout, TensorCoreTiledLayout

globals().update({name: getattr(_configs, name) for name in _configs.ABSENT})

ModuleFqnToConfig = AOPerModuleConfig = FqnToConfig

# What configurations were called before they were classes.
int8_weight_only = Int8WeightOnlyConfig
int4_weight_only = Int4WeightOnlyConfig
int8_dynamic_activation_int8_weight = Int8DynamicActivationInt8WeightConfig
int8_dynamic_activation_int4_weight = Int8DynamicActivationInt4WeightConfig
float8_weight_only = Float8WeightOnlyConfig
float8_dynamic_activation_float8_weight = Float8DynamicActivationFloat8WeightConfig
uintx_weight_only = UIntXWeightOnlyConfig
intx_weight_only = IntxWeightOnlyConfig
fpx_weight_only = _configs.FPXWeightOnlyConfig
float8_static_activation_float8_weight = _configs.Float8StaticActivationFloat8WeightConfig

autoquant = _refusing(
    "torchao", "autoquant", "it times kernels of torch.compile; `layerwise quantize --scheme all` shows every scheme side by side"
)
int8_dynamic_activation_int8_semi_sparse_weight = _refusing(
    "torchao.quantization", "int8_dynamic_activation_int8_semi_sparse_weight", "weights are kept dense"
)
Int4WeightOnlyGPTQQuantizer = _refusing(
    "torchao.quantization", "Int4WeightOnlyGPTQQuantizer", "`layerwise quantize --scheme int4 --method gptq` rounds column by column"
)
