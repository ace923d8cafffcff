"""Values that flow between nodes: tensors, and small numbers that are known without asking a device. Decides no operator."""

import struct

import torch

# ONNX's numbers of types, and what they are here. Wider ones stand in for types that PyTorch computes nothing with.
DTYPES = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    14: torch.complex64,
    15: torch.complex128,
    16: torch.bfloat16,
    17: torch.float8_e4m3fn,
    19: torch.float8_e5m2,
}
# Types that PyTorch computes nothing with live in wider ones; results are cut to their bits.
BORROWED = {
    "uint2": (torch.uint8, 2, False),
    "int2": (torch.int8, 2, True),
    "uint4": (torch.uint8, 4, False),
    "int4": (torch.int8, 4, True),
    "uint16": (torch.int32, 16, False),
    "uint32": (torch.int64, 32, False),
}
TYPE_NAMES = {
    0: "undefined",
    4: "uint16",
    8: "string",
    12: "uint32",
    13: "uint64",
    18: "float8_e4m3fnuz",
    20: "float8_e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4_e2m1",
    24: "float8_e8m0",
    25: "uint2",
    26: "int2",
    27: "float6_e2m3",
    28: "float6_e3m2",
}

_MOST_KNOWN = 1024


class Known:
    """A number or a list of numbers: a shape, an axis, a scale. Rank 0 or 1."""

    __slots__ = ("values", "is_list", "dtype")

    def __init__(self, values, is_list=True, dtype=torch.int64):
        self.values = values
        self.is_list = is_list
        self.dtype = dtype

    @property
    def shape(self):
        return (len(self.values),) if self.is_list else ()

    def tensor(self, device=None):
        values = self.values if self.is_list else self.values[0]
        return torch.tensor(values, dtype=self.dtype, device=device)

    def cast(self, dtype):
        if dtype == torch.bool:
            values = [bool(value) for value in self.values]
        elif dtype.is_floating_point:
            values = [rounded(float(value), dtype) for value in self.values]
        else:
            values = [int(value) for value in self.values]
        return Known(values, self.is_list, dtype)

    def __repr__(self):
        return f"Known({self.values if self.is_list else self.values[0]}, {self.dtype})"


def rounded(value, dtype):
    """A Python float has more digits than the number that a tensor would hold."""
    return struct.unpack("f", struct.pack("f", value))[0] if dtype == torch.float32 else value


def known_of(tensor):
    """The numbers of a small tensor; None where they are too many, or have no values here."""
    if isinstance(tensor, Known):
        return tensor
    is_small = isinstance(tensor, torch.Tensor) and tensor.dim() <= 1 and tensor.numel() <= _MOST_KNOWN
    if not is_small or tensor.is_meta:
        return None
    if tensor.dtype not in (torch.int64, torch.int32, torch.float32, torch.bool):
        return None
    values = tensor.tolist()
    return Known(values if tensor.dim() == 1 else [values], tensor.dim() == 1, tensor.dtype)


def numbers(value):
    """A list of Python numbers, from a list or a scalar."""
    if isinstance(value, Known):
        return list(value.values)
    if isinstance(value, (list, tuple)):
        return list(value)
    if value.is_meta:
        raise RuntimeError("the numbers of a tensor on the meta device are not known: the model looks at values")
    return value.reshape(-1).tolist()


def number(value):
    return numbers(value)[0]


def as_tensor(value, device=None):
    return value.tensor(device) if isinstance(value, Known) else value


def wrapped(x, onnx_type):
    """The low bits alone, as the borrowed type would have kept them."""
    dtype, bits, is_signed = BORROWED[onnx_type]
    codes = torch.remainder(x.to(torch.int64), 1 << bits)
    if is_signed:
        codes = torch.where(codes >= 1 << (bits - 1), codes - (1 << bits), codes)
    return codes.to(dtype)


def dtype_of(code, node):
    """The dtype of a type's number, or a refusal that names it."""
    dtype = DTYPES.get(int(code))
    if dtype is None:
        node.refuse(f"{TYPE_NAMES.get(int(code), f'type {code}')} is no type that is computed with here")
    return dtype
