"""torch.save and torch.load in PyTorch's own format. Checkpoints are read by an unpickler that knows tensors, containers and
numbers and refuses every other name: nothing in a file is ever imported or called, with weights_only or without."""

import enum
import errno
import io
import json
import os
import pickle

import _core
import torch
from torch import _files, _numpy_pickles, storage as _storage
from torch._C import _wrap
from torch._files import FileFormatError, UnsupportedGlobal, checked, is_path
from torch._rebuild import Builder
from torch._saving import Pickler, archive_name, write_archive
from torch.storage import UntypedStorage

__all__ = [
    "save", "load", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals",
    "get_unsafe_globals_in_checkpoint", "LoadEndianness", "get_default_load_endianness", "set_default_load_endianness",
    "get_default_mmap_options", "set_default_mmap_options", "get_crc32_options", "set_crc32_options", "location_tag",
    "default_restore_location", "register_package", "normalize_storage_type", "storage_to_tensor_type", "SourceChangeWarning",
    "StorageType", "validate_cuda_device", "check_module_version_greater_or_equal", "mkdtemp", "skip_data",
]

DEFAULT_PROTOCOL = 2


class SourceChangeWarning(Warning):
    """Raised by PyTorch when the source of a whole saved module has changed; never here."""


# What a checkpoint may name beyond our own list

_safe_globals = []


def add_safe_globals(safe_globals):
    """Allow these classes and functions in checkpoints: entries are objects, or pairs of an object and the name it is saved as."""
    _safe_globals.extend(entry for entry in safe_globals if entry not in _safe_globals)


def get_safe_globals():
    return list(_safe_globals)


def clear_safe_globals():
    _safe_globals.clear()


class safe_globals:
    """`add_safe_globals` for the length of a with block."""

    def __init__(self, safe_globals):
        self.entries = safe_globals

    def __enter__(self):
        self.before = list(_safe_globals)
        add_safe_globals(self.entries)

    def __exit__(self, *exc):
        _safe_globals[:] = self.before


def _name_of(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def _allowed(entries):
    return {entry[1] if type(entry) is tuple else _name_of(entry): entry[0] if type(entry) is tuple else entry for entry in entries}


def _harmless():
    """Plain data of the standard library, and the module classes that the program has loaded: for weights_only=False."""
    import argparse
    import collections
    import datetime
    import decimal
    import fractions
    import pathlib
    import types
    import uuid

    found = {
        "argparse.Namespace": argparse.Namespace, "types.SimpleNamespace": types.SimpleNamespace,
        "collections.deque": collections.deque, "datetime.date": datetime.date, "datetime.datetime": datetime.datetime,
        "datetime.time": datetime.time, "datetime.timedelta": datetime.timedelta, "datetime.timezone": datetime.timezone,
        "decimal.Decimal": decimal.Decimal, "fractions.Fraction": fractions.Fraction, "uuid.UUID": uuid.UUID,
        # Packed weights of quantized layers.
        "torch.ScriptObject": torch.ScriptObject,
    }
    for name in ("Path", "PosixPath", "PurePosixPath", "PurePath"):
        for module in ("pathlib", "pathlib._local"):
            found[f"{module}.{name}"] = getattr(pathlib, name)
    found.update(_numpy_pickles.names())
    # Modules keep what stands in front of their calls: pruning and norms are data and a method.
    from torch.nn.utils import _norms, prune

    for cls in (_norms.WeightNorm, _norms.SpectralNorm, _norms.SpectralNormStateDictHook):
        found[_name_of(cls)] = cls
    waiting = [torch.nn.Module, prune.BasePruningMethod]
    while waiting:
        cls = waiting.pop()
        found[_name_of(cls)] = cls
        waiting.extend(cls.__subclasses__())
    # Modules keep their activation as a function; PyTorch's own are partly in C, under another name.
    for name, value in vars(torch.nn.functional).items():
        if callable(value) and not name.startswith("_"):
            found[f"torch.nn.functional.{name}"] = found[f"torch._C._nn.{name}"] = value
    return found


# Options that PyTorch has


class LoadEndianness(enum.Enum):
    NATIVE = 1
    LITTLE = 2
    BIG = 3


_options = {"endianness": None, "crc32": True, "mmap": None}


def get_default_load_endianness():
    return _options["endianness"]


def set_default_load_endianness(endianness):
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _options["endianness"] = endianness


def get_crc32_options():
    return _options["crc32"]


def set_crc32_options(compute_crc32):
    """Checksums are always written: they cost nothing beside the disk."""
    _options["crc32"] = bool(compute_crc32)


def get_default_mmap_options():
    return _options["mmap"]


class set_default_mmap_options:
    def __init__(self, flags):
        self.before = _options["mmap"]
        _options["mmap"] = flags

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        _options["mmap"] = self.before


class skip_data:
    """PyTorch leaves out the bytes of tensors inside this block."""

    def __init__(self, materialize_fake_tensors=False):
        raise NotImplementedError("torch.serialization.skip_data is not supported: checkpoints are written whole")


def mkdtemp():
    import tempfile

    return tempfile.TemporaryDirectory()


def check_module_version_greater_or_equal(module, req_version_tuple, error_if_malformed=True):
    parts = tuple(int(part) for part in module.__version__.split("+")[0].split(".")[: len(req_version_tuple)])
    return parts >= tuple(req_version_tuple)


def normalize_storage_type(storage_type):
    return getattr(torch, storage_type.__name__)


def storage_to_tensor_type(storage):
    return getattr(torch, type(storage).__name__.replace("Storage", "Tensor"))


class StorageType:
    """A storage class by name."""

    def __init__(self, name):
        self._dtype = _storage.classes[name].dtype

    @property
    def dtype(self):
        return self._dtype


def _get_layout(name):
    return getattr(torch, name.rpartition(".")[2])


# Where storages go

_packages = []


def register_package(priority, tagger, deserializer):
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda entry: entry[0])


def location_tag(storage):
    for _, tagger, _ in _packages:
        location = tagger(storage)
        if location:
            return location
    device = storage.device
    return device.type if device.type in ("cpu", "meta") else f"{device.type}:{device.index or 0}"


def validate_cuda_device(location):
    device = torch.device(location)
    if not torch.cuda.is_available():
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running on a "
            "CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
        )
    index = device.index if device.index is not None else torch.cuda.current_device()
    if index >= torch.cuda.device_count():
        raise RuntimeError(
            f"Attempting to deserialize object on CUDA device {index} but torch.cuda.device_count() is "
            f"{torch.cuda.device_count()}. Please use torch.load with map_location to map your storages to an existing device."
        )
    return torch.device("cuda", index)


def _device_of(location):
    kind = location.partition(":")[0]
    if kind in ("cpu", "meta"):
        return torch.device(kind)
    if kind == "cuda":
        return validate_cuda_device(location)
    raise RuntimeError(f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {location})")


def default_restore_location(storage, location):
    for _, _, deserializer in _packages:
        result = deserializer(storage, location)
        if result is not None:
            return result
    return storage.to(device=_device_of(location))


def _placer(map_location):
    """A function of a storage's old place: its device, or a function that moves the storage once it is read."""
    if map_location is None:
        return lambda location: _place(location)
    if isinstance(map_location, dict):
        return lambda location: _place(map_location.get(location, location))
    if isinstance(map_location, (str, bytes, torch.device, int)):
        if isinstance(map_location, int):
            map_location = torch.device("cuda", map_location)
        wanted = map_location.decode() if isinstance(map_location, bytes) else str(map_location)
        return lambda location: _place(wanted)

    def move(location):
        def moved(storage):
            result = map_location(storage, location)
            return default_restore_location(storage, location) if result is None else result

        return moved

    return move


def _place(location):
    location = str(location)
    if _packages:
        return lambda storage: default_restore_location(storage, location)
    return _device_of(location)


class _Storages:
    """The storages of a checkpoint, each read when a tensor first needs it."""

    def __init__(self, file_id, table, map_location, is_mapped):
        self.file_id = file_id
        # Read from the file when they are touched, instead of now.
        self.is_mapped = is_mapped
        self.table = table
        self.placer = _placer(map_location)
        self.read = {}

    def __call__(self, index):
        found = self.read.get(index)
        if found is None:
            found = self.read[index] = self._place(index, self.placer(self.table[index][0]))
        return found

    def _place(self, index, place):
        if callable(place):
            moved = place(UntypedStorage(self._bytes(index, 0)))
            return getattr(moved, "_untyped_storage", moved)._tensor
        if place.type == "meta":
            return self._bytes(index, place.id)
        bytes_tensor = self._bytes(index, 0)
        return bytes_tensor if place.type == "cpu" else bytes_tensor.to(place)

    def _bytes(self, index, device_id):
        return _wrap(checked(_core.checkpoint_storage(self.file_id, index, device_id, self.is_mapped)))


# Loading

_DOCUMENTATION = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with weights_only "
    "https://pytorch.org/docs/stable/generated/torch.load.html."
)


def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """Read a checkpoint of torch.save, of either format; a path that ends in .safetensors gives its tensors."""
    if weights_only is None:
        weights_only = pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if pickle_module not in (None, pickle):
        raise RuntimeError(
            f"torch.load: pickle_module={getattr(pickle_module, '__name__', pickle_module)} is not supported: checkpoints are "
            "read by an unpickler of their own that runs no code"
        )
    unknown = set(pickle_load_args) - {"encoding", "errors", "fix_imports", "buffers"}
    if unknown:
        raise TypeError(f"'{sorted(unknown)[0]}' is an invalid keyword argument for Unpickler()")
    if mmap and not is_path(f):
        raise ValueError("f must be a file path in order to use the mmap argument")
    if is_path(f) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(os.fspath(f), map_location)
    if not is_path(f):
        _require_readable(f)
    allowed = _allowed(_safe_globals) if weights_only else {**_harmless(), **_allowed(_safe_globals)}
    with _files.Reading(f) as file_id:
        try:
            return _load(file_id, map_location, allowed, mmap)
        except UnsupportedGlobal as error:
            raise pickle.UnpicklingError(_refusal(str(error), weights_only)) from None
        except FileFormatError as error:
            raise _failure(f, str(error), weights_only) from None


def _load(file_id, map_location, allowed, mmap):
    text = checked(_core.checkpoint_describe(file_id, json.dumps(list(allowed))), "")
    description = json.loads(text)
    if mmap and description["kind"] == "legacy":
        raise RuntimeError(
            "mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True), please torch.save "
            "your checkpoint with this option in order to use mmap."
        )
    storages = _Storages(file_id, description["storages"], map_location, bool(mmap))
    with torch.no_grad():
        return Builder(storages, allowed).build(description)


def _require_readable(f):
    for method in ("seek", "tell", "read"):
        if not hasattr(f, method):
            raise AttributeError(
                f"'{type(f).__name__}' object has no attribute '{method}'. You can only torch.load from a file that is seekable. "
                "Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )


def _refusal(message, weights_only):
    if weights_only:
        return f"Weights only load failed. WeightsUnpickler error: {message}{_DOCUMENTATION}"
    return (
        f"torch.load runs no code of a file, with weights_only=False neither: {message} Models travel best as "
        "torch.save(model.state_dict(), path)."
    )


def _failure(f, message, weights_only):
    """The class that PyTorch raises for a file that is none of its own."""
    name = f"{os.fspath(f)}: " if is_path(f) else ""
    if message in ("the file is empty", "the pickle ends early"):
        return EOFError("Ran out of input")
    if message.startswith("failed finding central directory"):
        return RuntimeError(f"PytorchStreamReader failed reading zip archive: {message}")
    if message.endswith("is blocked.") or message.startswith("Unsupported operand"):
        return pickle.UnpicklingError(f"Weights only load failed. {message}" if weights_only else message)
    return RuntimeError(f"{name}{message}")


def _load_safetensors(path, map_location):
    import safetensors.torch

    if isinstance(map_location, dict) or callable(map_location):
        kind = "dict" if isinstance(map_location, dict) else "callable"
        raise RuntimeError(
            f"Loading safetensors file with {kind} map_location is not supported. Use a device string or torch.device instead."
        )
    return safetensors.torch.load_file(path, device="cpu" if map_location is None else str(map_location))


class _Opaque:
    """Stands where a checkpoint holds an object of a class that is not known: what it was given lies in it, and nothing happened."""

    def __new__(cls, *given):
        return object.__new__(cls)

    def __init__(self, *given):
        self.__dict__["given"] = given

    def __setstate__(self, state):
        self.__dict__.update(state if isinstance(state, dict) else {"state": state})


def load_data(f, map_location=None):
    """What a checkpoint holds, for whoever wants its tensors alone: a config or an optimizer of a class that is not known stays closed."""
    unknown = get_unsafe_globals_in_checkpoint(f)
    allowed = {**{name: type(name.rpartition(".")[2], (_Opaque,), {}) for name in unknown}, **_harmless()}
    with _files.Reading(f) as file_id:
        return _load(file_id, map_location, allowed, None)


def get_unsafe_globals_in_checkpoint(f):
    """Names in a checkpoint that torch.load would refuse, one after the other until there are none."""
    allowed = _allowed(_safe_globals)
    found = []
    with _files.Reading(f) as file_id:
        while True:
            try:
                checked(_core.checkpoint_describe(file_id, json.dumps([*allowed, *found])), "")
                return sorted(found)
            except UnsupportedGlobal as error:
                name = str(error).split("GLOBAL ", 1)[1].split(" was not an allowed", 1)[0]
                if name in found:
                    # Allowing it did not help: it is written with characters that no message shows.
                    return sorted(found)
                found.append(name)
            except FileFormatError as error:
                if found:
                    return sorted(found)
                raise ValueError(f"Expected input to be a checkpoint returned by torch.save: {error}") from None


# Saving


def save(
    obj,
    f,
    pickle_module=pickle,
    pickle_protocol=DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization=True,
    _disable_byteorder_record=False,
):
    """Write a checkpoint. A file that was there keeps its content until the new one is complete on the disk."""
    if pickle_module is not pickle:
        raise NotImplementedError("torch.save(pickle_module=...) is not supported: checkpoints are written with Python's pickle")
    if not is_path(f) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    buffer = io.BytesIO()
    pickler = Pickler(buffer, pickle_protocol)
    if not _use_new_zipfile_serialization:
        raise NotImplementedError(
            "torch.save(_use_new_zipfile_serialization=False) is not supported: PyTorch reads the zip format since 1.6"
        )
    pickler.dump(obj)
    _require_folder(f)
    try:
        with _files.writing(f) as file_id:
            write_archive(file_id, archive_name(f), buffer.getvalue(), pickler.storages, not _disable_byteorder_record)
    except OSError as error:
        if not is_path(f):
            raise
        raise RuntimeError(f"torch.save: {os.fspath(f)}: open file failed with strerror: {error.strerror}{_hint(error)}") from None


def _hint(error):
    is_forbidden = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
    return ". Files can only be written into a trusted workspace, and below /tmp" if is_forbidden else ""


def _require_folder(f):
    if is_path(f):
        folder = os.path.dirname(os.path.abspath(os.fspath(f)))
        if not os.path.isdir(folder):
            error = RuntimeError(f"Parent directory {os.path.dirname(os.fspath(f)) or folder} does not exist.")
            if os.path.commonpath([folder, os.getcwd()]) != os.getcwd():
                error.add_note(f"Code in the sandbox sees its workspace, {os.getcwd()}, and a temporary folder of its own.")
            raise error
