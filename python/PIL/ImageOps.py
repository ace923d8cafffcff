"""PIL.ImageOps: whole pictures turned upright, fitted, padded, and their tones changed."""

from PIL import Image, ImageColor, _pixels, refusing

_UPRIGHT = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
_ORIENTATION = 0x0112


def exif_transpose(image, *, in_place=False):
    """As the camera was held; in place: nothing is given back."""
    method = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    if method is None:
        return None if in_place else image.copy()
    turned = image.transpose(method)
    target = image if in_place else turned
    if in_place:
        image._pixels, image._size = turned._pixels, turned._size
    exif = target.getexif()
    if _ORIENTATION in exif:
        del exif[_ORIENTATION]
        if "exif" in target.info:
            target.info["exif"] = exif.tobytes()
    return None if in_place else turned


def _mapped(image, lut):
    if image.mode == "P":
        raise NotImplementedError("mode P support coming soon")
    if image.mode in ("L", "RGB"):
        if image.mode == "RGB" and len(lut) == 256:
            lut = lut + lut + lut
        return image.point(lut)
    raise OSError(f"not supported for mode {image.mode}")


def autocontrast(image, cutoff=0, ignore=None, mask=None, preserve_tone=False):
    counts = image.convert("L").histogram(mask) if preserve_tone else image.histogram(mask)
    lut = []
    for start in range(0, len(counts), 256):
        h = counts[start : start + 256]
        for value in () if ignore is None else (ignore,) if isinstance(ignore, int) else ignore:
            h[value] = 0
        if cutoff:
            low, high = cutoff if isinstance(cutoff, tuple) else (cutoff, cutoff)
            n = sum(h)
            for order, share in ((range(256), low), (range(255, -1, -1), high)):
                cut = int(n * share // 100)
                for value in order:
                    taken = min(cut, h[value])
                    h[value] -= taken
                    cut -= taken
                    if cut <= 0:
                        break
        there = [value for value in range(256) if h[value]]
        low, high = (there[0], there[-1]) if there else (255, 0)
        if high <= low:
            lut += range(256)
            continue
        scale = 255.0 / (high - low)
        offset = -low * scale
        lut += [min(255, max(0, int(value * scale + offset))) for value in range(256)]
    return _mapped(image, lut)


def equalize(image, mask=None):
    if image.mode == "P":
        image = image.convert("RGB")
    counts = image.histogram(mask)
    lut = []
    for start in range(0, len(counts), 256):
        h = counts[start : start + 256]
        there = [count for count in h if count]
        step = (sum(there) - there[-1]) // 255 if len(there) > 1 else 0
        if not step:
            lut += range(256)
            continue
        n = step // 2
        for count in h:
            lut.append(min(255, n // step))
            n += count
    return _mapped(image, lut)


def invert(image):
    lut = list(range(255, -1, -1))
    return image.point(lut) if image.mode == "1" else _mapped(image, lut)


def posterize(image, bits):
    mask = ~(2 ** (8 - bits) - 1)
    return _mapped(image, [value & mask for value in range(256)])


def solarize(image, threshold=128):
    return _mapped(image, [value if value < threshold else 255 - value for value in range(256)])


def grayscale(image):
    return image.convert("L")


def colorize(image, black, white, mid=None, blackpoint=0, whitepoint=255, midpoint=127):
    if image.mode != "L":
        raise ValueError("image must be of mode L")
    rgb = [ImageColor.getrgb(c) if isinstance(c, str) else tuple(c) for c in (black, white)]
    middle = None if mid is None else ImageColor.getrgb(mid) if isinstance(mid, str) else tuple(mid)
    lut = []
    for channel in range(3):
        low, high = rgb[0][channel], rgb[1][channel]
        values = [low] * blackpoint
        parts = [(low, high, blackpoint, whitepoint, whitepoint - blackpoint)]
        if middle is not None:
            between = middle[channel]
            parts = [
                (low, between, blackpoint, midpoint, midpoint - blackpoint),
                (between, high, midpoint, whitepoint, whitepoint - midpoint),
            ]
        for start, end, first, last, length in parts:
            values += [start + i * (end - start) // length for i in range(last - first)]
        lut += values + [high] * (256 - whitepoint)
    return image.convert("RGB").point(lut)


def crop(image, border=0):
    left, top, right, bottom = _border(border)
    return image.crop((left, top, image.width - right, image.height - bottom))


def _border(border):
    if isinstance(border, int):
        return border, border, border, border
    return (*border, *border) if len(border) == 2 else tuple(border)


def expand(image, border=0, fill=0):
    left, top, right, bottom = _border(border)
    size = (left + image.width + right, top + image.height + bottom)
    fill = ImageColor.getcolor(fill, "RGB" if image.mode == "P" else image.mode) if isinstance(fill, str) else fill
    if image.mode == "P":
        made = Image.new("P", size)
        made.palette = image.palette.copy()
        index = made.palette.getcolor(tuple(fill)) if isinstance(fill, (tuple, list)) else fill
        made._pixels = _pixels.of(bytes([index]) * (size[0] * size[1]))
    else:
        made = Image.new(image.mode, size, fill)
    made.paste(image, (left, top))
    return made


def flip(image):
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def mirror(image):
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def scale(image, factor, resample=Image.Resampling.BICUBIC):
    if factor == 1:
        return image.copy()
    if factor <= 0:
        raise ValueError("the factor must be greater than 0")
    return image.resize((round(factor * image.width), round(factor * image.height)), resample)


def _ratios(image, size):
    return image.width / image.height, size[0] / size[1]


def contain(image, size, method=Image.Resampling.BICUBIC):
    ratio, wanted = _ratios(image, size)
    if ratio > wanted:
        height = round(image.height / image.width * size[0])
        size = (size[0], height) if height != size[1] else size
    elif ratio < wanted:
        width = round(image.width / image.height * size[1])
        size = (width, size[1]) if width != size[0] else size
    return image.resize(size, resample=method)


def cover(image, size, method=Image.Resampling.BICUBIC):
    ratio, wanted = _ratios(image, size)
    if ratio < wanted:
        height = round(image.height / image.width * size[0])
        size = (size[0], height) if height != size[1] else size
    elif ratio > wanted:
        width = round(image.width / image.height * size[1])
        size = (width, size[1]) if width != size[0] else size
    return image.resize(size, resample=method)


def pad(image, size, method=Image.Resampling.BICUBIC, color=None, centering=(0.5, 0.5)):
    resized = contain(image, size, method)
    if resized.size == tuple(size):
        return resized
    made = Image.new(image.mode, size, color)
    if resized.palette:
        made.palette = resized.palette.copy()
    x, y = (max(0, min(share, 1)) for share in centering)
    place = (round((size[0] - resized.width) * x), 0) if resized.width != size[0] else (0, round((size[1] - resized.height) * y))
    made.paste(resized, place)
    return made


def fit(image, size, method=Image.Resampling.BICUBIC, bleed=0.0, centering=(0.5, 0.5)):
    x, y = (share if 0.0 <= share <= 1.0 else 0.5 for share in centering)
    bleed = bleed if 0.0 <= bleed < 0.5 else 0.0
    edge = (bleed * image.width, bleed * image.height)
    live = (image.width - edge[0] * 2, image.height - edge[1] * 2)
    ratio, wanted = live[0] / live[1], size[0] / size[1]
    if ratio == wanted:
        width, height = live
    elif ratio >= wanted:
        width, height = wanted * live[1], live[1]
    else:
        width, height = live[0], live[0] / wanted
    left = edge[0] + (live[0] - width) * x
    top = edge[1] + (live[1] - height) * y
    return image.resize(size, method, box=(left, top, left + width, top + height))


__getattr__ = refusing("PIL.ImageOps", "deform")
