"""The memory behind tensors: untyped storages, and the typed ones of old that checkpoints name. They are looked at and shared;
arithmetic belongs to tensors."""

import _core
from torch import _dtype
from torch._C import _ints, _wrap


def _view(bytes_tensor, dtype):
    """A flat tensor of `dtype` over the whole of a storage."""
    n = bytes_tensor.numel() // dtype.itemsize
    # Of a quantized tensor these are the bare integers.
    dtype = {_dtype.quint8: _dtype.uint8, _dtype.qint8: _dtype.int8, _dtype.qint32: _dtype.int32}.get(dtype, dtype)
    return _wrap(_core.tensor_over(bytes_tensor.h, dtype.id, 0, _ints((n,)), _ints((1,))))


class UntypedStorage:
    """Bytes that tensors share: `tensor.untyped_storage()`."""

    def __init__(self, source=0, *, device=None):
        import torch

        if isinstance(source, torch.Tensor):
            self._tensor = _wrap(_core.storage_bytes_of(source.h))
        else:
            self._tensor = torch.empty(int(source), dtype=_dtype.uint8, device=device)

    @property
    def _cdata(self):
        return _core.storage_number(self._tensor.h)

    @property
    def dtype(self):
        raise AttributeError("'UntypedStorage' object has no attribute 'dtype'")

    @property
    def device(self):
        return self._tensor.device

    @property
    def is_cuda(self):
        return self.device.type == "cuda"

    def data_ptr(self):
        return _core.storage_ptr(self._tensor.h)

    def nbytes(self):
        return _core.storage_bytes(self._tensor.h)

    def size(self):
        return self.nbytes()

    def element_size(self):
        return 1

    def __len__(self):
        return self.nbytes()

    def __getitem__(self, index):
        found = self._tensor[index]
        return UntypedStorage(found.clone()) if isinstance(index, slice) else int(found)

    def __setitem__(self, index, value):
        self._tensor[index] = value

    def __iter__(self):
        return iter(self.tolist())

    def tolist(self):
        return self._tensor.tolist()

    def clone(self):
        return UntypedStorage(self._tensor.clone())

    def copy_(self, source, non_blocking=None):
        self._tensor.copy_(source._tensor)
        return self

    def fill_(self, value):
        self._tensor.fill_(value)
        return self

    def to(self, *, device, non_blocking=False):
        moved = self._tensor.to(device)
        return self if moved is self._tensor else UntypedStorage(moved)

    def cpu(self):
        return self.to(device="cpu")

    def cuda(self, device=None, non_blocking=False):
        return self.to(device="cuda" if device is None else device)

    def untyped(self):
        return self

    def share_memory_(self):
        return self

    def is_shared(self):
        return False

    def is_pinned(self, device="cuda"):
        return False

    def __copy__(self):
        return self.clone()

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self.clone())

    def __repr__(self):
        lines = "".join(f" {value}\n" for value in self.tolist())
        return f"{lines}[torch.storage.UntypedStorage(device={self.device}) of size {len(self)}]"


class TypedStorage:
    """A storage that knows its element type: `tensor.storage()` in code from before PyTorch 2."""

    dtype = None

    def __init__(self, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        dtype = dtype or self.dtype or _dtype.get_default_dtype()
        self.dtype = dtype
        if wrap_storage is not None:
            self._untyped_storage = wrap_storage
        elif args and not isinstance(args[0], int):
            import torch

            self._untyped_storage = UntypedStorage(torch.tensor(list(args[0]), dtype=dtype, device=device))
        else:
            self._untyped_storage = UntypedStorage((args[0] if args else 0) * dtype.itemsize, device=device)

    @property
    def device(self):
        return self._untyped_storage.device

    @property
    def is_cuda(self):
        return self._untyped_storage.is_cuda

    def _elements(self):
        return _view(self._untyped_storage._tensor, self.dtype)

    def untyped(self):
        return self._untyped_storage

    def data_ptr(self):
        return self._untyped_storage.data_ptr()

    def nbytes(self):
        return self._untyped_storage.nbytes()

    def element_size(self):
        return self.dtype.itemsize

    def size(self):
        return self.nbytes() // self.dtype.itemsize

    _size = size

    def __len__(self):
        return self.size()

    def __getitem__(self, index):
        return self._elements()[index].item()

    def __setitem__(self, index, value):
        self._elements()[index] = value

    def __iter__(self):
        return iter(self.tolist())

    def tolist(self):
        return self._elements().tolist()

    def fill_(self, value):
        self._elements().fill_(value)
        return self

    def clone(self):
        return TypedStorage(wrap_storage=self._untyped_storage.clone(), dtype=self.dtype)

    def cpu(self):
        return TypedStorage(wrap_storage=self._untyped_storage.cpu(), dtype=self.dtype)

    def _pickle_storage_type(self):
        return class_names[self.dtype]

    def __repr__(self):
        lines = "".join(f" {value}\n" for value in self.tolist())
        name = f"torch.storage.TypedStorage(dtype={self.dtype}, device={self.device})"
        return f"{lines}[{name} of size {len(self)}]"


_names = {
    "ByteStorage": "uint8", "CharStorage": "int8", "ShortStorage": "int16", "IntStorage": "int32", "LongStorage": "int64",
    "HalfStorage": "float16", "FloatStorage": "float32", "DoubleStorage": "float64", "BoolStorage": "bool_",
    "BFloat16Storage": "bfloat16", "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128", "QUInt8Storage": "quint8",
    "QInt8Storage": "qint8", "QInt32Storage": "qint32",
}

# torch.FloatStorage and kin, and the name of each dtype's class.
classes = {}
class_names = {}
for _name, _dtype_name in _names.items():
    _found = getattr(_dtype, _dtype_name)
    classes[_name] = type(_name, (TypedStorage,), {"dtype": _found, "__module__": "torch"})
    class_names[_found] = _name


def typed(tensor):
    return TypedStorage(wrap_storage=UntypedStorage(tensor), dtype=tensor.dtype)
