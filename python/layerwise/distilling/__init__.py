"""`layerwise distill`: the command over layerwise.distillation."""
