"""PIL.ImageChops: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageChops", "add subtract multiply difference invert lighter darker screen offset")
