"""The classes of ONNX's messages, with the constants that stand in them."""

from onnx._enums import AttributeType, DataLocation, DataType, OperatorStatus, Version
from onnx._message import define
from onnx._messages_gen import MESSAGES

_ONEOFS = {
    "TypeProto": {"value": ("tensor_type", "sequence_type", "map_type", "optional_type", "sparse_tensor_type", "opaque_type")},
    "TensorShapeProto.Dimension": {"value": ("dim_value", "dim_param")},
    "SimpleShardedDimProto": {"dim": ("dim_value", "dim_param")},
}

_classes = define(MESSAGES, _ONEOFS)
globals().update({name: kind for name, kind in _classes.items() if "." not in name})

for _kind, _name, _enum in (
    (_classes["TensorProto"], "DataType", DataType),
    (_classes["TensorProto"], "DataLocation", DataLocation),
    (_classes["AttributeProto"], "AttributeType", AttributeType),
):
    setattr(_kind, _name, _enum)
    for _word, _number in _enum.items():
        setattr(_kind, _word, _number)

for _enum in (Version, OperatorStatus):
    globals().update(_enum.items())
