"""Models with numbers of fewer bits: how weights and activations are rounded, the layers that compute with them, and what
that costs (layerwise.proof). Reached by `layerwise quantize` and by `load` below; trains nothing unless qat is asked for."""


def load(model, path):
    """Put the layers of a file that `layerwise quantize --out` wrote (.safetensors or .pt) into a model of the same class."""
    from layerwise.quantizing.saving import load_into

    return load_into(model, path)
