"""Training with rounding: torchao.quantization.qat."""

from torchao.quantization.qat.api import (
    FromIntXQuantizationAwareTrainingConfig, IntXQuantizationAwareTrainingConfig, QATConfig, QATStep, initialize_fake_quantizers,
)
from torchao.quantization.qat.fake_quantize_config import (
    FakeQuantizeConfig, FakeQuantizeConfigBase, Float8FakeQuantizeConfig, Int4WeightFakeQuantizeConfig, IntxFakeQuantizeConfig,
)
from torchao.quantization.qat.fake_quantizer import FakeQuantizer, FakeQuantizerBase, Float8FakeQuantizer, IntxFakeQuantizer
from torchao.quantization.qat.layers import FakeQuantizedEmbedding, FakeQuantizedLinear
from torchao.quantization.qat.quantizers import (
    ComposableQATQuantizer, Int4WeightOnlyEmbeddingQATQuantizer, Int4WeightOnlyQATQuantizer, Int8DynActInt4WeightQATQuantizer,
    disable_8da4w_fake_quant, enable_8da4w_fake_quant,
)

intx_quantization_aware_training = IntXQuantizationAwareTrainingConfig
from_intx_quantization_aware_training = FromIntXQuantizationAwareTrainingConfig
