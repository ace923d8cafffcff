"""Repeated fields of a message: lists that check what goes in and tell their message that it is there."""

import struct

_LIMITS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1), "uint64": (0, 2**64 - 1)}


def scalar(kind, value, where):
    """What a field of this kind holds for a value; TypeError or ValueError where that cannot be."""
    if kind == "string":
        if isinstance(value, str):
            return value
        if isinstance(value, (bytes, bytearray)):
            return bytes(value).decode()
    elif kind == "bytes":
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
    elif kind in ("float", "double"):
        if isinstance(value, (int, float)) or hasattr(value, "__float__") and not isinstance(value, (str, bytes)):
            value = float(value)
            return value if kind == "double" else single(value)
    elif hasattr(value, "__index__"):
        value = value.__index__()
        low, high = _LIMITS[kind]
        if not low <= value <= high:
            raise ValueError(f"Value out of range: {value}")
        return value
    raise TypeError(f"{where} holds {kind} values, and cannot hold {value!r} of type {type(value).__name__}")


def single(value):
    """The float32 next to a number; numbers beyond its range are infinite, as protocol buffers have it."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


class _Repeated(list):
    """What both kinds share."""

    __slots__ = ("_owner", "_field")
    __hash__ = None

    def __init__(self, owner, field):
        super().__init__()
        self._owner = owner
        self._field = field

    def _where(self):
        return f"{type(self._owner).__name__}.{self._field.name}"

    def _changed(self):
        self._owner._touch()

    def __delitem__(self, key):
        super().__delitem__(key)
        self._changed()

    def pop(self, key=-1):
        self._changed()
        return super().pop(key)

    def remove(self, value):
        super().remove(value)
        self._changed()

    def MergeFrom(self, other):
        self.extend(other)

    def __iadd__(self, values):
        self.extend(values)
        return self

    def copy(self):
        return list(self)

    def __reduce__(self):
        return list, (list(self),)

    def __deepcopy__(self, memo):
        import copy

        return [copy.deepcopy(item, memo) for item in self]


class RepeatedScalar(_Repeated):
    """Numbers, texts or bytes."""

    __slots__ = ()

    def append(self, value):
        super().append(scalar(self._field.type, value, self._where()))
        self._changed()

    def extend(self, values):
        if values is not None:
            kind, where = self._field.type, self._where()
            super().extend([scalar(kind, value, where) for value in values])
        self._changed()

    def insert(self, at, value):
        super().insert(at, scalar(self._field.type, value, self._where()))
        self._changed()

    def __setitem__(self, key, value):
        kind, where = self._field.type, self._where()
        if isinstance(key, slice):
            super().__setitem__(key, [scalar(kind, item, where) for item in value])
        else:
            super().__setitem__(key, scalar(kind, value, where))
        self._changed()


class RepeatedMessage(_Repeated):
    """Messages: those that are put in are copied, and none is put in another one's place."""

    __slots__ = ()

    def _own(self, message):
        kind = self._field.message
        if type(message) is not kind:
            raise TypeError(f"{self._where()} holds {kind.__name__} messages, and cannot hold {type(message).__name__}")
        made = kind()
        made.CopyFrom(message)
        return made

    def add(self, **values):
        made = self._field.message(**values)
        super().append(made)
        self._changed()
        return made

    def append(self, message):
        super().append(self._own(message))
        self._changed()

    def extend(self, messages):
        super().extend([self._own(message) for message in messages])
        self._changed()

    def insert(self, at, message):
        super().insert(at, self._own(message))
        self._changed()

    def __setitem__(self, key, value):
        raise TypeError("'RepeatedCompositeContainer' object does not support item assignment")
