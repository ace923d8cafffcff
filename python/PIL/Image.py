"""PIL.Image: pictures in memory, opened from files, converted, resized, turned and saved. Pixels are those of Pillow; what needs
a drawing library or chooses palettes is refused by name."""

import array
import builtins
import contextlib
import io
import math
import os
import warnings
from enum import IntEnum

from PIL import UnidentifiedImageError, __version__, _pixels, refusing
from PIL._pixels import MODES, blank
from PIL._raw import RAW_MODES, PixelAccess, from_raw, ink


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
            made.palette = self.palette.copy() if self.palette else no_colours()
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
        order = RAW_MODES.get((self._mode, rawmode))
        if order is None:
            raise NotImplementedError(f"Image.tobytes of {self._mode} as {rawmode!r} is not available in Layerwise's PIL")
        return _pixels.picked(data, self.width * self.height, MODES[self._mode].pixel_bytes, order[1]).tobytes()

    def frombytes(self, data, decoder_name="raw", *args):
        if decoder_name != "raw":
            raise NotImplementedError(f"Image.frombytes({decoder_name!r}) is not available in Layerwise's PIL: expected 'raw'")
        args = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
        rawmode = args[0] if args and args[0] else self._mode
        self._pixels = from_raw(data.tobytes() if hasattr(data, "tobytes") else bytes(data), self._mode, self._size, rawmode)

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
        one = ink(value, self._mode)
        self._data[at * len(one) : (at + 1) * len(one)] = _pixels.of(one)

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
            out += ink(value, self._mode)
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

    def _refused(name):
        def refused(self, *args, **kwargs):
            raise NotImplementedError(f"Image.{name} is not available in Layerwise's PIL, which reads, converts and resizes pictures")

        return refused

    for _name in ("show", "quantize", "remap_palette", "effect_spread", "tobitmap", "toqimage", "toqpixmap", "getprojection", "getxmp"):
        locals()[_name] = _refused(_name)
    del _name, _refused


_TO_BOOL = bytes([0] + [1] * 255)


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
        # From its beginning, wherever it was left.
        with contextlib.suppress(AttributeError, io.UnsupportedOperation):
            fp.seek(0)
        data = fp.read()
    found, why = identify(data, formats)
    if found is None:
        shown = filename if filename else fp
        raise UnidentifiedImageError(f"cannot identify image file {shown!r}{f': {why}' if why else ''}")
    found.filename = filename
    _check_bomb(found.size)
    return found


def registered_extensions():
    from PIL._formats import EXTENSIONS

    return dict(EXTENSIONS)


def preinit():
    """All kinds of files are known from the start."""


def init():
    return True


# What these stand on is above.
from PIL._exif import Exif  # noqa: E402
from PIL._make import (  # noqa: E402
    alpha_composite, blend, composite, eval, fromarray, frombuffer, frombytes, merge, new, no_colours,
)

__getattr__ = refusing("PIL.Image", "effect_noise effect_mandelbrot linear_gradient radial_gradient register_open register_save "
                                    "register_mime register_extension register_extensions register_decoder register_encoder fromarrow "
                                    "fromqimage fromqpixmap")
