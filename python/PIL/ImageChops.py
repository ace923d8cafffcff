"""PIL.ImageChops: arithmetic of two pictures, channel by channel."""

from PIL import Image, _pixels
from PIL._pixels import MODES, blank, refuse_mode


def _of(name, image1, image2, scale=1.0, offset=0):
    if image1.mode != image2.mode:
        raise ValueError("images do not match")
    refuse_mode(image1.mode)
    size = (min(image1.width, image2.width), min(image1.height, image2.height))
    one, other = (image if image.size == size else image.crop((0, 0) + size) for image in (image1, image2))
    out = blank(len(one._data))
    _pixels.call("image_chop", name, one._data, other._data, len(out), float(scale), float(offset), out)
    return one._with(out)


def add(image1, image2, scale=1.0, offset=0):
    return _of("add", image1, image2, scale, offset)


def subtract(image1, image2, scale=1.0, offset=0):
    return _of("subtract", image1, image2, scale, offset)


def _two(name):
    def operation(image1, image2):
        return _of(name, image1, image2)

    operation.__name__ = operation.__qualname__ = name
    return operation


add_modulo, subtract_modulo, difference, multiply, screen, lighter, darker = map(
    _two, ("add_modulo", "subtract_modulo", "difference", "multiply", "screen", "lighter", "darker")
)


def invert(image):
    refuse_mode(image.mode)
    return image._with(_pixels.of(bytes(image._data).translate(bytes(range(255, -1, -1)))))


def constant(image, value):
    return Image.new("L", image.size, value)


def duplicate(image):
    return image.copy()


def blend(image1, image2, alpha):
    return Image.blend(image1, image2, alpha)


def composite(image1, image2, mask):
    return Image.composite(image1, image2, mask)


def offset(image, xoffset, yoffset=None):
    """Moved, and in again at the other side."""
    yoffset = xoffset if yoffset is None else yoffset
    width, height = image.size
    if not width or not height:
        return image.copy()
    x, y = xoffset % width, yoffset % height
    out = blank(len(image._data))
    for dx in (x, x - width):
        for dy in (y, y - height):
            _pixels.call("image_copy", image._data, width, height, MODES[image.mode].pixel_bytes, out, width, height, dx, dy)
    return image._with(out)
