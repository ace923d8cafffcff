"""PIL.ImageEnhance: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageEnhance", "Brightness Color Contrast Sharpness")
