"""The operators of ONNX on our own ops, a family a file. Importing this package fills the table in registry.py."""

from layerwise.onnx.ops import (  # noqa: F401
    attention,
    control,
    contrib,
    convolutions,
    detection,
    elementwise,
    indexing,
    known_numbers,
    layers,
    losses,
    products,
    quantized,
    random_numbers,
    recurrent,
    reductions,
    resizing,
    shapes,
    signal,
)
