"""ONNX's data types beside numpy's, and which versions of operator sets and of the format came together."""

import numpy as np
from onnx.onnx_ml_pb2 import TensorProto

# Data type: numpy's name (None: arrays of it are not there), the field that lists its numbers, the type of that list.
_TYPES = {
    TensorProto.FLOAT: ("float32", "float_data", TensorProto.FLOAT),
    TensorProto.UINT8: ("uint8", "int32_data", TensorProto.INT32),
    TensorProto.INT8: ("int8", "int32_data", TensorProto.INT32),
    TensorProto.UINT16: ("uint16", "int32_data", TensorProto.INT32),
    TensorProto.INT16: ("int16", "int32_data", TensorProto.INT32),
    TensorProto.INT32: ("int32", "int32_data", TensorProto.INT32),
    TensorProto.INT64: ("int64", "int64_data", TensorProto.INT64),
    TensorProto.STRING: (None, "string_data", TensorProto.STRING),
    TensorProto.BOOL: ("bool", "int32_data", TensorProto.INT32),
    TensorProto.FLOAT16: ("float16", "int32_data", TensorProto.INT32),
    TensorProto.DOUBLE: ("float64", "double_data", TensorProto.DOUBLE),
    TensorProto.UINT32: ("uint32", "uint64_data", TensorProto.UINT64),
    TensorProto.UINT64: ("uint64", "uint64_data", TensorProto.UINT64),
    TensorProto.COMPLEX64: ("complex64", "float_data", TensorProto.FLOAT),
    TensorProto.COMPLEX128: ("complex128", "double_data", TensorProto.DOUBLE),
    **{
        kind: (None, "int32_data", TensorProto.INT32)
        for kind in (
            TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E4M3FNUZ, TensorProto.FLOAT8E5M2,
            TensorProto.FLOAT8E5M2FNUZ, TensorProto.UINT4, TensorProto.INT4, TensorProto.FLOAT4E2M1, TensorProto.FLOAT8E8M0,
            TensorProto.UINT2, TensorProto.INT2,
        )  # fmt: skip
    },
}
_OF_NUMPY = {name: kind for kind, (name, _, _) in _TYPES.items() if name}


def _row(tensor_dtype):
    try:
        return _TYPES[tensor_dtype]
    except KeyError:
        raise KeyError(tensor_dtype) from None


def tensor_dtype_to_np_dtype(tensor_dtype):
    name = _row(tensor_dtype)[0]
    if name is None:
        raise NotImplementedError(f"onnx: there are no numpy arrays of {tensor_dtype_to_string(tensor_dtype)} here")
    return np.dtype(name)


def np_dtype_to_tensor_dtype(np_dtype):
    try:
        return _OF_NUMPY[np.dtype(np_dtype).name]
    except KeyError:
        raise ValueError(f"Unable to convert type {np_dtype!r} into TensorProto element type.") from None


def tensor_dtype_to_storage_tensor_dtype(tensor_dtype):
    return _row(tensor_dtype)[2]


def tensor_dtype_to_field(tensor_dtype):
    return _row(tensor_dtype)[1]


def tensor_dtype_to_string(tensor_dtype):
    return f"TensorProto.{TensorProto.DataType.Name(tensor_dtype)}"


def get_all_tensor_dtypes():
    return list(_TYPES)


# Release, IR version, and the operator sets ai.onnx, ai.onnx.ml and ai.onnx.preview.training.
VERSION_TABLE = [
    ("1.0", 3, 1, 1), ("1.0.1", 3, 1, 1), ("1.1", 3, 5, 1), ("1.1.2", 3, 6, 1), ("1.2", 3, 7, 1), ("1.3", 3, 8, 1), ("1.4", 4, 9, 1),
    ("1.4.1", 4, 9, 1), ("1.5", 5, 10, 1), ("1.6", 6, 11, 2), ("1.7", 7, 12, 2, 1), ("1.8", 7, 13, 2, 1), ("1.8.1", 7, 13, 2, 1),
    ("1.9", 7, 14, 2, 1), ("1.10", 8, 15, 2, 1), ("1.10.1", 8, 15, 2, 1), ("1.10.2", 8, 15, 2, 1), ("1.11", 8, 16, 3, 1),
    ("1.12", 8, 17, 3, 1), ("1.13", 8, 18, 3, 1), ("1.13.1", 8, 18, 3, 1), ("1.14", 9, 19, 3, 1), ("1.14.1", 9, 19, 3, 1),
    ("1.15", 9, 20, 4, 1), ("1.16", 10, 21, 5, 1), ("1.17", 10, 22, 5, 1), ("1.18", 11, 23, 5, 1), ("1.19", 12, 24, 5, 1),
    ("1.20", 13, 25, 5, 1), ("1.21", 13, 26, 5, 1),
]  # fmt: skip


def create_op_set_id_version_map(table):
    found = {}
    for _, ir_version, *versions in table:
        for domain, version in zip(("ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training"), versions):
            found.setdefault((domain, version), ir_version)
    return found


OP_SET_ID_VERSION_MAP = create_op_set_id_version_map(VERSION_TABLE)


def find_min_ir_version_for(opsetidlist, ignore_unknown=False):
    """The lowest IR version that all of these operator sets came with."""
    found = [3]
    for item in opsetidlist:
        known = OP_SET_ID_VERSION_MAP.get((item.domain or "ai.onnx", item.version))
        if known is None and not ignore_unknown:
            raise ValueError(f"Unsupported opset-version: {item.domain or 'ai.onnx'} {item.version}")
        found.append(known or 3)
    return max(found)
