"""Files between Python and the runtime: reading in place, writing whole files at once so that a failure leaves the old one.
Nothing here knows what is in a file."""

import array
import contextlib
import errno
import io
import os
import re
import secrets
import time

import _core
from torch._C import _error_types

_error_types["OSError"] = OSError


class FileFormatError(Exception):
    """The runtime refused a file. Callers raise what PyTorch raises at that place."""


class UnsupportedGlobal(FileFormatError):
    """A checkpoint names something that is no data."""


_own = {"layerwise.FileFormat": FileFormatError, "layerwise.UnsupportedGlobal": UnsupportedGlobal}


def checked(result, failed=0):
    if result == failed:
        kind = _core.error_type()
        message = _core.error_message()
        if kind == "OSError" and message.startswith("errno "):
            code = int(message.removeprefix("errno "))
            raise OSError(code, os.strerror(code))
        raise _own.get(kind, _error_types.get(kind, RuntimeError))(message)
    return result


def is_path(f):
    return isinstance(f, (str, os.PathLike))


def memory_of(data):
    """An address of these bytes and their owner, which has to stay alive."""
    owner = array.array("B")
    owner.frombytes(data)
    return owner.buffer_info()[0], owner


class Reading:
    """A file that the runtime reads: by its descriptor where it has one, else from a copy of its rest."""

    def __init__(self, f):
        self.close_file = lambda: None
        self.id = 0
        if is_path(f):
            f = open(os.fspath(f), "rb", buffering=0)
            self.close_file = f.close
        try:
            # Only files of the interpreter itself: a gzip file has a descriptor too, of something else.
            if isinstance(f, (io.FileIO, io.BufferedReader, io.BufferedRandom)):
                self.id = checked(_core.file_open(f.fileno(), f.tell()))
            else:
                address, owner = memory_of(f.read())
                self.id = checked(_core.file_open_memory(address, len(owner)))
        except BaseException:
            self.close_file()
            raise

    def __enter__(self):
        return self.id

    def __exit__(self, *exc):
        _core.file_close(self.id)
        self.close_file()


@contextlib.contextmanager
def writing(f):
    """Gives the id of a file to write. A path gets its new content only when all of it is on the disk."""
    if is_path(f):
        with _replacing(os.fspath(f)) as file:
            with _created(file.fileno(), 0) as file_id:
                yield file_id
    elif isinstance(f, (io.FileIO, io.BufferedWriter, io.BufferedRandom)):
        f.flush()
        start = f.tell()
        with _created(f.fileno(), start) as file_id:
            yield file_id
        f.seek(0, os.SEEK_END)
    else:
        with _created(-1, 0) as file_id:
            yield file_id
            length = _core.file_length(file_id)
            data = array.array("B", bytes(length))
            _core.file_take(file_id, data.buffer_info()[0])
            f.write(data.tobytes())


@contextlib.contextmanager
def _created(descriptor, start):
    file_id = checked(_core.file_create(descriptor, start))
    try:
        yield file_id
    finally:
        _core.file_close(file_id)


@contextlib.contextmanager
def _replacing(path):
    """A new file beside `path` that takes its place at the end: written, synchronised, renamed, the folder synchronised."""
    folder, name = os.path.split(os.path.abspath(path))
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    _remove_leftovers(folder, name)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.tmp")
    file = open(temporary, "xb", buffering=0)
    try:
        with file:
            yield file
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    # A rename lasts once its folder is on the disk; the file is complete either way.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(file_id, data):
    address, owner = memory_of(data)
    checked(_core.file_write(file_id, address, len(owner)))


_LEFTOVER_AGE_S = 3600


def _remove_leftovers(folder, name):
    """What saves of this file left behind when their process was killed; younger ones may still be under way."""
    pattern = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}\.tmp")
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if pattern.fullmatch(entry.name) and entry.stat().st_mtime < time.time() - _LEFTOVER_AGE_S:
                os.unlink(entry.path)
