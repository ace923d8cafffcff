"""Where torchao keeps these names."""

from torchao.quantization.pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e
