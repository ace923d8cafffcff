"""Where torchao keeps these names."""

from torchao.quantization.qat.layers import FakeQuantizedLinear
from torchao.quantization.qat.quantizers import (
    Int4WeightOnlyQATLinear, Int4WeightOnlyQATQuantizer, Int8DynActInt4WeightQATLinear, Int8DynActInt4WeightQATQuantizer,
    disable_8da4w_fake_quant, enable_8da4w_fake_quant,
)
