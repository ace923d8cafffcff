"""torch.ao.nn: quantized layers come with quantization."""
