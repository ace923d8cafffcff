"""onnx.numpy_helper: tensors of a model as arrays, and back. Types that our numpy has no arrays of are refused by name."""

import struct

import numpy as np
from onnx import external_data_helper
from onnx._types import np_dtype_to_tensor_dtype, tensor_dtype_to_field, tensor_dtype_to_np_dtype, tensor_dtype_to_string
from onnx.onnx_ml_pb2 import TensorProto

_BITS = {
    TensorProto.UINT4: 4, TensorProto.INT4: 4, TensorProto.FLOAT4E2M1: 4, TensorProto.UINT2: 2, TensorProto.INT2: 2,
    TensorProto.BFLOAT16: 16, TensorProto.FLOAT8E4M3FN: 8, TensorProto.FLOAT8E4M3FNUZ: 8, TensorProto.FLOAT8E5M2: 8,
    TensorProto.FLOAT8E5M2FNUZ: 8, TensorProto.FLOAT8E8M0: 8,
}  # fmt: skip


def bytes_for(data_type, count):
    """How many bytes so many numbers take; None for texts."""
    if data_type == TensorProto.STRING:
        return None
    bits = _BITS.get(data_type)
    return (count * bits + 7) // 8 if bits else count * tensor_dtype_to_np_dtype(data_type).itemsize


def to_array(tensor, base_dir=""):
    """The numbers of a tensor, in memory of their own; `base_dir` is the folder of a model whose data lie in other files."""
    if not isinstance(tensor, TensorProto):
        raise TypeError(f"to_array: expected a TensorProto, got {type(tensor).__name__}")
    if tensor.HasField("segment"):
        raise ValueError("Currently not supporting loading segments.")
    if tensor.data_type == TensorProto.UNDEFINED:
        raise TypeError("The element type in the input tensor is UNDEFINED.")
    dtype = tensor_dtype_to_np_dtype(tensor.data_type)
    shape = tuple(tensor.dims)
    if external_data_helper.uses_external_data(tensor):
        external_data_helper.load_external_data_for_tensor(tensor, base_dir)
    if tensor.HasField("raw_data"):
        return np.frombuffer(tensor.raw_data, dtype=dtype).reshape(shape).copy()
    values = getattr(tensor, tensor_dtype_to_field(tensor.data_type))
    if dtype.name == "float16":
        return np.frombuffer(struct.pack(f"<{len(values)}H", *[value & 0xFFFF for value in values]), dtype=dtype).reshape(shape).copy()
    if dtype.kind == "c":
        flat = [complex(values[i], values[i + 1]) for i in range(0, len(values), 2)]
        return np.array(flat, dtype=dtype).reshape(shape)
    return np.array(list(values), dtype=dtype).reshape(shape)


def from_array(array, name=None):
    """An array as a tensor, its numbers as bytes."""
    if not isinstance(array, (np.ndarray, np.generic)):
        raise TypeError(f"array must be a numpy array, got {type(array).__name__}")
    array = np.asarray(array)
    tensor = TensorProto(data_type=np_dtype_to_tensor_dtype(array.dtype))
    tensor.dims.extend(array.shape)
    if name:
        tensor.name = name
    tensor.raw_data = array.tobytes()
    return tensor


def tobytes_little_endian(array):
    return array.tobytes()


def count_of(values):
    """How many numbers there are in an array or a nest of lists."""
    if hasattr(values, "size") and not callable(values.size):
        return values.size
    if isinstance(values, (list, tuple)):
        return sum([count_of(value) for value in values])
    return 1


def stored_values(data_type, values):
    """A flat list as the field for this type holds it: floats of two bytes by their bits."""
    name = tensor_dtype_to_string(data_type)
    if data_type in _BITS:
        if data_type != TensorProto.BFLOAT16:
            raise NotImplementedError(f"onnx.helper.make_tensor: values of {name} are not rounded here: give their bytes with raw=True")
        # The upper half of a float32, rounded to the nearest, ties to even.
        words = np.asarray(values, dtype=np.float32).reshape(-1).view(np.int32).astype(np.int64) & 0xFFFFFFFF
        return [((word + 0x7FFF + (word >> 16 & 1)) >> 16) & 0xFFFF for word in words.tolist()]
    array = np.asarray(values, dtype=tensor_dtype_to_np_dtype(data_type)).reshape(-1)
    if array.dtype.name == "float16":
        return array.view(np.int16).astype(np.int32).__and__(0xFFFF).tolist()
    return [int(value) for value in array.tolist()] if array.dtype.kind == "b" else array.tolist()


def _refused(name):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"onnx.numpy_helper.{name} is not available in Layerwise's onnx")

    refuse.__name__ = name
    return refuse


for _name in ("to_list", "from_list", "to_dict", "from_dict", "to_optional", "from_optional", "to_float8e8m0", "saturate_cast"):
    globals()[_name] = _refused(_name)


def create_random_int(input_shape, dtype, seed=1):
    """Random integers of an unsigned or signed type."""
    np.random.seed(seed)
    limits = np.iinfo(dtype)
    return np.random.randint(limits.min, limits.max, size=input_shape).astype(dtype)


