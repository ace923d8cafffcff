"""Exif data: what a camera wrote beside a picture, by the numbers of its tags. Reads and writes the plain kinds of values; what
lies outside of the data is left out."""

import struct
from collections.abc import MutableMapping
from fractions import Fraction

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
_HEAD = b"Exif\x00\x00"
_SUB_IFDS = (0x8769, 0x8825, 0xA005)


class IFDRational(Fraction):
    """A share that may have 0 below: then it is no number."""

    def __new__(cls, value, denominator=1):
        return super().__new__(cls, value, denominator) if denominator else float("nan")

    def __repr__(self):
        return repr(float(self))

    __str__ = __repr__


class Exif(MutableMapping):
    """{number of a tag: value}"""

    endian = "<"

    def __init__(self):
        self._tags = {}
        self._ifds = {}
        self._data = b""

    def load(self, data):
        self._tags, self._ifds = {}, {}
        while data.startswith(_HEAD):
            data = data[len(_HEAD) :]
        self._data = data
        if data[:2] not in (b"II", b"MM") or len(data) < 8:
            return
        self.endian = "<" if data[:2] == b"II" else ">"
        self._tags = self._read(struct.unpack(f"{self.endian}I", data[4:8])[0])

    def _read(self, at):
        data, found = self._data, {}
        if at + 2 > len(data):
            return found
        (count,) = struct.unpack_from(f"{self.endian}H", data, at)
        for index in range(count):
            place = at + 2 + 12 * index
            if place + 12 > len(data):
                break
            tag, kind, n = struct.unpack_from(f"{self.endian}HHI", data, place)
            size = _SIZES.get(kind, 0) * n
            start = place + 8 if size <= 4 else struct.unpack_from(f"{self.endian}I", data, place + 8)[0]
            raw = data[start : start + size]
            if kind in _SIZES and len(raw) == size:
                found[tag] = self._value(kind, n, raw)
        return found

    def _value(self, kind, n, raw):
        if kind == 2:
            return raw.split(b"\0", 1)[0].decode("latin-1")
        if kind == 7:
            return raw
        if kind in (5, 10):
            pairs = struct.unpack(f"{self.endian}{2 * n}{'I' if kind == 5 else 'i'}", raw)
            values = tuple(IFDRational(pairs[2 * i], pairs[2 * i + 1]) for i in range(n))
        else:
            values = struct.unpack(f"{self.endian}{n}{_CODES[kind]}", raw)
        if kind == 1:
            return bytes(values)
        return values[0] if n == 1 else values

    def get_ifd(self, tag):
        if tag not in self._ifds:
            at = self._tags.get(tag)
            self._ifds[tag] = self._read(at) if isinstance(at, int) and self._data else {}
        return self._ifds[tag]

    def tobytes(self, offset=8):
        body = self._written(self._tags, 8)
        head = b"II\x2a\x00" if self.endian == "<" else b"MM\x00\x2a"
        return _HEAD + head + struct.pack(f"{self.endian}I", 8) + body

    def _written(self, tags, start):
        end = self.endian
        plain = {tag: value for tag, value in sorted(tags.items())}
        rows, rest = b"", b""
        after = start + 2 + 12 * len(plain) + 4
        for tag, value in plain.items():
            if tag in _SUB_IFDS:
                place = after + len(rest)
                rest += self._written(self.get_ifd(tag), place)
                rows += struct.pack(f"{end}HHII", tag, 4, 1, place)
                continue
            kind, n, raw = self._packed(value)
            if len(raw) <= 4:
                rows += struct.pack(f"{end}HHI", tag, kind, n) + raw.ljust(4, b"\0")
            else:
                rows += struct.pack(f"{end}HHII", tag, kind, n, after + len(rest))
                rest += raw + b"\0" * (len(raw) % 2)
        return struct.pack(f"{end}H", len(plain)) + rows + struct.pack(f"{end}I", 0) + rest

    def _packed(self, value):
        end = self.endian
        if isinstance(value, str):
            raw = value.encode("latin-1", "replace") + b"\0"
            return 2, len(raw), raw
        if isinstance(value, bytes):
            return 7, len(value), value
        values = value if isinstance(value, (tuple, list)) else (value,)
        if all(isinstance(v, int) for v in values):
            signed = any(v < 0 for v in values)
            kind = 9 if signed else 3 if all(v < 65536 for v in values) else 4
            return kind, len(values), struct.pack(f"{end}{len(values)}{_CODES[kind]}", *values)
        pairs = [Fraction(v).limit_denominator(1 << 20) for v in values]
        raw = b"".join(struct.pack(f"{end}ii", v.numerator, v.denominator) for v in pairs)
        signed = any(v < 0 for v in pairs)
        return 10 if signed else 5, len(pairs), raw

    def __getitem__(self, tag):
        return self._tags[tag]

    def __setitem__(self, tag, value):
        self._tags[tag] = value

    def __delitem__(self, tag):
        del self._tags[tag]
        self._ifds.pop(tag, None)

    def __contains__(self, tag):
        return tag in self._tags

    def __iter__(self):
        return iter(self._tags)

    def __len__(self):
        return len(self._tags)

    def __str__(self):
        return str(self._tags)
