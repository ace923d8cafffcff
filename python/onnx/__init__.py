"""onnx: models as messages that a script reads, changes, makes and writes. The bytes are read and written by the runtime's one codec; what
the real package computes in C++ (shape inference, checking) is done by ours, or by ONNX Runtime, or refused by name."""

import os

# The release whose operators the ONNX Runtime of this extension knows to the last: what is made by default runs in it.
__version__ = "1.21.0"

from onnx import onnx_ml_pb2
from onnx._refused import refusing
from onnx.onnx_ml_pb2 import (
    EXPERIMENTAL,
    IR_VERSION,
    STABLE,
    AttributeProto,
    DeviceConfigurationProto,
    FunctionProto,
    GraphProto,
    IntIntListEntryProto,
    ModelProto,
    NodeDeviceConfigurationProto,
    NodeProto,
    OperatorSetIdProto,
    OperatorStatus,
    ShardedDimProto,
    ShardingSpecProto,
    SimpleShardedDimProto,
    SparseTensorProto,
    StringStringEntryProto,
    TensorAnnotation,
    TensorProto,
    TensorShapeProto,
    TrainingInfoProto,
    TypeProto,
    ValueInfoProto,
    Version,
)

onnx_pb = onnx_ml_pb2

for _kind in vars(onnx_ml_pb2)["_classes"].values():
    if "." in _kind._wire_name:
        _kind.__qualname__ = _kind._wire_name

from onnx import checker, defs, external_data_helper, helper, numpy_helper, shape_inference, utils, version_converter  # noqa: E402
from onnx.external_data_helper import (  # noqa: E402
    convert_model_to_external_data,
    load_external_data_for_model,
    write_external_data_tensors,
)


def _bytes_of(f):
    """What a file holds, as an array in memory that messages keep views of."""
    from onnx._files import bytes_of

    return bytes_of(f)


def load_model(f, format=None, load_external_data=True):
    """The model in a file, given by its path or open; tensors in files beside it are read too."""
    _require_binary(f, format)
    model = ModelProto()
    model.MergeFromString(_bytes_of(f))
    if load_external_data and not hasattr(f, "read"):
        load_external_data_for_model(model, os.path.dirname(os.path.abspath(os.fspath(f))))
    return model


def load_model_from_string(s, format="protobuf"):
    _require_binary(None, format)
    if not isinstance(s, (bytes, bytearray, memoryview)):
        raise TypeError(f"Parameter 's' must be bytes, but got type: {type(s)}")
    return ModelProto.FromString(s)


def load_tensor(f, format=None):
    _require_binary(f, format)
    tensor = TensorProto()
    tensor.MergeFromString(_bytes_of(f))
    return tensor


def load_tensor_from_string(s, format="protobuf"):
    _require_binary(None, format)
    return TensorProto.FromString(s)


def save_model(
    proto,
    f,
    format=None,
    *,
    save_as_external_data=False,
    all_tensors_to_one_file=True,
    location=None,
    size_threshold=1024,
    convert_attribute=False,
):
    """Write a model, or its bytes. A path gets its new content only when all of it is on the disk."""
    _require_binary(f, format)
    if isinstance(proto, bytes):
        proto = ModelProto.FromString(proto)
    if save_as_external_data:
        convert_model_to_external_data(proto, all_tensors_to_one_file, location, size_threshold, convert_attribute)
    if not hasattr(f, "write"):
        write_external_data_tensors(proto, os.path.dirname(os.path.abspath(os.fspath(f))))
    _write(proto, f)


def save_tensor(proto, f, format=None):
    _require_binary(f, format)
    _write(proto, f)


def _write(proto, f):
    from torch._files import writing

    if hasattr(f, "write"):
        f.write(proto.SerializeToString())
        return
    with writing(f) as file_id:
        proto._write(file_id)


def _require_binary(f, format):
    if format not in (None, "protobuf"):
        raise NotImplementedError(f"onnx: models are read and written as protocol buffers, not as {format!r}")
    name = os.fspath(f) if isinstance(f, (str, os.PathLike)) else ""
    if format is None and name.endswith((".textproto", ".prototxt", ".pbtxt", ".json", ".onnxtext", ".onnxjson", ".onnxtxt")):
        raise NotImplementedError(f"onnx: {name} is a model as text, which is neither read nor written here")


load = load_model
load_from_string = load_model_from_string
save = save_model

__getattr__ = refusing("onnx", "parser printer hub inliner compose model_container backend reference gen_proto serialization")
