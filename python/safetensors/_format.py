"""safetensors files as the runtime reads and writes them: tables of tensors, and bytes by range. A file stays open while tensors
are fetched from it one by one; nothing is read before it is asked for."""

import json
import os
import struct

import _core
from torch import _files
from torch._C import _ints, _wrap
from torch._files import FileFormatError, checked

# Names of the element types, in the order in which writers sort tensors: the widest come first.
_NAMES = {
    "uint64": "U64", "int64": "I64", "float64": "F64", "complex64": "C64", "float32": "F32", "uint32": "U32", "int32": "I32",
    "bfloat16": "BF16", "float16": "F16", "uint16": "U16", "int16": "I16", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}
_RANKS = {name: rank for rank, name in enumerate(_NAMES)}
_TORCH_NAMES = {written: name for name, written in _NAMES.items()}


class SafetensorError(Exception):
    """A file that is no safetensors file, or a request it cannot answer."""


class Table:
    """An open safetensors file and what its header says."""

    def __init__(self, f):
        self.reading = _files.Reading(f)
        try:
            described = json.loads(checked(_core.safetensors_describe(self.reading.id), ""))
        except FileFormatError as error:
            self.close()
            raise SafetensorError(f"Error while deserializing header: {error}") from None
        except BaseException:
            self.close()
            raise
        self.metadata = described["metadata"]
        self.entries = {name: tuple(rest) for name, *rest in described["tensors"]}

    def close(self):
        if self.reading is not None:
            self.reading.__exit__()
            self.reading = None

    def entry(self, name):
        if self.reading is None:
            raise SafetensorError("File is closed")
        try:
            return self.entries[name]
        except KeyError:
            raise SafetensorError(f"File does not contain tensor {name}") from None

    def read(self, name, device, first=0, count=None):
        """A tensor, or `count` of its rows from `first` on."""
        from torch._rebuild import dtype_named

        import torch

        dtype_name, shape, position, size = self.entry(name)
        dtype = dtype_named(dtype_name)
        if count is not None:
            row = size // shape[0] if shape[0] else 0
            position, size, shape = position + first * row, count * row, [count, *shape[1:]]
        place = torch.device(device)
        held = torch.device("meta") if place.type == "meta" else torch.device("cpu")
        data = _wrap(checked(_core.file_bytes(self.reading.id, position, size, held.id)))
        strides = []
        step = 1
        for n in reversed(shape):
            strides.insert(0, step)
            step *= max(n, 1)
        found = _wrap(checked(_core.tensor_over(data.h, dtype.id, 0, _ints(tuple(shape)), _ints(tuple(strides)))))
        return found if place.type in ("cpu", "meta") else found.to(place)


class safe_open:
    """A file of which tensors, or slices of them, are read when they are asked for."""

    def __init__(self, filename, framework, device="cpu", backend=None):
        if framework not in ("pt", "torch", "pytorch", "np", "numpy"):
            raise SafetensorError(f"framework {framework} is invalid")
        self._is_numpy = framework in ("np", "numpy")
        self._device = f"cuda:{device}" if isinstance(device, int) else str(device)
        if not os.path.exists(filename):
            raise FileNotFoundError(f"No such file or directory: {filename}")
        self._table = Table(filename)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._table.close()

    def keys(self):
        return sorted(self._table.entries)

    def offset_keys(self):
        return list(self._table.entries)

    def metadata(self):
        return dict(self._table.metadata) or None

    def get_tensor(self, name):
        return self._given(self._table.read(name, self._device))

    def get_slice(self, name):
        self._table.entry(name)
        return _Slice(self, name)

    def _given(self, tensor):
        return tensor.numpy() if self._is_numpy else tensor


class _Slice:
    """A tensor that is still in the file: indexing it reads the rows that the index touches."""

    def __init__(self, opened, name):
        self._opened = opened
        self._name = name
        self._dtype, self._shape = opened._table.entry(name)[:2]

    def get_shape(self):
        return list(self._shape)

    def get_dtype(self):
        return _NAMES[self._dtype]

    def __getitem__(self, index):
        items = index if isinstance(index, tuple) else (index,)
        n_given = sum(1 for item in items if item is not Ellipsis)
        if n_given > len(self._shape):
            raise IndexError(f"too many indices for tensor of dimension {len(self._shape)}")
        first = items[0] if items else Ellipsis
        table, device = self._opened._table, self._opened._device
        if isinstance(first, int):
            n = self._shape[0]
            at = first + n if first < 0 else first
            if not 0 <= at < n:
                raise IndexError(f"index {first} is out of bounds for dimension 0 with size {n}")
            return self._opened._given(table.read(self._name, device, at, 1)[(0, *items[1:])])
        if isinstance(first, slice) and first.step in (None, 1):
            start, stop, _ = first.indices(self._shape[0])
            rows = table.read(self._name, device, start, max(0, stop - start))
            return self._opened._given(rows[(slice(None), *items[1:])])
        return self._opened._given(table.read(self._name, device)[items])


def order(named):
    """Tensors by falling width of their elements, then by name: what is read at once is aligned."""
    return sorted(named, key=lambda entry: (_RANKS.get(entry[1], -1), entry[0]))


def write(tensors, metadata, f):
    """`tensors` are (name, tensor) pairs, contiguous and on the CPU."""
    named = [(name, t.dtype.name, list(t.shape), t) for name, t in tensors]
    ordered = order(named)
    if metadata is not None:
        for value in [*metadata.keys(), *metadata.values()]:
            if not isinstance(value, str):
                raise TypeError(f"argument 'metadata': '{type(value).__name__}' object is not an instance of 'str'")
    description = json.dumps({"metadata": metadata, "tensors": [entry[:3] for entry in ordered]})
    try:
        header = checked(_core.safetensors_header(description), "").encode()
        with _files.writing(f) as file_id:
            _files.write_bytes(file_id, struct.pack("<Q", len(header)) + header)
            for _, _, _, t in ordered:
                checked(_core.file_write_tensor(file_id, t.h))
    except (OSError, FileFormatError) as error:
        raise SafetensorError(f"Error while serializing: {error}") from None


# The layer below safetensors.torch, with bytes instead of tensors


def _as_tensors(tensor_dict):
    import torch
    from torch._factories import from_buffer_bytes

    for name, given in tensor_dict.items():
        dtype = getattr(torch, _TORCH_NAMES.get(given["dtype"], given["dtype"]))
        yield name, from_buffer_bytes(given["data"], tuple(given["shape"]), dtype)


def serialize(tensor_dict, metadata=None):
    import io

    buffer = io.BytesIO()
    write(_as_tensors(tensor_dict), metadata, buffer)
    return buffer.getvalue()


def serialize_file(tensor_dict, filename, metadata=None):
    write(_as_tensors(tensor_dict), metadata, filename)


def deserialize(bytes):
    import io

    table = Table(io.BytesIO(bytes))
    try:
        return [
            (name, {"dtype": _NAMES[dtype], "shape": shape, "data": bytearray(bytes[position : position + size])})
            for name, (dtype, shape, position, size) in table.entries.items()
        ]
    finally:
        table.close()
