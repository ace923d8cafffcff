"""Where torchao keeps these names."""

from torchao.quantization.qat.layers import FakeQuantizedEmbedding
from torchao.quantization.qat.quantizers import Int4WeightOnlyEmbeddingQATQuantizer
