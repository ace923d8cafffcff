"""PIL.ImageColor: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageColor", "getrgb getcolor")
