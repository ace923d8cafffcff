"""PIL.Image.save as JPEG: what is read again has the pixels of what Pillow writes, for qualities, samplings and odd sizes."""

import io
import zlib

import numpy as np
from PIL import Image


def picture(mode, size, seed=1):
    """Slopes with a pattern on them."""
    width, height = size
    y, x, c = np.mgrid[0:height, 0:width, 0 : len(mode)]
    pattern = (x * 7919 + y * 104729 + c * 31 + seed * 17) % 83
    return Image.frombytes(mode, size, ((x * (3 + c) + y * (5 - c) + pattern) % 256).astype(np.uint8).tobytes())


def written(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return Image.open(file)


def total(image):
    return f"{zlib.crc32(image.tobytes()):08x}"


for mode in ("L", "RGB", "CMYK"):
    for size in ((37, 29), (16, 16), (1, 1), (8, 40), (50, 33)):
        for sampling in (0, 1, 2, "4:2:0") if mode == "RGB" else (0,):
            sums = [total(written(picture(mode, size), quality=q, subsampling=sampling)) for q in (1, 10, 30, 49, 50, 75, 90, 95, 100)]
            print(mode, size, sampling, *sums)
plain = written(picture("RGB", (64, 48)))
print(total(plain), sorted(plain.info), plain.mode, plain.size)
exif = Image.Exif()
exif[0x0112] = 3
told = written(picture("L", (64, 48)), dpi=(72, 72), comment="a word", icc_profile=b"abc" * 30000, exif=exif)
print(total(told), {key: value for key, value in sorted(told.info.items()) if key not in ("exif", "icc_profile")})
print(zlib.crc32(told.info["icc_profile"]), dict(told.getexif()), total(written(picture("L", (64, 48)).convert("1"))))
for mode in ("RGBA", "P", "LA", "I;16"):
    try:
        Image.new(mode, (3, 3)).save(io.BytesIO(), "JPEG")
    except OSError as error:
        print(error)
