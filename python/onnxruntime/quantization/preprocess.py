"""Where older scripts look for quant_pre_process."""

from onnxruntime.quantization.shape_inference import quant_pre_process
