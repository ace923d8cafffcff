"""What ONNX Runtime is here: its release, and the providers that can be used on this machine."""

import json

import _core
from torch._files import checked

# The providers of ONNX Runtime, best first, whether they are here or not.
_ALL = (
    "TensorrtExecutionProvider", "CUDAExecutionProvider", "MIGraphXExecutionProvider", "OpenVINOExecutionProvider",
    "DnnlExecutionProvider", "VitisAIExecutionProvider", "QNNExecutionProvider", "NnapiExecutionProvider", "VSINPUExecutionProvider",
    "JsExecutionProvider", "CoreMLExecutionProvider", "ArmNNExecutionProvider", "ACLExecutionProvider", "DmlExecutionProvider",
    "RknpuExecutionProvider", "WebNNExecutionProvider", "WebGpuExecutionProvider", "XnnpackExecutionProvider", "CANNExecutionProvider",
    "AzureExecutionProvider", "CPUExecutionProvider",
)
_GPUS = {"TensorrtExecutionProvider", "CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider"}

_found = None


def _about():
    global _found
    if _found is None:
        _found = json.loads(checked(_core.ort_about(), ""))
    return _found


# The release that the extension carries: `test/onnx/scripts.test.ts` holds it against the package's own word.
__version__ = "1.30.0"


def get_version_string():
    return _about()["version"]


def get_build_info():
    return f"ORT Build Info: onnxruntime-node {_about()['version']}"


def get_available_providers():
    return list(_about()["providers"])


def get_all_providers():
    return list(_ALL)


def get_device():
    return "GPU" if _GPUS & set(_about()["providers"]) else "CPU"
