"""PIL.ImageSequence: its functions refuse by name when they are called."""

from PIL import refusing

__getattr__ = refusing("PIL.ImageSequence", "Iterator all_frames")
