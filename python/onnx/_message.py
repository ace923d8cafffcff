"""A message of ONNX as protocol buffers show it in Python: fields by name, parts that come to be when they are written to, bytes in and
out by the runtime's one codec. Checks types; judges no model."""

import array
import json

import _core
from onnx import _text
from onnx._enums import OF_FIELD
from onnx._fields import RepeatedMessage, RepeatedScalar, scalar
from torch._files import FileFormatError, checked, write_bytes

_DEFAULTS = {"string": "", "bytes": b"", "float": 0.0, "double": 0.0, "int32": 0, "int64": 0, "uint64": 0}


class DecodeError(ValueError):
    """Bytes that are no message."""


class Field:
    """One field: its number, name and type; `message` is the class where it holds messages."""

    __slots__ = ("number", "name", "type", "is_repeated", "message", "rivals", "enum")

    def __init__(self, owner, number, name, kind, is_repeated):
        self.number, self.name, self.type, self.is_repeated = number, name, kind, is_repeated
        self.message = None
        # Fields of which at most one is there.
        self.rivals = ()
        self.enum = OF_FIELD.get((owner, name))


class Descriptor:
    """What a class of messages says of itself."""

    def __init__(self, full_name, fields, oneofs):
        self.full_name = f"onnx.{full_name}"
        self.name = full_name.rpartition(".")[2]
        self.fields = fields
        self.fields_by_name = {field.name: field for field in fields}
        self.oneofs_by_name = oneofs


class Message:
    """What all messages can do. `_values` holds what is there: scalars, lists and messages by name."""

    __slots__ = ("_values", "_ghosts", "_owner", "__weakref__")
    __hash__ = None
    DESCRIPTOR = None

    def __init__(self, **values):
        self._values = {}
        # Parts that were looked at and are not there, so that writing to them makes them be.
        self._ghosts = None
        # (message, name) for as long as this is such a part.
        self._owner = None
        for name, value in values.items():
            self._assign(name, value)

    def _assign(self, name, value):
        field = self._field(name)
        if value is None:
            return
        if field.is_repeated:
            if field.message:
                for item in value:
                    if isinstance(item, dict):
                        getattr(self, name).add(**item)
                    else:
                        getattr(self, name).append(item)
            else:
                getattr(self, name).extend(value)
        elif field.message:
            part = getattr(self, name)
            part._touch()
            if isinstance(value, dict):
                for key, inner in value.items():
                    part._assign(key, inner)
            else:
                part.CopyFrom(value)
        else:
            setattr(self, name, value)

    @classmethod
    def _field(cls, name):
        try:
            return cls.DESCRIPTOR.fields_by_name[name]
        except KeyError:
            raise ValueError(f'Protocol message {cls.__name__} has no "{name}" field.') from None

    def __setattr__(self, name, value):
        if name not in Message.__slots__ and name not in self.DESCRIPTOR.fields_by_name:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        object.__setattr__(self, name, value)

    def _touch(self):
        """This part is there from now on."""
        if self._owner is None:
            return
        owner, field = self._owner
        self._owner = None
        owner._ghosts.pop(field.name, None)
        owner._drop_rivals(field)
        owner._values[field.name] = self
        owner._touch()

    def _drop_rivals(self, field):
        for name in field.rivals:
            if name != field.name:
                self._values.pop(name, None)

    # What is there

    def HasField(self, name):
        oneof = self.DESCRIPTOR.oneofs_by_name.get(name)
        if oneof:
            return self.WhichOneof(name) is not None
        if self._field(name).is_repeated:
            raise ValueError(f'Protocol message {type(self).__name__} has no singular "{name}" field.')
        return name in self._values

    def WhichOneof(self, name):
        try:
            names = self.DESCRIPTOR.oneofs_by_name[name]
        except KeyError:
            raise ValueError(f"Protocol message has no oneof {name!r} field.") from None
        return next((item for item in names if item in self._values), None)

    def ListFields(self):
        found = []
        for field in self.DESCRIPTOR.fields:
            value = self._values.get(field.name)
            if value is not None and not (field.is_repeated and not value):
                found.append((field, getattr(self, field.name)))
        return found

    def IsInitialized(self):
        return True

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        mine, others = self.ListFields(), other.ListFields()
        return len(mine) == len(others) and all(a is b and _same(a, x, y) for (a, x), (b, y) in zip(mine, others))

    # Changing

    def Clear(self):
        self._touch()
        self._values.clear()
        self._ghosts = None

    def ClearField(self, name):
        for item in self.DESCRIPTOR.oneofs_by_name.get(name, (name,)):
            self._field(item)
            self._values.pop(item, None)
            if self._ghosts:
                self._ghosts.pop(item, None)
        self._touch()

    def SetInParent(self):
        self._touch()

    def CopyFrom(self, other):
        if other is self:
            return
        self._require_same(other, "CopyFrom")
        self.Clear()
        self.MergeFrom(other)

    def MergeFrom(self, other):
        self._require_same(other, "MergeFrom")
        self._touch()
        for field in self.DESCRIPTOR.fields:
            value = other._values.get(field.name)
            if value is None:
                continue
            if field.is_repeated:
                if not value:
                    continue
                mine = getattr(self, field.name)
                # What is in a list already has been checked.
                list.extend(mine, [mine._own(item) for item in value] if field.message else value)
            elif field.message:
                part = getattr(self, field.name)
                part._touch()
                part.MergeFrom(value)
            else:
                self._drop_rivals(field)
                self._values[field.name] = value

    def _require_same(self, other, what):
        if type(other) is not type(self):
            raise TypeError(
                f"Parameter to {what}() must be instance of same class: expected onnx.{type(self).__name__} got {type(other).__name__}."
            )

    # Bytes

    @classmethod
    def FromString(cls, data):
        made = cls()
        made.MergeFromString(data)
        return made

    def ParseFromString(self, data):
        self.Clear()
        return self.MergeFromString(data)

    def MergeFromString(self, data):
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"expected bytes, {type(data).__name__} found")
        # Messages keep views of this: numbers are not copied before they are asked for.
        store = data if isinstance(data, memoryview) and isinstance(data.obj, array.array) else memoryview(array.array("B", bytes(data)))
        try:
            text = checked(_core.onnx_read_message(self._wire_name, store.obj.buffer_info()[0], len(store)), "")
        except FileFormatError as error:
            raise DecodeError(f"Error parsing message with type 'onnx.{self._wire_name}': {error}") from None
        self._touch()
        self._fill(json.loads(text), store)
        return len(store)

    def _fill(self, plain, store):
        """Take over what was read; `store` is where bytes lie."""
        numbers, values = self._numbers, self._values
        for at in range(0, len(plain), 2):
            field, value = numbers[str(plain[at])], plain[at + 1]
            if field.is_repeated:
                held = getattr(self, field.name)
                if field.message:
                    for item in value:
                        made = field.message()
                        made._fill(item, store)
                        list.append(held, made)
                elif field.type == "bytes":
                    list.extend(held, [bytes(store[start : start + length]) for start, length in value])
                else:
                    list.extend(held, map(float, value) if field.type in ("float", "double") else value)
            elif field.message:
                known = values.get(field.name)
                if known is None:
                    self._drop_rivals(field)
                    known = values[field.name] = field.message()
                known._fill(value, store)
            else:
                self._drop_rivals(field)
                if field.type == "bytes":
                    start, length = value
                    values[field.name] = store[start : start + length]
                else:
                    values[field.name] = float(value) if field.type in ("float", "double") else value

    def SerializeToString(self, deterministic=None):
        from torch._files import _created

        with _created(-1, 0) as target:
            self._write(target)
            data = array.array("B", bytes(_core.file_length(target)))
            _core.file_take(target, data.buffer_info()[0])
            return data.tobytes()

    SerializePartialToString = SerializeToString

    def _write(self, target):
        """Into a file that is open in the runtime."""
        from torch._files import _created

        with _created(-1, 0) as pieces:
            n = [0]

            def place(data):
                write_bytes(pieces, data)
                n[0] += 1
                return n[0] - 1

            text = json.dumps(self._plain(place))
            checked(_core.onnx_write_message(self._wire_name, text, pieces, target))

    def _plain(self, place):
        found = []
        for field in self.DESCRIPTOR.fields:
            value = self._values.get(field.name)
            if value is None or field.is_repeated and not value:
                continue
            if field.message:
                value = [item._plain(place) for item in value] if field.is_repeated else value._plain(place)
            elif field.type == "bytes":
                value = [place(item) for item in value] if field.is_repeated else place(value)
            elif field.type in ("float", "double"):
                value = [_real(item) for item in value] if field.is_repeated else _real(value)
            else:
                value = list(value) if field.is_repeated else value
            found += (field.number, value)
        return found

    def ByteSize(self):
        return len(self.SerializeToString())

    # Looking

    def __str__(self):
        return _text.text_of(self)

    __repr__ = __str__

    def __copy__(self):
        return self.__deepcopy__(None)

    def __deepcopy__(self, memo):
        made = type(self)()
        made.MergeFrom(self)
        return made

    def __reduce__(self):
        return _rebuilt, (type(self), self.SerializeToString())


def _rebuilt(kind, data):
    return kind.FromString(data)


def _same(field, x, y):
    """A number that is none is the same as another one."""
    if x == y or field.message or field.type not in ("float", "double"):
        return x == y
    pairs = list(zip(x, y)) if field.is_repeated else [(x, y)]
    return (not field.is_repeated or len(x) == len(y)) and all(a == b or a != a and b != b for a, b in pairs)


def _real(value):
    """JSON of the runtime has no infinities."""
    return value if value - value == 0 else str(value)


def _property(field):
    """How a message shows one field."""
    name, kind = field.name, field.type

    if field.is_repeated:

        def get(self):
            held = self._values.get(name)
            if held is None:
                held = self._values[name] = (RepeatedMessage if field.message else RepeatedScalar)(self, field)
            return held

    elif field.message:

        def get(self):
            part = self._values.get(name)
            if part is not None:
                return part
            if self._ghosts is None:
                self._ghosts = {}
            part = self._ghosts.get(name)
            if part is None:
                part = self._ghosts[name] = field.message()
                part._owner = (self, field)
            return part

    else:
        default = _DEFAULTS[kind]

        def get(self):
            value = self._values.get(name, default)
            return value.tobytes() if type(value) is memoryview else value

    def set(self, value):
        if field.is_repeated or field.message:
            raise AttributeError(f'Assignment not allowed to message, map, or repeated field "{name}" in protocol message object.')
        if isinstance(value, str) and field.enum is not None:
            value = field.enum.Value(value)
        value = scalar(kind, value, f"{type(self).__name__}.{name}")
        self._drop_rivals(field)
        self._values[name] = value
        if self._owner is not None:
            self._touch()

    return property(get, set)


def define(tables, oneofs):
    """The classes of these messages, by name; those with a dot in their names are attributes of others too."""
    classes = {}
    for name, rows in tables.items():
        fields = [Field(name, *row) for row in rows]
        groups = oneofs.get(name, {})
        for field in fields:
            field.rivals = next((names for names in groups.values() if field.name in names), ())
        members = {"__slots__": (), "__module__": "onnx", "DESCRIPTOR": Descriptor(name, fields, groups)}
        members["_wire_name"] = name
        members["_numbers"] = {str(field.number): field for field in fields}
        members.update({f"{field.name.upper()}_FIELD_NUMBER": field.number for field in fields})
        classes[name] = type(name.rpartition(".")[2], (Message,), members)
    for kind in classes.values():
        for field in kind.DESCRIPTOR.fields:
            field.message = classes.get(field.type)
            setattr(kind, field.name, _property(field))
    for name, kind in classes.items():
        outer, _, inner = name.rpartition(".")
        if outer:
            setattr(classes[outer], inner, kind)
    return classes
