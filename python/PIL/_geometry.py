"""Image.resize, reduce, thumbnail, rotate, transform, paste and point. Knows images, no files."""

import math

from PIL import Image as _image
from PIL import _pixels
from PIL._pixels import MODES, blank

_NEAREST, _BILINEAR, _BICUBIC = 0, 2, 3
_SUPPORT = {1: 3.0, 2: 1.0, 3: 2.0, 4: 0.5, 5: 1.0}
_NAMES = {0: "NEAREST", 1: "LANCZOS", 2: "BILINEAR", 3: "BICUBIC", 4: "BOX", 5: "HAMMING"}


def _listed(numbers):
    names = [f"Image.Resampling.{_NAMES[number]} ({number})" for number in numbers]
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _check_filter(number, allowed):
    if number in allowed:
        return
    message = f"Unknown resampling filter ({number})."
    if number in _NAMES:
        message = f"Image.Resampling.{_NAMES[number]} ({number}) cannot be used."
    raise ValueError(f"{message} Use {_listed(allowed)}")


def resize(image, size, resample, box, reducing_gap):
    if resample is None:
        resample = _BICUBIC
    _check_filter(resample, (0, 1, 2, 3, 4, 5))
    if reducing_gap is not None and reducing_gap < 1.0:
        raise ValueError("reducing_gap must be 1.0 or greater")
    whole = (0, 0) + image.size
    box = whole if box is None else tuple(box)
    size = tuple(int(v) for v in size)
    if image.size == size and box == whole:
        return image.copy()
    if image.mode in ("1", "P"):
        resample = _NEAREST
    if image.mode in ("LA", "RGBA") and resample != _NEAREST:
        return resize(image.convert({"LA": "La", "RGBA": "RGBa"}[image.mode]), size, resample, box, reducing_gap).convert(image.mode)
    if size[0] <= 0 or size[1] <= 0:
        raise ValueError("height and width must be > 0")
    if box[0] < 0 or box[1] < 0:
        raise ValueError("box offset can't be negative")
    if box[2] > image.width or box[3] > image.height:
        raise ValueError("box can't exceed original image size")
    if box[2] - box[0] < 0 or box[3] - box[1] < 0:
        raise ValueError("box can't be empty")
    if reducing_gap and resample != _NEAREST:
        x = int((box[2] - box[0]) / size[0] / reducing_gap) or 1
        y = int((box[3] - box[1]) / size[1] / reducing_gap) or 1
        if x > 1 or y > 1:
            safe = _safe_box(image, size, resample, box)
            image = reduce(image, (x, y), safe)
            box = ((box[0] - safe[0]) / x, (box[1] - safe[1]) / y, (box[2] - safe[0]) / x, (box[3] - safe[1]) / y)
    mode = MODES[image.mode]
    out = blank(size[0] * size[1] * mode.pixel_bytes)
    if resample == _NEAREST:
        _pixels.call("image_nearest", image._data, *image.size, mode.pixel_bytes, out, *size, *map(float, box))
    else:
        place = (mode.letter, image._data, *image.size, mode.channels)
        _pixels.call("image_resample", *place, out, *size, int(resample), *map(float, box))
    return image._with(out, size)


def _safe_box(image, size, resample, box):
    """Whole pixels around the box, as many more as the filter may read."""
    reach = _SUPPORT[resample] - 0.5
    x, y = reach * (box[2] - box[0]) / size[0], reach * (box[3] - box[1]) / size[1]
    low = max(0, int(box[0] - x)), max(0, int(box[1] - y))
    return low + (min(image.width, math.ceil(box[2] + x)), min(image.height, math.ceil(box[3] + y)))


def reduce(image, factor, box):
    x, y = (factor, factor) if isinstance(factor, int) else factor
    whole = (0, 0) + image.size
    box = whole if box is None else tuple(box)
    if (x, y) == (1, 1) and box == whole:
        return image.copy()
    if x < 1 or y < 1:
        raise ValueError("scale must be > 0")
    if image.mode in ("LA", "RGBA"):
        return reduce(image.convert({"LA": "La", "RGBA": "RGBa"}[image.mode]), (x, y), box).convert(image.mode)
    if image.mode in ("P", "1", "I;16"):
        raise ValueError("image has wrong mode")
    if box[0] < 0 or box[1] < 0:
        raise ValueError("box offset can't be negative")
    if box[2] > image.width or box[3] > image.height:
        raise ValueError("box can't exceed original image size")
    if box[2] <= box[0] or box[3] <= box[1]:
        raise ValueError("box can't be empty")
    mode = MODES[image.mode]
    size = (-(-(box[2] - box[0]) // x), -(-(box[3] - box[1]) // y))
    out = blank(size[0] * size[1] * mode.pixel_bytes)
    _pixels.call("image_reduce", mode.letter, image._data, *image.size, mode.channels, out, x, y, *box)
    return image._with(out, size)


def thumbnail(image, size, resample, reducing_gap):
    """In place: no larger than `size`, and as wide to its height as it is."""
    wanted = tuple(map(math.floor, size))
    x, y = wanted
    width, height = image.size
    if x >= width and y >= height:
        return
    aspect = width / height

    def nearest(number, cost):
        return max(min(math.floor(number), math.ceil(number), key=cost), 1)

    if x / y >= aspect:
        x = nearest(y * aspect, lambda n: abs(aspect - n / y))
    else:
        y = nearest(x / aspect, lambda n: 0 if n == 0 else abs(aspect - x / n))
    box = None
    if reducing_gap is not None:
        drafted = image.draft(None, (wanted[0] * reducing_gap, wanted[1] * reducing_gap))
        box = drafted[1] if drafted else None
    if image.size != (x, y):
        made = resize(image, (x, y), resample, box, reducing_gap)
        image._pixels, image._size, image._mode = made._pixels, (x, y), made.mode
    image._data


def rotate(image, angle, resample, expand, center, translate, fillcolor):
    angle = angle % 360.0
    if not (center or translate):
        if angle == 0:
            return image.copy()
        if angle == 180:
            return image.transpose(_image.Transpose.ROTATE_180)
        if angle in (90, 270) and (expand or image.width == image.height):
            return image.transpose(_image.Transpose.ROTATE_90 if angle == 90 else _image.Transpose.ROTATE_270)
    width, height = image.size
    shift = (0, 0) if translate is None else translate
    center = (width / 2, height / 2) if center is None else center
    turn = -math.radians(angle)
    cos, sin = round(math.cos(turn), 15), round(math.sin(turn), 15)
    matrix = [cos, sin, 0.0, -sin if sin else round(-math.sin(turn), 15), cos, 0.0]

    def moved(x, y):
        a, b, c, d, e, f = matrix
        return a * x + b * y + c, d * x + e * y + f

    matrix[2], matrix[5] = moved(-center[0] - shift[0], -center[1] - shift[1])
    matrix[2] += center[0]
    matrix[5] += center[1]
    if expand:
        corners = [moved(x, y) for x, y in ((0, 0), (width, 0), (width, height), (0, height))]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        new_width = math.ceil(max(xs)) - math.floor(min(xs))
        new_height = math.ceil(max(ys)) - math.floor(min(ys))
        matrix[2], matrix[5] = moved(-(new_width - width) / 2.0, -(new_height - height) / 2.0)
        width, height = new_width, new_height
    return transform(image, (width, height), _image.Transform.AFFINE, matrix, resample, 1, fillcolor)


def transform(image, size, method, data, resample, fill, fillcolor):
    if image.mode in ("LA", "RGBA") and resample != _NEAREST:
        multiplied = image.convert({"LA": "La", "RGBA": "RGBa"}[image.mode])
        return transform(multiplied, size, method, data, resample, fill, fillcolor).convert(image.mode)
    if hasattr(method, "getdata"):
        method, data = method.getdata()
    if data is None:
        raise ValueError("missing method data")
    size = tuple(int(v) for v in size)
    made = _image.new(image.mode, size, fillcolor)
    if image.mode == "P" and image.palette:
        made.palette = image.palette.copy()
    made.info = image.info.copy()
    if method == _image.Transform.MESH:
        for box, quad in data:
            _bend(made, box, image, _image.Transform.QUAD, quad, resample)
    else:
        _bend(made, (0, 0) + size, image, method, data, resample)
    return made


def _bend(made, box, image, method, data, resample):
    width, height = box[2] - box[0], box[3] - box[1]
    if method == _image.Transform.AFFINE:
        name, data = "affine", data[:6]
    elif method == _image.Transform.EXTENT:
        x0, y0, x1, y1 = data
        name, data = "affine", ((x1 - x0) / width, 0, x0, 0, (y1 - y0) / height, y0)
    elif method == _image.Transform.PERSPECTIVE:
        name, data = "perspective", data[:8]
    elif method == _image.Transform.QUAD:
        (x0, y0), (sw_x, sw_y), (se_x, se_y), (ne_x, ne_y) = data[0:2], data[2:4], data[4:6], data[6:8]
        across, down = 1.0 / width, 1.0 / height
        name = "quad"
        data = (
            x0, (ne_x - x0) * across, (sw_x - x0) * down, (se_x - sw_x - ne_x + x0) * across * down,
            y0, (ne_y - y0) * across, (sw_y - y0) * down, (se_y - sw_y - ne_y + y0) * across * down,
        )
    else:
        raise ValueError("unknown transformation method")
    _check_filter(resample, (_NEAREST, _BILINEAR, _BICUBIC))
    if image.mode in ("1", "P"):
        resample = _NEAREST
    mode = MODES[image.mode]
    whole = box == (0, 0) + made.size
    target = made if whole else made.crop(box)
    import array

    numbers = array.array("d", map(float, data))
    source = (mode.letter, image._data, *image.size, mode.channels)
    _pixels.call("image_transform", *source, target._data, width, height, name, numbers, len(numbers), int(resample))
    if not whole:
        made.paste(target, tuple(box))


def paste(image, im, box, mask):
    if isinstance(box, _image.Image):
        if mask is not None:
            raise ValueError("If using second argument as mask, third argument must be None")
        box, mask = None, box
    box = (0, 0) if box is None else tuple(box)
    if len(box) == 2:
        size = im.size if isinstance(im, _image.Image) else mask.size if mask is not None else None
        if size is None:
            raise ValueError("cannot determine region size; use 4-item box")
        box += (box[0] + size[0], box[1] + size[1])
    left, top, right, bottom = (int(v) for v in box)
    width, height = right - left, bottom - top
    if isinstance(im, _image.Image):
        if im.size != (width, height):
            raise ValueError("images do not match")
        if im.mode != image.mode:
            im = im.convert(image.mode)
        source = im._data
    else:
        source = _image.new(image.mode, (max(0, width), max(0, height)), im)._data
    pixel_bytes = MODES[image.mode].pixel_bytes
    if mask is not None:
        if mask.size != (width, height):
            raise ValueError("images do not match")
        if mask.mode not in ("1", "L", "LA", "RGBA", "La", "RGBa"):
            raise ValueError("bad transparency mask")
        shares = mask._data if mask.mode in ("1", "L") else mask.getchannel(len(mask.mode) - 1)._data
        under = _pixels.cropped(image._data, image.size, pixel_bytes, (left, top, right, bottom))
        _pixels.call("image_paste_masked", under, source, shares, width * height, pixel_bytes)
        source = under
    _pixels.call("image_copy", source, width, height, pixel_bytes, image._data, *image.size, left, top)


class _Line:
    """scale * value + offset, found by giving a function this in place of a value."""

    def __init__(self, scale, offset):
        self.scale = scale
        self.offset = offset

    def __neg__(self):
        return _Line(-self.scale, -self.offset)

    def __add__(self, other):
        if isinstance(other, _Line):
            return _Line(self.scale + other.scale, self.offset + other.offset)
        return _Line(self.scale, self.offset + other)

    __radd__ = __add__

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return other + -self

    def __mul__(self, other):
        if isinstance(other, _Line):
            return NotImplemented
        return _Line(self.scale * other, self.offset * other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        if isinstance(other, _Line):
            return NotImplemented
        return _Line(self.scale / other, self.offset / other)


def point(image, lut, mode):
    from PIL._pixels import call

    if hasattr(lut, "point") and not callable(lut):
        return lut.point(image)
    known = MODES[image.mode]
    n = image.width * image.height
    if callable(lut):
        if known.letter != "B":
            line = lut(_Line(1, 0))
            line = line if isinstance(line, _Line) else _Line(0, line)
            out = blank(len(image._data))
            call("image_scale", known.letter, image._data, n, float(line.scale), float(line.offset), out)
            return image._with(out)
        lut = [lut(value) for value in range(256)] * known.channels
    lut = list(lut)
    if mode == "F":
        raise ValueError("point operation not supported for this mode")
    if known.letter != "B":
        raise ValueError("point operation not supported for this mode")
    if mode not in (None, image.mode) and not (known.channels == 1 and mode in ("L", "1", "P")):
        raise NotImplementedError(f"Image.point from {image.mode} to {mode} is not available in Layerwise's PIL")
    if len(lut) != 256 * known.channels:
        raise ValueError("wrong number of lut entries")
    table = _pixels.of(bytes(min(255, max(0, round(value) if isinstance(value, float) else int(value))) for value in lut))
    if mode == "1":
        table = _pixels.of(bytes(table).translate(bytes([0] + [255] * 255)))
    out = blank(len(image._data))
    call("image_tables", image._data, len(out), known.channels, table, out)
    return image._with(out, mode=mode)
