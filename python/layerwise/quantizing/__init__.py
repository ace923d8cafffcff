"""Models with numbers of fewer bits: how weights and activations are rounded, the layers that compute with them, and their
files. Reached by `layerwise quantize` and by `load` below; what it costs is measured elsewhere (layerwise.proof)."""


def load(model, path):
    """Put the layers of a file that `layerwise quantize --out` wrote (.safetensors, .pt) into a model of the same class."""
    from layerwise.quantizing.saving import load_into

    return load_into(model, path)
