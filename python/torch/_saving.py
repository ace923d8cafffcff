"""How torch.save writes: Python's pickler for the objects, storages as members of an archive, byte for byte as PyTorch does it."""

import copyreg
import os
import pickle
from collections import OrderedDict

import _core
import torch
from torch import _files, _numpy_pickles, _quantized, _utils, storage as _storage
from torch._files import checked, is_path
from torch.storage import TypedStorage, UntypedStorage


class Pickler(pickle.Pickler):
    """Python's own pickler; tensors are described, their storages collected."""

    def __init__(self, buffer, protocol):
        super().__init__(buffer, protocol=protocol)
        self.storages = {}
        self.dtypes = {}
        self.keys = {}

    def persistent_id(self, obj):
        if not isinstance(obj, (TypedStorage, UntypedStorage)):
            return None
        if isinstance(obj, TypedStorage):
            storage = obj._untyped_storage
            cls, dtype, count = getattr(torch, obj._pickle_storage_type()), obj.dtype, obj.size()
        else:
            storage, cls, dtype, count = obj, UntypedStorage, torch.uint8, obj.nbytes()
        number = storage._cdata
        if storage.nbytes() and self.dtypes.setdefault(number, dtype) is not dtype:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        key = self.keys.setdefault(number, str(len(self.keys)))
        self.storages[key] = storage
        return ("storage", cls, key, _interned(torch.serialization.location_tag(storage)), count)

    def reducer_override(self, obj):
        if isinstance(obj, torch.Tensor):
            return _reduce_tensor(obj)
        if isinstance(obj, torch.Size):
            return torch.Size, (tuple(obj),)
        if isinstance(obj, torch.device):
            return torch.device, ((obj.type,) if obj.index is None else (obj.type, obj.index))
        if isinstance(obj, torch.layout):
            return torch.serialization._get_layout, (str(obj),)
        from_numpy = _numpy_pickles.reduce(obj)
        if from_numpy is not None:
            return from_numpy
        if isinstance(obj, torch.nn.RNNBase):
            # PyTorch's own keep this list beside the parameters, and cannot do without it.
            return copyreg.__newobj__, (type(obj),), {**vars(obj), "_flat_weights": list(obj._flat_weights)}
        return NotImplemented


def _interned(location):
    # The pickler writes equal texts once only when they are one object.
    return "cpu" if location == "cpu" else location


def _reduce_tensor(t):
    if t.is_quantized:
        return _quantized.reduce(t)
    if isinstance(t, torch.nn.parameter.UninitializedTensorMixin):
        raise NotImplementedError("saving uninitialized parameters is not supported: run the lazy module once before")
    own = type(t).__reduce_ex__
    if own not in (torch.Tensor.__reduce_ex__, torch.nn.Parameter.__reduce_ex__):
        # A class that says itself what is to be written of it.
        return own(t, 2)
    state = dict(t.__dict__)
    if isinstance(t, torch.nn.Parameter) and type(t) is not torch.Tensor:
        if state:
            return _utils._rebuild_parameter_with_state, (t.data, t.requires_grad, OrderedDict(), state)
        return _utils._rebuild_parameter, (t.data, t.requires_grad, OrderedDict())
    rebuild, args = _reduce_plain(t)
    if state:
        return torch._tensor._rebuild_from_type_v2, (rebuild, torch.Tensor, args, state)
    return rebuild, args


def _reduce_plain(t):
    if t.is_meta:
        return _utils._rebuild_meta_tensor_no_storage, (t.dtype, tuple(t.size()), t.stride(), t.requires_grad)
    t = t.resolve_conj().resolve_neg()
    view = (t.storage_offset(), tuple(t.size()), t.stride())
    if t.dtype not in _storage.class_names:
        return _utils._rebuild_tensor_v3, (UntypedStorage(t), *view, t.requires_grad, OrderedDict(), t.dtype)
    return _utils._rebuild_tensor_v2, (_storage.typed(t), *view, t.requires_grad, OrderedDict())


def archive_name(f):
    """PyTorch names the archive's folder after the file."""
    path = os.fspath(f) if is_path(f) else ""
    if not isinstance(path, str) or not path.isascii():
        return "archive"
    name = os.path.basename(path)
    return (name.rpartition(".")[0] if "." in name else name) or "archive"


def write_archive(file_id, folder, pickled, storages, has_byteorder):
    names = []
    crcs = []

    def add(name, data):
        address, owner = _files.memory_of(data)
        names.append(name)
        crcs.append(checked(_core.archive_add(file_id, f"{folder}/{name}", address, len(owner))) - 1)

    add("data.pkl", pickled)
    add(".format_version", b"1")
    add(".storage_alignment", b"64")
    if has_byteorder:
        add("byteorder", b"little")
    for key, storage in storages.items():
        names.append(f"data/{key}")
        on_cpu = storage._tensor.cpu()
        crcs.append(checked(_core.archive_add_storage(file_id, f"{folder}/data/{key}", on_cpu.h)) - 1)
    add("version", b"3\n")
    add(".data/serialization_id", _serialization_id(names, crcs))
    checked(_core.archive_finish(file_id))


def _serialization_id(names, crcs):
    """Forty digits that differ when the content does: twenty from the names, twenty from the checksums."""
    mix = lambda seed, value: ((seed ^ value) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    by_name = by_content = 0xCBF29CE484222325
    for name, crc in zip(names, crcs):
        for byte in name.encode():
            by_name = mix(by_name, byte)
        by_content = mix(by_content, crc)
    return f"{by_name:020d}{by_content:020d}".encode()
