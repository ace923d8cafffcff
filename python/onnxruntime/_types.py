"""TensorProto.DataType and what ONNX Runtime and numpy call each of them. One table, three directions."""

import numpy as np

# By number: as a session's inputs say it, and numpy's name where arrays of it can be had.
_NAMES = (
    (1, "float", "float32"), (2, "uint8", "uint8"), (3, "int8", "int8"), (4, "uint16", "uint16"), (5, "int16", "int16"),
    (6, "int32", "int32"), (7, "int64", "int64"), (8, "string", None), (9, "bool", "bool"), (10, "float16", "float16"),
    (11, "double", "float64"), (12, "uint32", "uint32"), (13, "uint64", "uint64"), (14, "complex64", "complex64"),
    (15, "complex128", "complex128"), (16, "bfloat16", None), (17, "float8e4m3fn", None), (18, "float8e4m3fnuz", None),
    (19, "float8e5m2", None), (20, "float8e5m2fnuz", None), (21, "uint4", None), (22, "int4", None), (23, "float4e2m1", None),
)
_words = {number: word for number, word, _ in _NAMES}
_dtypes = {number: np.dtype(name) for number, _, name in _NAMES if name}
_numbers = {dtype.name: number for number, dtype in _dtypes.items()}


def type_text(number):
    """"tensor(float)"."""
    return f"tensor({_words.get(number, number)})"


def number_of(dtype):
    return _numbers[dtype.name]


def dtype_of(number):
    return _dtypes[number]
