"""torch.ao.quantization.fx: what scripts hand to graph mode."""
