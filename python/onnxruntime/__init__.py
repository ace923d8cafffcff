"""onnxruntime: the real ONNX Runtime, as scripts call it. Models and arrays go to its native library on the host; what its Python can do
and this one cannot is refused by name."""

from onnxruntime._about import (
    __version__,
    get_all_providers,
    get_available_providers,
    get_build_info,
    get_device,
    get_version_string,
)
from onnxruntime._options import (
    ExecutionMode,
    ExecutionOrder,
    GraphOptimizationLevel,
    RunOptions,
    SessionOptions,
    set_default_logger_severity,
    set_default_logger_verbosity,
)
from onnxruntime._refused import refusing
from onnxruntime._session import InferenceSession, ModelMetadata, NodeArg
from onnxruntime._value import IOBinding, OrtDevice, OrtValue


def disable_telemetry_events():
    """Nothing is sent from here."""


def enable_telemetry_events():
    raise NotImplementedError("onnxruntime.enable_telemetry_events is not available: nothing is sent from here")


def preload_dlls(cuda=True, cudnn=True, msvc=True, directory=None):
    """Libraries are found when a session asks for a provider."""


__getattr__ = refusing(
    "onnxruntime",
    "SparseTensor OrtEpDevice OrtMemoryInfo OrtMemType OrtAllocatorType OrtArenaCfg OrtSyncStream LoraAdapter AdapterFormat ModelCompiler "
    "register_execution_provider_library unregister_execution_provider_library get_ep_devices create_and_register_allocator "
    "create_and_register_allocator_v2 copy_tensors set_seed tools transformers training",
)
