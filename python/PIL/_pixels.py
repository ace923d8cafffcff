"""Pixels in memory and the runtime's arithmetic over them. An image's pixels are one array of bytes, rows of interleaved channels
without gaps; functions that make new ones return such arrays. Knows no images."""

import array

import _core


class Mode:
    """What a pixel is: the names of its channels, Python's letter for their numbers, NumPy's name of it."""

    def __init__(self, name, bands, letter="B", typestr="|u1", base="RGB", type_="L"):
        self.name = name
        self.bands = bands
        self.letter = letter
        self.typestr = typestr
        self.base = base
        self.type = type_
        self.channels = len(bands)
        self.pixel_bytes = len(bands) * {"B": 1, "H": 2, "i": 4, "f": 4}[letter]


MODES = {
    mode.name: mode
    for mode in (
        Mode("1", ("1",), typestr="|b1", base="L"),
        Mode("L", ("L",), base="L"),
        Mode("P", ("P",), base="P"),
        Mode("LA", ("L", "A"), base="L"),
        Mode("La", ("L", "a"), base="L"),
        Mode("PA", ("P", "A")),
        Mode("RGB", ("R", "G", "B")),
        Mode("RGBA", ("R", "G", "B", "A")),
        Mode("RGBX", ("R", "G", "B", "X")),
        Mode("RGBa", ("R", "G", "B", "a")),
        Mode("CMYK", ("C", "M", "Y", "K")),
        Mode("YCbCr", ("Y", "Cb", "Cr")),
        Mode("HSV", ("H", "S", "V")),
        Mode("I", ("I",), "i", "<i4", "L", "I"),
        Mode("F", ("F",), "f", "<f4", "L", "F"),
        Mode("I;16", ("I",), "H", "<u2", "L"),
    )
}

_ERRORS = {"OSError": OSError, "MemoryError": MemoryError, "ValueError": ValueError}
CUT_SHORT = 2


def blank(length):
    return array.array("B", bytes(length))


def of(data):
    """Bytes as pixels; an array is taken as it is."""
    if type(data) is array.array and data.typecode == "B":
        return data
    made = array.array("B")
    made.frombytes(data)
    return made


def address(pixels):
    return pixels.buffer_info()[0]


def call(name, *args):
    """A function of the runtime. Arrays among the arguments are told by their address."""
    passed = [arg.buffer_info()[0] if type(arg) is array.array else arg for arg in args]
    answer = getattr(_core, name)(*passed)
    if answer == 0:
        kind, message = _core.error_type(), _core.error_message()
        raise _ERRORS.get(kind, RuntimeError)(message)
    return answer


def picked(data, n, in_bytes, places):
    """Channels by their places in each source pixel; 'f' is a channel of 255, 'z' one of 0."""
    out = blank(n * len(places))
    call("image_pick", data, n, in_bytes, out, places)
    return out


def converted(name, data, n, in_bytes, out_bytes):
    out = blank(n * out_bytes)
    call("image_convert", name, data, n, in_bytes, out, out_bytes)
    return out


def cast(data, n, letter, out_letter, out_bytes):
    out = blank(n * out_bytes)
    call("image_cast", letter, data, n, out_letter, out)
    return out


def cropped(data, size, pixel_bytes, box):
    """A part, which may lie outside, where all is 0."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    out = blank(width * height * pixel_bytes)
    call("image_copy", data, *size, pixel_bytes, out, width, height, -left, -top)
    return out


def packed_bits(data, width, height):
    """Rows of bytes that are 0 or not, as rows of bits."""
    row_bytes = (width + 7) // 8
    out = bytearray(row_bytes * height)
    raw = bytes(data)
    for y in range(height):
        row = raw[y * width : (y + 1) * width].ljust(row_bytes * 8, b"\0")
        total = bytearray(row_bytes)
        for bit in range(8):
            mask = row[bit::8].translate(_BIT[bit])
            total = bytearray(int.from_bytes(total, "big").__or__(int.from_bytes(mask, "big")).to_bytes(row_bytes, "big"))
        out[y * row_bytes : (y + 1) * row_bytes] = total
    return bytes(out)


def unpacked_bits(data, width, height, inverted=False):
    """Rows of bits as bytes of 0 and 255."""
    row_bytes = (width + 7) // 8
    out = bytearray()
    for y in range(height):
        row = data[y * row_bytes : (y + 1) * row_bytes]
        wide = bytearray(row_bytes * 8)
        for bit in range(8):
            wide[bit::8] = row.translate(_UNBIT[bit])
        out += wide[:width]
    return of(bytes(out).translate(_INVERTED) if inverted else out)


_BIT = [bytes([0] + [128 >> bit] * 255) for bit in range(8)]
_UNBIT = [bytes(255 if value & (128 >> bit) else 0 for value in range(256)) for bit in range(8)]
_INVERTED = bytes(range(255, -1, -1))


def refuse_mode(mode):
    """Arithmetic is of bytes."""
    if MODES[mode].letter != "B":
        raise ValueError("image has wrong mode")
