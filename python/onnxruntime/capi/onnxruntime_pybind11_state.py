"""The errors of ONNX Runtime, by name, and the classes that people look up here."""

from torch._C import _error_types


def _define(name):
    kind = type(name, (Exception,), {"__module__": __name__, "__doc__": f"ONNX Runtime's {name}."})
    _error_types[f"onnxruntime.{name}"] = kind
    return kind


EPFail = _define("EPFail")
EngineError = _define("EngineError")
Fail = _define("Fail")
InvalidArgument = _define("InvalidArgument")
InvalidGraph = _define("InvalidGraph")
InvalidProtobuf = _define("InvalidProtobuf")
ModelLoadCanceled = _define("ModelLoadCanceled")
ModelLoaded = _define("ModelLoaded")
ModelRequiresCompilation = _define("ModelRequiresCompilation")
NoModel = _define("NoModel")
NoSuchFile = _define("NoSuchFile")
NotFound = _define("NotFound")
NotImplemented = _define("NotImplemented")
RuntimeException = _define("RuntimeException")


def __getattr__(name):
    import onnxruntime

    return getattr(onnxruntime, name)
