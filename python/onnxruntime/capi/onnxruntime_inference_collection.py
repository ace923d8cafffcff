"""Where ONNX Runtime's Python keeps sessions and values."""

from onnxruntime._session import InferenceSession
from onnxruntime._value import IOBinding, OrtValue
