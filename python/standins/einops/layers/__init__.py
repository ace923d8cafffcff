"""einops.layers: torch's are in einops.layers.torch."""
