"""What an export can fail with, or warn of."""


class OnnxExporterWarning(UserWarning):
    """Something that was asked for was not done."""


class OnnxExporterError(RuntimeError):
    """The model could not be exported."""


class UnsupportedOperatorError(OnnxExporterError):
    """An op of the model has no counterpart in ONNX."""
