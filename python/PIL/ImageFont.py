"""PIL.ImageFont: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageFont", "truetype load load_default load_path FreeTypeFont ImageFont TransposedFont")
