"""What an export can fail with."""


class OnnxExporterError(RuntimeError):
    """The model could not be exported."""


class UnsupportedOperatorError(OnnxExporterError):
    """An op of the model has no counterpart in ONNX."""
