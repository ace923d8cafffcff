"""Pictures made of a colour, of bytes, of arrays and of other pictures: the functions of PIL.Image that open no file."""

from PIL import _pixels
from PIL._pixels import MODES, blank
from PIL._raw import from_raw, ink


def _known(mode):
    if not isinstance(mode, str) or mode not in MODES:
        raise ValueError("unrecognized image mode")
    return MODES[mode]


def check_size(size):
    if not isinstance(size, (list, tuple)):
        raise ValueError("Size must be a list or tuple")
    if len(size) != 2:
        raise ValueError("Size must be a sequence of length 2")
    if size[0] < 0 or size[1] < 0:
        raise ValueError("Width and height must be >= 0")


def no_colours():
    from PIL.ImagePalette import ImagePalette

    return ImagePalette()


def made_of(mode, size, data):
    # The class stands on these functions, as they do on it.
    from PIL.Image import Image

    made = Image()
    made._mode, made._size, made._pixels = mode, tuple(size), data
    if mode in ("P", "PA"):
        made.palette = no_colours()
    return made


def new(mode, size, color=0):
    known = _known(mode)
    check_size(size)
    size = (int(size[0]), int(size[1]))
    n = size[0] * size[1]
    if color is None or (isinstance(color, int) and color == 0):
        return made_of(mode, size, blank(n * known.pixel_bytes))
    made = made_of(mode, size, blank(0))
    if mode == "P" and isinstance(color, (list, tuple, str)):
        from PIL import ImageColor

        color = made.palette.getcolor(ImageColor.getrgb(color) if isinstance(color, str) else tuple(color))
    made._pixels = _pixels.of(ink(color, mode) * n)
    return made


def frombytes(mode, size, data, decoder_name="raw", *args):
    check_size(size)
    made = new(mode, size)
    if made.width and made.height:
        made.frombytes(data, decoder_name, *args)
    return made


def _bytes(data):
    """Of an array too, which lies in memory of its own."""
    return data.tobytes() if hasattr(data, "tobytes") else bytes(data)


def frombuffer(mode, size, data, decoder_name="raw", *args):
    """A copy, unlike Pillow's: the pixels lie in memory of their own."""
    check_size(size)
    args = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    rawmode, stride, orientation = (*args, *(mode, 0, 1)[len(args) :])
    if decoder_name != "raw":
        raise NotImplementedError(f"Image.frombuffer({decoder_name!r}) is not available in Layerwise's PIL: expected 'raw'")
    return made_of(mode, size, from_raw(_bytes(data), mode, size, rawmode, stride, orientation))


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
    return made_of(name, (shape[1], shape[0]), data)


def merge(mode, bands):
    if len(_known(mode).bands) != len(bands):
        raise ValueError("wrong number of bands")
    for band in bands[1:]:
        if band.mode != _known(mode).type:
            raise ValueError("mode mismatch")
        if band.size != bands[0].size:
            raise ValueError("size mismatch")
    n = bands[0].width * bands[0].height
    if len(bands) == 1:
        return bands[0].copy()
    out = blank(n * len(bands))
    for c, band in enumerate(bands):
        _pixels.call("image_place", band._data, n, out, len(bands), c)
    return made_of(mode, bands[0].size, out)


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
