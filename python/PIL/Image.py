"""PIL.Image: the class and the enumerations. No image can be made."""

from enum import IntEnum

from PIL import UnidentifiedImageError, __version__, refusing


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


for _group in (Transpose, Transform, Resampling, Dither, Palette):
    globals().update({member.name: member for member in _group})


class Image:
    """An image, of which there are none here: for isinstance and annotations."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("PIL.Image.Image is not available: Pillow is compiled code, and images are tensors in Layerwise")


__getattr__ = refusing("PIL.Image", "open new fromarray frombuffer frombytes merge blend composite alpha_composite eval effect_noise "
                                    "linear_gradient radial_gradient register_open register_save init preinit")
