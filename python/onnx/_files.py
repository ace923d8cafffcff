"""Whole files in memory at an address: what messages are read from without another copy."""

import array
import os


def bytes_of(f):
    """The content of a file, given by its path or open, as a view of an array."""
    if not isinstance(f, (str, os.PathLike)):
        data = f.read()
        if not isinstance(data, bytes):
            raise TypeError(f"onnx: the file gives {type(data).__name__}: open it with mode 'rb'")
        return memoryview(array.array("B", data))
    with open(os.fspath(f), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        data = array.array("B", bytes(size))
        view = memoryview(data)
        at = 0
        while at < size:
            n = file.readinto(view[at:])
            if not n:
                break
            at += n
    return view[:at]
