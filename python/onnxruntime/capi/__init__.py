"""onnxruntime.capi: where ONNX Runtime's Python keeps its errors."""
