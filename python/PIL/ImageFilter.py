"""PIL.ImageFilter: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageFilter", "GaussianBlur BoxBlur UnsharpMask Kernel MedianFilter MinFilter MaxFilter")
