"""Arrays in files: .npy and .npz, plain bytes and text, and memmap. Nothing is unpickled: arrays of objects are refused."""

import ast
import io
import os
import struct
import zipfile

from numpy import _dtype
from numpy._array import as_shape, ndarray, wrap
from numpy._create import asarray, from_bytes

_MAGIC = b"\x93NUMPY"
_LARGEST_HEADER = 10_000


def _opened(file, mode):
    """(file object, whether it was opened here)."""
    if hasattr(file, "read" if "r" in mode else "write"):
        return file, False
    return open(os.fspath(file), mode), True


def save(file, arr, allow_pickle=True, fix_imports=True):
    if not hasattr(file, "write"):
        file = os.fspath(file)
        file = file if file.endswith(".npy") else f"{file}.npy"
    target, is_ours = _opened(file, "wb")
    try:
        _write(target, asarray(arr))
    finally:
        if is_ours:
            target.close()


def _write(target, array):
    kind = array._dtype
    text = f"{{'descr': {kind.str!r}, 'fortran_order': False, 'shape': {array.shape}, }}"
    # The data starts at a multiple of 64 bytes.
    length = -(-(len(_MAGIC) + 4 + len(text) + 1) // 64) * 64 - len(_MAGIC) - 4
    target.write(_MAGIC + b"\x01\x00" + struct.pack("<H", length) + text.ljust(length - 1).encode("latin1") + b"\n")
    target.write(array.tobytes())


def _read_exactly(source, n, what):
    data = source.read(n)
    if len(data) != n:
        raise ValueError(f"EOF: reading {what}, expected {n} bytes got {len(data)}")
    return data


def _header(source):
    version = _read_exactly(source, 2, "magic string")
    if version[0] == 1:
        (length,) = struct.unpack("<H", _read_exactly(source, 2, "array header length"))
    elif version[0] in (2, 3):
        (length,) = struct.unpack("<I", _read_exactly(source, 4, "array header length"))
    else:
        raise ValueError(f"we only support format version (1,0), (2,0), and (3,0), not {tuple(version)}")
    if length > _LARGEST_HEADER:
        raise ValueError(f"Header info length ({length}) is large and may not be safe to load securely.")
    text = _read_exactly(source, length, "array header").decode("utf8" if version[0] == 3 else "latin1")
    try:
        found = ast.literal_eval(text)
        descr, is_fortran, shape = found["descr"], found["fortran_order"], found["shape"]
    except (SyntaxError, ValueError, KeyError, TypeError):
        raise ValueError(f"Cannot parse header: {text[:80]!r}") from None
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"shape is not valid: {shape!r}")
    if isinstance(descr, str) and descr.endswith("O"):
        raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
    return _dtype.dtype(descr), bool(is_fortran), shape


def _read(source):
    """An array from an open .npy file, whose magic string is read already."""
    kind, is_fortran, shape = _header(source)
    count = 1
    for n in shape:
        count *= n
    expected = count * kind.itemsize
    data = source.read(expected)
    if len(data) != expected:
        raise ValueError(f"cannot reshape array of size {len(data) // kind.itemsize} into shape {str(shape).replace(' ', '')}")
    array = from_bytes(data, (count,), kind)
    return array.reshape(shape[::-1]).transpose() if is_fortran else array.reshape(shape)


def load(file, mmap_mode=None, allow_pickle=False, fix_imports=True, encoding="ASCII", *, max_header_size=_LARGEST_HEADER):
    if mmap_mode is not None and not hasattr(file, "read"):
        with open(os.fspath(file), "rb") as source:
            if source.read(len(_MAGIC)) != _MAGIC:
                raise ValueError(f"{file} is no .npy file")
            kind, is_fortran, shape = _header(source)
            offset = source.tell()
        return memmap(file, kind, mmap_mode, offset, shape, "F" if is_fortran else "C")
    source, is_ours = _opened(file, "rb")
    try:
        magic = source.read(len(_MAGIC))
        if not magic:
            raise EOFError("No data left in file")
        if magic == _MAGIC:
            return _read(source)
        if magic[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            source.seek(-len(magic), 1)
            return NpzFile(io.BytesIO(source.read()))
        if magic[:1] == b"\x80":
            raise ValueError(
                "This file contains pickled (object) data. Layerwise never executes pickles: save arrays with numpy.save or savez"
            )
        raise ValueError(f"it is no .npy or .npz file: it begins with {magic!r}, expected {_MAGIC!r}")
    finally:
        if is_ours:
            source.close()


class NpzFile:
    """The arrays of an .npz file, read when they are asked for."""

    def __init__(self, source):
        self.zip = zipfile.ZipFile(source)
        self.files = [name.removesuffix(".npy") for name in self.zip.namelist()]

    def __getitem__(self, key):
        name = key if key in self.zip.namelist() else f"{key}.npy"
        if name not in self.zip.namelist():
            raise KeyError(f"{key} is not a file in the archive")
        with self.zip.open(name) as source:
            if source.read(len(_MAGIC)) != _MAGIC:
                raise ValueError(f"{name} of the archive is no .npy file")
            return _read(source)

    def keys(self):
        return list(self.files)

    def items(self):
        return [(name, self[name]) for name in self.files]

    def values(self):
        return [self[name] for name in self.files]

    def get(self, key, default=None):
        return self[key] if key in self.files else default

    def __iter__(self):
        return iter(self.files)

    def __len__(self):
        return len(self.files)

    def __contains__(self, key):
        return key in self.files

    def close(self):
        self.zip.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _savez(file, args, kwargs, compression):
    if not hasattr(file, "write"):
        file = os.fspath(file)
        file = file if file.endswith(".npz") else f"{file}.npz"
    named = dict(kwargs)
    for i, value in enumerate(args):
        if f"arr_{i}" in named:
            raise ValueError(f"Cannot use un-named variables and keyword arr_{i}")
        named[f"arr_{i}"] = value
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, value in named.items():
            buffer = io.BytesIO()
            _write(buffer, asarray(value))
            target.writestr(f"{name}.npy", buffer.getvalue())


def savez(file, *args, allow_pickle=True, **kwds):
    _savez(file, args, kwds, zipfile.ZIP_STORED)


def savez_compressed(file, *args, allow_pickle=True, **kwds):
    _savez(file, args, kwds, zipfile.ZIP_DEFLATED)


def fromfile(file, dtype=float, count=-1, sep="", offset=0, *, like=None):
    kind = _dtype.dtype(dtype)
    source, is_ours = _opened(file, "rb")
    try:
        if sep:
            text = source.read().decode()
            values = [float(v) for v in (text.split(sep) if sep.strip() else text.split())]
            return asarray(values[:count] if count >= 0 else values, kind)
        if offset:
            source.seek(offset, 1)
        data = source.read() if count < 0 else source.read(count * kind.itemsize)
        n = len(data) // kind.itemsize
        return from_bytes(data[: n * kind.itemsize], (n,), kind)
    finally:
        if is_ours:
            source.close()


def loadtxt(fname, dtype=float, comments="#", delimiter=None, converters=None, skiprows=0, usecols=None, unpack=False, ndmin=0,
            encoding=None, max_rows=None, **options):
    if hasattr(fname, "read"):
        lines = fname.read()
        lines = (lines.decode() if isinstance(lines, bytes) else lines).splitlines()
    elif isinstance(fname, (list, tuple)) or hasattr(fname, "__next__"):
        lines = [line.decode() if isinstance(line, bytes) else line for line in fname]
    else:
        with open(os.fspath(fname), encoding=encoding) as source:
            lines = source.read().splitlines()
    rows = []
    kind = _dtype.dtype(dtype)
    read = int if kind.kind in "iu" else complex if kind.kind == "c" else float
    for line in lines[skiprows:]:
        line = line.split(comments)[0].strip() if comments else line.strip()
        if not line:
            continue
        words = [w.strip() for w in line.split(delimiter)]
        if usecols is not None:
            words = [words[i] for i in (usecols if hasattr(usecols, "__len__") else [usecols])]
        rows.append([read(w) for w in words])
        if max_rows is not None and len(rows) == max_rows:
            break
    found = asarray(rows, kind)
    if ndmin < 2:
        found = found.squeeze() if found.size else found.reshape(0)
        found = found.reshape(1) if ndmin == 1 and not found.ndim else found
    return found.T if unpack else found


genfromtxt = loadtxt


def savetxt(fname, X, fmt="%.18e", delimiter=" ", newline="\n", header="", footer="", comments="# ", encoding=None):
    found = asarray(X)
    rows = found.reshape(-1, 1) if found.ndim < 2 else found
    text = f"{comments}{header}{newline}" if header else ""
    for row in rows.tolist():
        if isinstance(fmt, str) and fmt.count("%") == len(row) and len(row) > 1:
            text += fmt % tuple(row) + newline
        else:
            formats = [fmt] * len(row) if isinstance(fmt, str) else fmt
            text += delimiter.join([f % v for f, v in zip(formats, row)]) + newline
    text += f"{comments}{footer}{newline}" if footer else ""
    if hasattr(fname, "write"):
        try:
            fname.write(text)
        except TypeError:
            fname.write(text.encode())
    else:
        with open(os.fspath(fname), "w", encoding=encoding) as target:
            target.write(text)


class memmap(ndarray):
    """An array in a file. Slices of the first axis are read when they are taken; anything else reads the whole file once.
    Changes reach the file through flush()."""

    __slots__ = ("filename", "offset", "mode", "_whole", "_sizes")

    def __new__(cls, filename, dtype="uint8", mode="r+", offset=0, shape=None, order="C"):
        kind = _dtype.dtype(dtype)
        mode = {"readonly": "r", "copyonwrite": "c", "readwrite": "r+", "write": "w+"}.get(mode, mode)
        if mode not in ("r", "c", "r+", "w+"):
            raise ValueError(f"mode must be one of ['r', 'c', 'r+', 'w+', ...] (got {mode!r})")
        path = os.fspath(filename)
        made = object.__new__(cls)
        made._dtype, made.base, made._readonly = kind, None, mode == "r"
        made.filename, made.offset, made.mode, made._whole = os.path.abspath(path), offset, mode, None
        if mode == "w+":
            if shape is None:
                raise ValueError("shape must be given if mode == 'w+'")
            made._sizes = as_shape(shape)
            with open(path, "wb") as target:
                target.truncate(offset + _product(made._sizes) * kind.itemsize)
        else:
            nbytes = os.path.getsize(path) - offset
            if shape is None:
                if nbytes % kind.itemsize:
                    raise ValueError("Size of available data is not a multiple of the data-type size.")
                made._sizes = (nbytes // kind.itemsize,)
            else:
                made._sizes = as_shape(shape)
                if _product(made._sizes) * kind.itemsize > nbytes:
                    raise ValueError("mmap length is greater than file size")
        if order == "F" and len(made._sizes) > 1:
            raise NotImplementedError("numpy.memmap in Fortran order is not available in Layerwise's numpy")
        return made

    @property
    def _t(self):
        if self._whole is None:
            self._whole = self._rows(0, self._sizes[0] if self._sizes else 1)._t.reshape(self._sizes)
        return self._whole

    shape = property(lambda self: self._sizes)
    size = property(lambda self: _product(self._sizes))
    ndim = property(lambda self: len(self._sizes))
    nbytes = property(lambda self: self.size * self._dtype.itemsize)

    def __len__(self):
        return self._sizes[0]

    def _rows(self, start, stop):
        row = _product(self._sizes[1:]) * self._dtype.itemsize
        with open(self.filename, "rb") as source:
            source.seek(self.offset + start * row)
            data = source.read(max(stop - start, 0) * row)
        return from_bytes(data, (max(stop - start, 0), *self._sizes[1:]), self._dtype)

    def __getitem__(self, index):
        if self._whole is None and self._sizes and self.mode in ("r", "c"):
            if type(index) is slice and index.step in (None, 1):
                found = self._rows(*index.indices(self._sizes[0])[:2])
                found._readonly = self._readonly
                return found
            if type(index) is int:
                n = self._sizes[0]
                if not -n <= index < n:
                    raise IndexError(f"index {index} is out of bounds for axis 0 with size {n}")
                return self._rows(index % n, index % n + 1)[0]
        return ndarray.__getitem__(self, index)

    def __setitem__(self, index, value):
        self._t
        ndarray.__setitem__(self, index, value)

    def flush(self):
        if self.mode in ("r+", "w+") and self._whole is not None:
            with open(self.filename, "r+b") as target:
                target.seek(self.offset)
                target.write(wrap(self._whole, self._dtype).tobytes())

    def __del__(self):
        try:
            self.flush()
        except Exception:
            # Nobody is left to hear it: flush() itself tells.
            pass


memmap.__module__ = "numpy"


def _product(sizes):
    n = 1
    for size in sizes:
        n *= size
    return n
