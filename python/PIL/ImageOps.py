"""PIL.ImageOps: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageOps", (
    "exif_transpose autocontrast equalize invert posterize solarize grayscale colorize crop "
    "expand fit flip mirror pad scale contain cover deform"
))
