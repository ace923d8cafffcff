"""PIL.Image: pictures in memory, opened from files, converted, resized, turned and saved. Pixels are those of Pillow; what needs
a drawing library or chooses palettes is refused by name."""

import array
import builtins
import io
import math
import os
import sys
import warnings
from enum import IntEnum

from PIL import UnidentifiedImageError, __version__, _pixels, refusing
from PIL._pixels import MODES, blank


class Transpose(IntEnum):
    FLIP_LEFT_RIGHT = 0
    FLIP_TOP_BOTTOM = 1
    ROTATE_90 = 2
    ROTATE_180 = 3
    ROTATE_270 = 4
    TRANSPOSE = 5
    TRANSVERSE = 6


class Transform(IntEnum):
    AFFINE = 0
    EXTENT = 1
    PERSPECTIVE = 2
    QUAD = 3
    MESH = 4


class Resampling(IntEnum):
    NEAREST = 0
    LANCZOS = 1
    BILINEAR = 2
    BICUBIC = 3
    BOX = 4
    HAMMING = 5


class Dither(IntEnum):
    NONE = 0
    ORDERED = 1
    RASTERIZE = 2
    FLOYDSTEINBERG = 3


class Palette(IntEnum):
    WEB = 0
    ADAPTIVE = 1


class Quantize(IntEnum):
    MEDIANCUT = 0
    MAXCOVERAGE = 1
    FASTOCTREE = 2
    LIBIMAGEQUANT = 3


for _group in (Transpose, Transform, Resampling, Dither, Palette, Quantize):
    globals().update({member.name: member for member in _group})

MAX_IMAGE_PIXELS = int(1024 * 1024 * 1024 // 4 // 3)


class DecompressionBombWarning(RuntimeWarning):
    """More pixels than a picture is expected to have."""


class DecompressionBombError(Exception):
    """More pixels than are read."""


def _mode(name):
    try:
        return MODES[name]
    except (KeyError, TypeError):
        raise ValueError("unrecognized image mode") from None


def getmodebase(mode):
    return _key(mode).base


def getmodetype(mode):
    return _key(mode).type


def getmodebandnames(mode):
    return _key(mode).bands


def getmodebands(mode):
    return len(_key(mode).bands)


def _key(mode):
    if mode not in MODES:
        raise KeyError(mode)
    return MODES[mode]


class Image:
    """A picture: `size`, `mode`, `info` and pixels."""

    format = None
    format_description = None
    is_animated = False
    n_frames = 1

    def __init__(self):
        self.info = {}
        self.palette = None
        self._exif = None
        self._mode = ""
        self._size = (0, 0)
        self._pixels = blank(0)

    # What it is

    @property
    def mode(self):
        return self._mode

    @property
    def size(self):
        return self._size

    @property
    def width(self):
        return self._size[0]

    @property
    def height(self):
        return self._size[1]

    @property
    def readonly(self):
        return 0

    @property
    def _data(self):
        """The pixels, read first where they are still in a file."""
        if self._pixels is None:
            self.load()
        return self._pixels

    @property
    def has_transparency_data(self):
        if self.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in self.info:
            return True
        return self.mode == "P" and self.palette.mode.endswith("A")

    def getbands(self):
        return MODES[self._mode].bands

    def _with(self, data, size=None, mode=None):
        """Another image with the same information about it."""
        made = Image()
        made._pixels = data
        made._mode = mode or self._mode
        made._size = size or self._size
        made.info = self.info.copy()
        if made._mode in ("P", "PA"):
            made.palette = self.palette.copy() if self.palette else _no_colours()
        return made

    def __eq__(self, other):
        if type(self) is not type(other):
            return False
        mine, others = self._data, other._data
        same_palette = (self.palette and self.palette.getdata()) == (other.palette and other.palette.getdata())
        return self.mode == other.mode and self.size == other.size and self.info == other.info and same_palette and mine == others

    __hash__ = None

    def __repr__(self):
        kind = type(self)
        return (
            f"<{kind.__module__}.{kind.__name__} image mode={self.mode} size={self.size[0]}x{self.size[1]} at 0x{id(self):X}>"
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def close(self):
        self._pixels = None
        self._size_at_close = self._size

    def __copy__(self):
        return self.copy()

    def __getstate__(self):
        palette = self.palette.getdata() if self.palette else None
        return [self.info, self.mode, self.size, palette, bytes(self._data)]

    def __setstate__(self, state):
        from PIL.ImagePalette import ImagePalette

        Image.__init__(self)
        self.info, self._mode, self._size, palette, data = state
        self.palette = ImagePalette(*palette) if palette else None
        self._pixels = _pixels.of(data)

    @property
    def __array_interface__(self):
        mode = MODES[self._mode]
        shape = (self.height, self.width) + ((mode.channels,) if mode.channels > 1 else ())
        data = _pixels.of(bytes(self._data).translate(_TO_BOOL)) if self._mode == "1" else self._data
        return {"shape": shape, "typestr": mode.typestr, "version": 3, "data": data}

    def load(self):
        if self._pixels is None:
            raise ValueError("Operation on closed image")
        return PixelAccess(self)

    def verify(self):
        pass

    def seek(self, frame):
        if frame != 0:
            raise EOFError("no more images in file")

    def tell(self):
        return 0

    def draft(self, mode, size):
        return None

    def copy(self):
        return self._with(self._data[:])

    # Values

    def tobytes(self, encoder_name="raw", *args):
        if encoder_name != "raw":
            raise NotImplementedError(f"Image.tobytes({encoder_name!r}) is not available in Layerwise's PIL: expected 'raw'")
        args = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
        rawmode = args[0] if args and args[0] else self._mode
        data = self._data
        if rawmode == self._mode:
            return _pixels.packed_bits(data, *self._size) if self._mode == "1" else data.tobytes()
        order = _RAW_MODES.get((self._mode, rawmode))
        if order is None:
            raise NotImplementedError(f"Image.tobytes of {self._mode} as {rawmode!r} is not available in Layerwise's PIL")
        return _pixels.picked(data, self.width * self.height, MODES[self._mode].pixel_bytes, order[1]).tobytes()

    def frombytes(self, data, decoder_name="raw", *args):
        if decoder_name != "raw":
            raise NotImplementedError(f"Image.frombytes({decoder_name!r}) is not available in Layerwise's PIL: expected 'raw'")
        args = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
        rawmode = args[0] if args and args[0] else self._mode
        self._pixels = _from_raw(bytes(data), self._mode, self._size, rawmode)

    def _index(self, xy):
        x, y = (int(v) for v in xy)
        x, y = (x + self.width if x < 0 else x), (y + self.height if y < 0 else y)
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise IndexError("image index out of range")
        return y * self.width + x

    def _values(self):
        """The channels' numbers, one after another."""
        letter = MODES[self._mode].letter
        data = self._data
        if letter == "B":
            return data
        out = array.array(letter)
        out.frombytes(data.tobytes())
        return out

    def getpixel(self, xy):
        mode = MODES[self._mode]
        at = self._index(xy)
        one = array.array(mode.letter)
        one.frombytes(self._data[at * mode.pixel_bytes : (at + 1) * mode.pixel_bytes].tobytes())
        return one[0] if mode.channels == 1 else tuple(one)

    def putpixel(self, xy, value):
        if self._mode in ("P", "PA") and isinstance(value, (list, tuple)) and len(value) in (3, 4):
            value = self.palette.getcolor(tuple(value), self)
        at = self._index(xy)
        ink = _ink(value, self._mode)
        self._data[at * len(ink) : (at + 1) * len(ink)] = _pixels.of(ink)

    def getdata(self, band=None):
        if band is not None:
            return self.getchannel(band).getdata()
        values = self._values()
        channels = MODES[self._mode].channels
        return values.tolist() if channels == 1 else list(zip(*(values[c::channels] for c in range(channels))))

    def get_flattened_data(self, band=None):
        return tuple(self.getdata(band))

    def putdata(self, data, scale=1.0, offset=0.0):
        mode = MODES[self._mode]
        out = bytearray()
        for value in data:
            if mode.channels == 1 and (scale != 1.0 or offset):
                value = value * scale + offset
            if mode.channels == 1 and mode.letter != "f":
                value = int(value) if not isinstance(value, tuple) else value
            if mode.letter == "B" and mode.channels == 1 and not isinstance(value, tuple):
                value = min(255, max(0, value))
            out += _ink(value, self._mode)
        if len(out) > len(self._data):
            raise TypeError("too many data entries")
        self._data[: len(out)] = _pixels.of(out)

    def getextrema(self):
        mode = MODES[self._mode]
        n = self.width * self.height
        found = []
        for c in range(mode.channels):
            least, most = _pixels.call("image_extremes", mode.letter, self._data, n, mode.channels, c).split(" ")
            kind = float if mode.letter == "f" else int
            found.append((kind(float(least)), kind(float(most))))
        return found[0] if mode.channels == 1 else tuple(found)

    def getbbox(self, *, alpha_only=True):
        mode = MODES[self._mode]
        which = "".join(map(str, range(mode.pixel_bytes)))
        if alpha_only and self._mode in ("RGBA", "LA", "PA", "RGBa", "La"):
            which = which[-1]
        box = _pixels.call("image_box", self._data, *self._size, mode.pixel_bytes, which)
        return tuple(map(int, box.split(" "))) if box else None

    def getcolors(self, maxcolors=256):
        counts = {}
        for value in self.getdata():
            counts[value] = counts.get(value, 0) + 1
            if len(counts) > maxcolors:
                return None
        return [(count, value) for value, count in sorted(counts.items())]

    def histogram(self, mask=None, extrema=None):
        mode = MODES[self._mode]
        if mode.letter != "B":
            raise NotImplementedError(f"Image.histogram of mode {self._mode} is not available in Layerwise's PIL")
        out = array.array("i", bytes(4 * 256 * mode.channels))
        masked = 0
        if mask is not None:
            if mask.size != self.size or mask.mode not in ("1", "L"):
                raise ValueError("mask size does not match image size")
            masked = mask._data
        _pixels.call("image_histogram", self._data, len(self._data), mode.channels, masked, out)
        return out.tolist()

    def entropy(self, mask=None, extrema=None):
        counts = self.histogram(mask)
        total = sum(counts)
        return -sum(n / total * math.log2(n / total) for n in counts if n)

    # Channels and modes

    def convert(self, mode=None, matrix=None, dither=None, palette=Palette.WEB, colors=256):
        from PIL._convert import convert

        self._data
        return convert(self, mode, matrix, Dither.FLOYDSTEINBERG if dither is None else dither)

    def split(self):
        return tuple(self.getchannel(c) for c in range(MODES[self._mode].channels)) if len(self.getbands()) > 1 else (self.copy(),)

    def getchannel(self, channel):
        mode = MODES[self._mode]
        if isinstance(channel, str):
            if channel not in mode.bands:
                raise ValueError(f'The image has no channel "{channel}"')
            channel = mode.bands.index(channel)
        if not 0 <= channel < mode.channels:
            raise ValueError("band index out of range")
        if mode.channels == 1:
            return self.copy()
        return self._with(_pixels.picked(self._data, self.width * self.height, mode.channels, str(channel)), mode="L")

    def putalpha(self, alpha):
        n = self.width * self.height
        if self._mode not in ("LA", "PA", "RGBA"):
            target = {"1": "LA", "L": "LA", "I": "LA", "F": "LA", "P": "PA"}.get(self._mode, "RGBA")
            made = self.convert(target)
            self._pixels, self._mode, self.palette = made._pixels, target, made.palette
        mode = MODES[self._mode]
        if isinstance(alpha, Image):
            if alpha.mode not in ("1", "L"):
                raise ValueError("illegal image mode")
            if alpha.size != self.size:
                raise ValueError("images do not match")
            band = alpha._data
        else:
            band = _pixels.of(bytes([alpha]) * n)
        _pixels.call("image_place", band, n, self._data, mode.channels, mode.channels - 1)

    def getpalette(self, rawmode="RGB"):
        if self.palette is None:
            return None
        if rawmode in (None, self.palette.mode):
            return list(self.palette.palette)
        if rawmode == "RGB":
            count = len(self.palette.palette) // len(self.palette.mode)
            return list(self.palette.rgb()[: 3 * count])
        raise NotImplementedError(f"Image.getpalette({rawmode!r}) is not available in Layerwise's PIL")

    def putpalette(self, data, rawmode="RGB"):
        from PIL.ImagePalette import ImagePalette

        if self._mode not in ("L", "LA", "P", "PA"):
            raise ValueError("illegal image mode")
        if isinstance(data, ImagePalette):
            self.palette = data.copy()
        elif rawmode in ("RGB", "RGBA"):
            self.palette = ImagePalette(rawmode, bytes(data))
        else:
            raise ValueError("unrecognized raw mode")
        self._data
        self._mode = "PA" if "A" in self._mode else "P"

    def apply_transparency(self):
        if self._mode != "P" or "transparency" not in self.info:
            return
        from PIL.ImagePalette import ImagePalette

        rgba = self.convert("RGBA")
        entries = bytearray()
        transparency = self.info.pop("transparency")
        rgb = self.getpalette()
        for index in range(len(rgb) // 3):
            hidden = transparency[index] if isinstance(transparency, bytes) and index < len(transparency) else 255
            entries += bytes(rgb[3 * index : 3 * index + 3]) + bytes([0 if transparency == index else hidden])
        self.palette = ImagePalette("RGBA", entries)
        del rgba

    def point(self, lut, mode=None):
        from PIL._geometry import point

        return point(self, lut, mode)

    def filter(self, filter):
        from PIL.ImageFilter import applied

        return applied(self, filter)

    # Places

    def crop(self, box=None):
        if box is None:
            return self.copy()
        if box[2] < box[0]:
            raise ValueError("Coordinate 'right' is less than 'left'")
        if box[3] < box[1]:
            raise ValueError("Coordinate 'lower' is less than 'upper'")
        box = tuple(round(v) for v in box)
        size = (box[2] - box[0], box[3] - box[1])
        _check_bomb(size)
        return self._with(_pixels.cropped(self._data, self._size, MODES[self._mode].pixel_bytes, box), size)

    def paste(self, im, box=None, mask=None):
        from PIL._geometry import paste

        paste(self, im, box, mask)

    def alpha_composite(self, im, dest=(0, 0), source=(0, 0)):
        if len(source) not in (2, 4) or len(dest) != 2:
            raise ValueError("Source must be a sequence of length 2 or 4, destination of length 2")
        if min(source) < 0:
            raise ValueError("Source must be non-negative")
        box = tuple(source) + (im.size if len(source) == 2 else ())
        overlay = im if box == (0, 0) + im.size else im.crop(box)
        place = tuple(dest) + (dest[0] + overlay.width, dest[1] + overlay.height)
        below = self if place == (0, 0) + self.size else self.crop(place)
        self.paste(alpha_composite(below, overlay), place)

    def resize(self, size, resample=None, box=None, reducing_gap=None):
        from PIL._geometry import resize

        return resize(self, size, resample, box, reducing_gap)

    def reduce(self, factor, box=None):
        from PIL._geometry import reduce

        return reduce(self, factor, box)

    def thumbnail(self, size, resample=Resampling.BICUBIC, reducing_gap=2.0):
        from PIL._geometry import thumbnail

        thumbnail(self, size, resample, reducing_gap)

    def rotate(self, angle, resample=Resampling.NEAREST, expand=False, center=None, translate=None, fillcolor=None):
        from PIL._geometry import rotate

        return rotate(self, angle, resample, expand, center, translate, fillcolor)

    def transform(self, size, method, data=None, resample=Resampling.NEAREST, fill=1, fillcolor=None):
        from PIL._geometry import transform

        return transform(self, size, method, data, resample, fill, fillcolor)

    def transpose(self, method):
        out = blank(len(self._data))
        if not 0 <= method <= 6:
            raise ValueError("No such transpose operation")
        _pixels.call("image_transpose", self._data, *self._size, MODES[self._mode].pixel_bytes, int(method), out)
        return self._with(out, self._size[::-1] if method in (2, 4, 5, 6) else self._size)

    # Files

    def getexif(self):
        if self._exif is None:
            self._exif = Exif()
            if self.info.get("exif"):
                self._exif.load(self.info["exif"])
        return self._exif

    def save(self, fp, format=None, **params):
        from PIL._formats import save

        save(self, fp, format, params)

    def _repr_png_(self):
        out = io.BytesIO()
        self.save(out, "PNG")
        return out.getvalue()

    def _refused(name):
        def refused(self, *args, **kwargs):
            raise NotImplementedError(f"Image.{name} is not available in Layerwise's PIL, which reads, converts and resizes pictures")

        return refused

    for _name in ("show", "quantize", "remap_palette", "effect_spread", "tobitmap", "toqimage", "toqpixmap", "getprojection", "getxmp"):
        locals()[_name] = _refused(_name)
    del _name, _refused


_TO_BOOL = bytes([0] + [1] * 255)


class PixelAccess:
    """Single pixels by [x, y]."""

    def __init__(self, image):
        self._image = image

    def __getitem__(self, xy):
        return self._image.getpixel(xy)

    def __setitem__(self, xy, value):
        self._image.putpixel(xy, value)


# (mode, order of the bytes outside): how they are put in order inside, and the other way round.
_RAW_MODES = {
    ("RGB", "BGR"): ("210", "210"), ("RGB", "RGBX"): ("012", "012z"), ("RGB", "BGRX"): ("210", "210z"), ("RGB", "L"): ("000", None),
    ("RGBA", "BGRA"): ("2103", "2103"), ("RGBA", "ARGB"): ("1230", "3012"), ("RGBA", "ABGR"): ("3210", "3210"),
    ("RGBA", "RGB"): ("012f", "012"),
}


def _from_raw(data, mode, size, rawmode, stride=0, orientation=1):
    known = MODES[mode]
    n = size[0] * size[1]
    order = None if rawmode == mode else _RAW_MODES.get((mode, rawmode))
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


def _no_colours():
    from PIL.ImagePalette import ImagePalette

    return ImagePalette()


def _ink(value, mode):
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


def _check_size(size):
    if not isinstance(size, (list, tuple)):
        raise ValueError("Size must be a list or tuple")
    if len(size) != 2:
        raise ValueError("Size must be a sequence of length 2")
    if size[0] < 0 or size[1] < 0:
        raise ValueError("Width and height must be >= 0")


def _check_bomb(size):
    if MAX_IMAGE_PIXELS is None:
        return
    pixels = max(1, size[0]) * max(1, size[1])
    if pixels > 2 * MAX_IMAGE_PIXELS:
        raise DecompressionBombError(
            f"Image size ({pixels} pixels) exceeds limit of {2 * MAX_IMAGE_PIXELS} pixels, could be decompression bomb DOS attack."
        )
    if pixels > MAX_IMAGE_PIXELS:
        message = f"Image size ({pixels} pixels) exceeds limit of {MAX_IMAGE_PIXELS} pixels, could be decompression bomb DOS attack."
        warnings.warn(message, DecompressionBombWarning, stacklevel=3)


def _made(mode, size, data):
    made = Image()
    made._mode, made._size, made._pixels = mode, tuple(size), data
    if mode in ("P", "PA"):
        made.palette = _no_colours()
    return made


def new(mode, size, color=0):
    known = _mode(mode)
    _check_size(size)
    size = (int(size[0]), int(size[1]))
    n = size[0] * size[1]
    if color is None or (isinstance(color, int) and color == 0):
        return _made(mode, size, blank(n * known.pixel_bytes))
    made = _made(mode, size, blank(0))
    if mode == "P" and isinstance(color, (list, tuple, str)):
        from PIL import ImageColor

        color = made.palette.getcolor(ImageColor.getrgb(color) if isinstance(color, str) else tuple(color))
    made._pixels = _pixels.of(_ink(color, mode) * n)
    return made


def frombytes(mode, size, data, decoder_name="raw", *args):
    _check_size(size)
    made = new(mode, size)
    if made.width and made.height:
        made.frombytes(data, decoder_name, *args)
    return made


def frombuffer(mode, size, data, decoder_name="raw", *args):
    """A copy, unlike Pillow's: the pixels lie in memory of their own."""
    _check_size(size)
    args = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    rawmode, stride, orientation = (*args, *(mode, 0, 1)[len(args) :])
    if decoder_name != "raw":
        raise NotImplementedError(f"Image.frombuffer({decoder_name!r}) is not available in Layerwise's PIL: expected 'raw'")
    return _made(mode, size, _from_raw(bytes(data), mode, size, rawmode, stride, orientation))


# (channels, NumPy's name of the numbers): the mode, and the name that they are stored under.
_OF_ARRAYS = {
    (1, "bool"): ("1", "uint8"), (1, "uint8"): ("L", "uint8"), (1, "int8"): ("I", "int32"), (1, "uint16"): ("I;16", "uint16"),
    (1, "int16"): ("I", "int32"), (1, "int32"): ("I", "int32"), (1, "uint32"): ("I", "int32"), (1, "float32"): ("F", "float32"),
    (1, "float64"): ("F", "float32"), (2, "uint8"): ("LA", "uint8"), (3, "uint8"): ("RGB", "uint8"), (4, "uint8"): ("RGBA", "uint8"),
}


def fromarray(obj, mode=None):
    import numpy

    found = numpy.asarray(obj)
    shape = tuple(found.shape)
    if len(shape) not in (2, 3):
        raise TypeError(f"Cannot handle this data type: {(1, 1) + shape[2:]}, {found.dtype.str}") if len(shape) > 3 else (
            ValueError(f"Too few dimensions: {len(shape)}")
        )
    channels = shape[2] if len(shape) == 3 else 1
    known = _OF_ARRAYS.get((channels, found.dtype.name))
    if mode is not None and mode in MODES and MODES[mode].channels == channels:
        same = known if known and known[0] == mode else None
        known = same or (mode, {"B": "uint8", "H": "uint16", "i": "int32", "f": "float32"}[MODES[mode].letter])
    if known is None:
        raise TypeError(f"Cannot handle this data type: {(1, 1) + shape[2:]}, {found.dtype.str}")
    name, stored = known
    plain = found if found.dtype.name == stored else found.astype(stored)
    data = _pixels.of(numpy.ascontiguousarray(plain).tobytes())
    if found.dtype.name == "bool":
        data = _pixels.of(bytes(data).translate(bytes([0] + [255] * 255)))
    return _made(name, (shape[1], shape[0]), data)


def open(fp, mode="r", formats=None):
    from PIL._formats import identify

    if mode != "r":
        raise ValueError(f"bad mode {mode!r}")
    if isinstance(fp, io.StringIO):
        raise ValueError("StringIO cannot be used to open an image. Binary data must be used instead.")
    filename = ""
    if isinstance(fp, (str, bytes, os.PathLike)):
        filename = os.fspath(fp)
        with builtins.open(filename, "rb") as file:
            data = file.read()
    else:
        data = fp.read()
    found, why = identify(data, formats)
    if found is None:
        shown = filename if filename else fp
        raise UnidentifiedImageError(f"cannot identify image file {shown!r}{f': {why}' if why else ''}")
    found.filename = filename
    _check_bomb(found.size)
    return found


def merge(mode, bands):
    if getmodebands(mode) != len(bands) or "*" in mode:
        raise ValueError("wrong number of bands")
    for band in bands[1:]:
        if band.mode != getmodetype(mode):
            raise ValueError("mode mismatch")
        if band.size != bands[0].size:
            raise ValueError("size mismatch")
    n = bands[0].width * bands[0].height
    if len(bands) == 1:
        return bands[0].copy()
    out = blank(n * len(bands))
    for c, band in enumerate(bands):
        _pixels.call("image_place", band._data, n, out, len(bands), c)
    return _made(mode, bands[0].size, out)


def _same(im1, im2):
    if im1.mode != im2.mode or im1.size != im2.size:
        raise ValueError("images do not match")


def blend(im1, im2, alpha):
    if MODES[im1.mode].letter != "B" or im1.mode in ("1", "P", "PA"):
        raise ValueError("image has wrong mode")
    _same(im1, im2)
    out = blank(len(im1._data))
    _pixels.call("image_blend", im1._data, im2._data, len(out), float(alpha), out)
    return im1._with(out)


def composite(image1, image2, mask):
    made = image2.copy()
    made.paste(image1, None, mask)
    return made


def alpha_composite(im1, im2):
    if im1.mode not in ("RGBA", "LA"):
        raise ValueError("image has wrong mode")
    _same(im1, im2)
    out = blank(len(im1._data))
    _pixels.call("image_over", im1._data, im2._data, len(out), MODES[im1.mode].channels, out)
    return im1._with(out)


def eval(image, *args):
    return image.point(args[0])


def registered_extensions():
    from PIL._formats import EXTENSIONS

    return dict(EXTENSIONS)


def preinit():
    """All kinds of files are known from the start."""


def init():
    return True


from PIL._exif import Exif  # noqa: E402

__getattr__ = refusing("PIL.Image", "effect_noise effect_mandelbrot linear_gradient radial_gradient register_open register_save "
                                    "register_mime register_extension register_extensions register_decoder register_encoder fromarrow "
                                    "fromqimage fromqpixmap")
