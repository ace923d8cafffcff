"""PIL.ImageFilter: kernels, blurs and ranks of a neighbourhood."""

import array

from PIL import _pixels
from PIL._pixels import MODES, blank


class Filter:
    pass


class MultibandFilter(Filter):
    pass


class Kernel(Filter):
    name = "Kernel"

    def __init__(self, size, kernel, scale=None, offset=0):
        if size not in ((3, 3), (5, 5)):
            raise ValueError("bad kernel size")
        if size[0] * size[1] != len(kernel):
            raise ValueError("not enough coefficients in kernel")
        self.filterargs = size, sum(kernel) if scale is None else scale, offset, kernel

    def _applied(self, image):
        if image.mode == "P":
            raise ValueError("cannot filter palette images")
        _, scale, offset, kernel = self.filterargs
        weights = array.array("d", (value / (scale or 1) for value in kernel))
        return _made(image, "image_convolve", weights, len(weights), float(offset))


class BuiltinFilter(Kernel):
    def __init__(self):
        pass


def _made(image, name, *args):
    mode = MODES[image.mode]
    if mode.letter != "B" or image.mode == "1":
        raise ValueError("image has wrong mode")
    out = blank(len(image._data))
    _pixels.call(name, image._data, *image.size, mode.channels, *args, out)
    return image._with(out)


def _builtin(name, size, scale, offset, kernel):
    return type(name, (BuiltinFilter,), {
        "name": name, "filterargs": (size, scale, offset, kernel), "__module__": __name__,
    })


BLUR = _builtin("BLUR", (5, 5), 16, 0, (1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1))
CONTOUR = _builtin("CONTOUR", (3, 3), 1, 255, (-1, -1, -1, -1, 8, -1, -1, -1, -1))
DETAIL = _builtin("DETAIL", (3, 3), 6, 0, (0, -1, 0, -1, 10, -1, 0, -1, 0))
EDGE_ENHANCE = _builtin("EDGE_ENHANCE", (3, 3), 2, 0, (-1, -1, -1, -1, 10, -1, -1, -1, -1))
EDGE_ENHANCE_MORE = _builtin("EDGE_ENHANCE_MORE", (3, 3), 1, 0, (-1, -1, -1, -1, 9, -1, -1, -1, -1))
EMBOSS = _builtin("EMBOSS", (3, 3), 1, 128, (-1, 0, 0, 0, 1, 0, 0, 0, 0))
FIND_EDGES = _builtin("FIND_EDGES", (3, 3), 1, 0, (-1, -1, -1, -1, 8, -1, -1, -1, -1))
SHARPEN = _builtin("SHARPEN", (3, 3), 16, 0, (-2, -2, -2, -2, 32, -2, -2, -2, -2))
SMOOTH = _builtin("SMOOTH", (3, 3), 13, 0, (1, 1, 1, 1, 5, 1, 1, 1, 1))
SMOOTH_MORE = _builtin("SMOOTH_MORE", (5, 5), 100, 0, (1, 1, 1, 1, 1, 1, 5, 5, 5, 1, 1, 5, 44, 5, 1, 1, 5, 5, 5, 1, 1, 1, 1, 1, 1))


def _radii(radius):
    x, y = (radius, radius) if isinstance(radius, (int, float)) else radius
    if x < 0 or y < 0:
        raise ValueError("radius must be >= 0")
    return float(x), float(y)


class BoxBlur(MultibandFilter):
    name = "BoxBlur"

    def __init__(self, radius):
        _radii(radius)
        self.radius = radius

    def _applied(self, image):
        x, y = _radii(self.radius)
        return image.copy() if x == 0 and y == 0 else _made(image, "image_blur", x, y, False, 1)


class GaussianBlur(MultibandFilter):
    name = "GaussianBlur"

    def __init__(self, radius=2):
        self.radius = radius

    def _applied(self, image):
        x, y = _radii(self.radius)
        return image.copy() if x == 0 and y == 0 else _made(image, "image_blur", x, y, True, 3)


class UnsharpMask(MultibandFilter):
    name = "UnsharpMask"

    def __init__(self, radius=2, percent=150, threshold=3):
        self.radius, self.percent, self.threshold = radius, percent, threshold

    def _applied(self, image):
        blurred = GaussianBlur(self.radius)._applied(image)
        out = blank(len(image._data))
        _pixels.call("image_unsharp", image._data, blurred._data, len(out), int(self.percent), int(self.threshold), out)
        return image._with(out)


class RankFilter(Filter):
    name = "Rank"

    def __init__(self, size, rank):
        if size % 2 == 0:
            raise ValueError("bad filter size")
        self.size, self.rank = size, rank

    def _applied(self, image):
        if image.mode == "P":
            raise ValueError("cannot filter palette images")
        from PIL import Image

        if len(image.getbands()) > 1:
            return Image.merge(image.mode, [self._applied(band) for band in image.split()])
        out = blank(len(image._data))
        _pixels.call("image_rank", image._data, *image.size, self.size, self.rank, out)
        return image._with(out)


class MedianFilter(RankFilter):
    name = "Median"

    def __init__(self, size=3):
        super().__init__(size, size * size // 2)


class MinFilter(RankFilter):
    name = "Min"

    def __init__(self, size=3):
        super().__init__(size, 0)


class MaxFilter(RankFilter):
    name = "Max"

    def __init__(self, size=3):
        super().__init__(size, size * size - 1)


class ModeFilter(RankFilter):
    name = "Mode"

    def __init__(self, size=3):
        super().__init__(size, -1)


def applied(image, given):
    """Image.filter"""
    made = given() if isinstance(given, type) and issubclass(given, Filter) else given
    if not hasattr(made, "_applied"):
        if hasattr(made, "filter"):
            raise NotImplementedError(f"Image.filter({type(made).__name__}) is not available in Layerwise's PIL: it knows its own filters")
        raise TypeError("filter argument should be ImageFilter.Filter instance or class")
    return made._applied(image)
