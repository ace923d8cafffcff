"""Pixels as bytes in other orders, and the bytes of one colour. Knows no images."""

import array

from PIL import _pixels
from PIL._pixels import MODES

# (mode, order of the bytes outside): how they are put in order inside, and the other way round.
RAW_MODES = {
    ("RGB", "BGR"): ("210", "210"), ("RGB", "RGBX"): ("012", "012z"), ("RGB", "BGRX"): ("210", "210z"), ("RGB", "L"): ("000", None),
    ("RGBA", "BGRA"): ("2103", "2103"), ("RGBA", "ARGB"): ("1230", "3012"), ("RGBA", "ABGR"): ("3210", "3210"),
    ("RGBA", "RGB"): ("012f", "012"),
}


def from_raw(data, mode, size, rawmode, stride=0, orientation=1):
    known = MODES[mode]
    n = size[0] * size[1]
    order = None if rawmode == mode else RAW_MODES.get((mode, rawmode))
    bits = mode == "1" and rawmode in ("1", "1;I")
    if rawmode != mode and order is None and rawmode not in ("1;8", "1;I"):
        raise NotImplementedError(f"pixels of {mode} from {rawmode!r} are not available in Layerwise's PIL")
    in_bytes = known.pixel_bytes if order is None else len(rawmode)
    row = (size[0] + 7) // 8 if bits else size[0] * in_bytes
    if stride and stride != row:
        data = b"".join(data[y * stride : y * stride + row] for y in range(size[1]))
    if orientation == -1:
        data = b"".join(data[y * row : (y + 1) * row] for y in range(size[1] - 1, -1, -1))
    if len(data) < row * size[1]:
        raise ValueError("not enough image data")
    if len(data) > row * size[1]:
        raise ValueError("cannot decode image data") if not stride else None
    if bits:
        return _pixels.unpacked_bits(data, *size, rawmode == "1;I")
    if rawmode == "1;8":
        return _pixels.of(data.translate(bytes([0] + [255] * 255)))
    return _pixels.of(data) if order is None else _pixels.picked(_pixels.of(data), n, in_bytes, order[0])


def ink(value, mode):
    """The bytes of a pixel of this colour."""
    known = MODES[mode]
    if isinstance(value, str):
        from PIL import ImageColor

        value = ImageColor.getcolor(value, mode)
    if known.letter != "B":
        number = value[0] if isinstance(value, (tuple, list)) else value
        return array.array(known.letter, [number if known.letter == "f" else int(number)]).tobytes()
    if isinstance(value, (tuple, list)):
        if known.channels == 1:
            if len(value) != 1:
                raise TypeError("color must be int or single-element tuple")
            value = value[0]
        else:
            if len(value) == 3 and known.channels == 4:
                value = (*value, 255)
            elif len(value) == 1:
                value = (*value, *(0,) * (known.channels - 2), 255) if known.channels > 2 else (*value, 255)
            if len(value) != known.channels and not (known.channels == 3 and len(value) == 4):
                names = {2: "int, or tuple of one or two elements"}.get(known.channels, "int, or tuple of one, three or four elements")
                raise TypeError(f"color must be {names}")
            return bytes(min(255, max(0, int(v))) for v in value[: known.channels])
    value = int(value)
    if known.channels == 1:
        if mode == "1":
            return b"\xff" if value else b"\0"
        return bytes([min(255, max(0, value))])
    if known.channels == 2:
        return bytes([value & 255, (value >> 8) & 255])
    return bytes((value >> 8 * c) & 255 for c in range(known.channels))


class PixelAccess:
    """Single pixels by [x, y]."""

    def __init__(self, image):
        self._image = image

    def __getitem__(self, xy):
        return self._image.getpixel(xy)

    def __setitem__(self, xy, value):
        self._image.putpixel(xy, value)
