"""PIL.Image.open and save: each picture of the folder `pictures` (tools/goldens_pictures.py), what is said of it, its pixels in
several modes, smaller than it is, and written and read again. Bad files: which error comes."""

import io
import os
import warnings
import zlib

import numpy as np
from PIL import Image, ImageFile, ImageOps, ImageSequence, UnidentifiedImageError

warnings.simplefilter("ignore")
warnings.simplefilter("error", Image.DecompressionBombWarning)
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
BAD = {"cut.jpg", "no_end.jpg", "cut_progressive.jpg", "cut.png", "bad_sum.png", "bomb.png", "large.png", "none.png", "empty.jpg", "tiff.tif"}


def sums(image):
    palette = f"{zlib.crc32(bytes(image.getpalette())):08x}" if image.mode == "P" else ""
    return f"{image.mode} {image.width}x{image.height} {zlib.crc32(image.tobytes()):08x} {palette}".rstrip()


def told(info):
    hidden = {"background", "loop", "chromaticity", "extension", "photoshop", "timestamp", "xmp"}
    return {key: info[key] if len(repr(info[key])) < 90 else zlib.crc32(repr(info[key]).encode()) for key in sorted(info) if key not in hidden}


for name in sorted(os.listdir(FOLDER)):
    if name in BAD:
        continue
    path = os.path.join(FOLDER, name)
    with Image.open(path) as image:
        print(name, image.format, image.mode, image.size, type(image).__name__, image.filename == path)
        print(told(image.info))
        print(sums(image), image.getpixel((1, 1)), image.getextrema())
        for mode in ("L", "RGB", "RGBA", "1"):
            if image.mode == "CMYK" and mode == "1":
                continue
            print(mode, sums(image.convert(mode)), sorted(image.convert(mode).info) if name.endswith(("png", "gif")) else "")
        array = np.asarray(image)
        print(array.shape, array.dtype, array.astype(np.int64).sum() if array.dtype != bool else array.sum())
    if name.endswith(".jpg"):
        for mode, size in ((None, (20, 15)), (None, (9, 7)), (None, (4, 3)), ("L", (20, 15)), ("L", None)):
            with Image.open(path) as image:
                if image.mode == "CMYK" and mode:
                    continue
                print("draft", image.draft(mode, size), sums(image))
        for size in ((30, 30), (10, 10), (5, 60)):
            with Image.open(path) as image:
                image.thumbnail(size)
                print("thumbnail", sums(image))
    with Image.open(path) as image:
        exif = image.getexif()
        print({tag: exif[tag] for tag in sorted(exif)}, sums(ImageOps.exif_transpose(image)))
    for format in ("PNG", "BMP", "PPM"):
        with Image.open(path) as image:
            written = io.BytesIO()
            try:
                image.save(written, format)
            except OSError as error:
                print(format, error)
                continue
            again = Image.open(io.BytesIO(written.getvalue()))
            print(format, sums(again), again.tobytes() == image.tobytes())

print("frames")
with Image.open(FOLDER + "/frames.gif") as image:
    print(image.n_frames, image.is_animated, image.tell())
with Image.open(FOLDER + "/rgb.png") as image:
    print(len(list(ImageSequence.Iterator(image))))

print("bad")
for name in sorted(BAD):
    path = os.path.join(FOLDER, name)
    try:
        with Image.open(path) as image:
            image.load()
        print(name, "opened")
    except UnidentifiedImageError as error:
        print(name, "UnidentifiedImageError", str(error).partition(": ")[0].replace(FOLDER, ""))
    except Exception as error:
        print(name, type(error).__name__, str(error).partition(" (")[0] if "truncated" in str(error) else error)
ImageFile.LOAD_TRUNCATED_IMAGES = True
for name in ("cut.jpg", "cut_progressive.jpg", "cut.png"):
    with Image.open(os.path.join(FOLDER, name)) as image:
        image.load()
        print(name, image.size, zlib.crc32(image.crop((0, 0, 37, 8)).tobytes()) if name == "cut.png" else "")

print("files")
with open(FOLDER + "/rgb.png", "rb") as file:
    image = Image.open(file)
    print(sums(image), image.filename)
image = Image.open(io.BytesIO(open(FOLDER + "/j420.jpg", "rb").read()))
print(sums(image), repr(image.filename), image.verify())
for call in (lambda: Image.open("nowhere.png"), lambda: Image.open(FOLDER + "/rgb.png", "w"), lambda: Image.new("RGB", (2, 2)).save("a.xyz"),
             lambda: Image.new("CMYK", (2, 2)).save(io.BytesIO(), "PNG"), lambda: Image.open(FOLDER + "/rgb.png", formats=["JPEG"])):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, (str(error).partition("] ")[2] or str(error)).replace(FOLDER, ""))
print(Image.registered_extensions()[".png"], Image.registered_extensions()[".jpeg"], Image.registered_extensions()[".webp"])
