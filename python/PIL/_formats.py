"""Which file is what, and how a picture becomes a file. Kinds of files that are known and not read are said by name."""

import importlib
import os

from PIL import _pixels

# (how the file begins, its module, its class), in the order in which they are tried.
_READERS = (
    ("PNG", "PngImagePlugin", "PngImageFile", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("JPEG", "JpegImagePlugin", "JpegImageFile", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("WEBP", "WebPImagePlugin", "WebPImageFile", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ("GIF", "GifImagePlugin", "GifImageFile", lambda head: head[:6] in (b"GIF87a", b"GIF89a")),
    ("BMP", "BmpImagePlugin", "BmpImageFile", lambda head: head.startswith(b"BM")),
    ("PPM", "PpmImagePlugin", "PpmImageFile", lambda head: head[:1] == b"P" and head[1:2] in b"123456y"),
)
_NOT_READ = (
    ("TIFF", lambda head: head[:4] in (b"II*\0", b"MM\0*")),
    ("AVIF or HEIC", lambda head: head[4:8] == b"ftyp"),
    ("JPEG 2000", lambda head: head[4:8] == b"jP  " or head.startswith(b"\xff\x4f\xff\x51")),
    ("ICO", lambda head: head.startswith(b"\0\0\1\0")),
    ("PSD", lambda head: head.startswith(b"8BPS")),
)

EXTENSIONS = {
    ".png": "PNG", ".apng": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".webp": "WEBP",
    ".gif": "GIF", ".bmp": "BMP", ".dib": "BMP", ".ppm": "PPM", ".pgm": "PPM", ".pbm": "PPM", ".pnm": "PPM",
}
_WRITERS = {"PNG": "PngImagePlugin", "BMP": "BmpImagePlugin", "PPM": "PpmImagePlugin", "JPEG": "JpegImagePlugin"}


def identify(data, formats):
    """(the opened picture or None, why not)"""
    import struct

    head = data[:16]
    for name, module, kind, fits in _READERS:
        if (formats is None or name in formats) and fits(head):
            reader = getattr(importlib.import_module(f"PIL.{module}"), kind)
            try:
                return reader(data), None
            except (SyntaxError, struct.error, IndexError, KeyError, ValueError, OverflowError) as error:
                return None, str(error)
    for name, fits in _NOT_READ:
        if fits(head):
            return None, f"{name} files are not read by Layerwise's PIL, expected PNG, JPEG, WebP, GIF, BMP or PNM"
    return None, None


def save(image, fp, format, params):
    """Writes into a file object, or into a file that takes the place of an old one of the name."""
    is_path = isinstance(fp, (str, bytes, os.PathLike))
    extension = os.path.splitext(os.fspath(fp))[1].lower() if is_path else ""
    extension = extension.decode() if isinstance(extension, bytes) else extension
    if format is None:
        if extension not in EXTENSIONS:
            raise ValueError(f"unknown file extension: {extension}")
        format = EXTENSIONS[extension]
    name = {"JPG": "JPEG"}.get(format.upper(), format.upper())
    if name not in _WRITERS:
        if name in EXTENSIONS.values():
            raise NotImplementedError(f"Image.save as {name} is not available in Layerwise's PIL: expected PNG, JPEG, BMP or PPM")
        raise KeyError(name)
    writer = importlib.import_module(f"PIL.{_WRITERS[name]}")
    image._data
    data = writer.encode(image, params)
    if not is_path:
        fp.write(data)
        if hasattr(fp, "flush"):
            fp.flush()
        return
    with open(fp, "wb") as file:
        file.write(data)


def rows_from_bottom(data, row_bytes, height):
    return b"".join(data[y * row_bytes : (y + 1) * row_bytes] for y in range(height - 1, -1, -1))


def fewer_bits(data, width, height, bits, row_bytes):
    """Samples of 1, 2 or 4 bits, each row from a new byte on, as bytes."""
    per_byte = 8 // bits
    mask = (1 << bits) - 1
    out = bytearray(width * height)
    for y in range(height):
        row = data[y * row_bytes : (y + 1) * row_bytes]
        wide = bytearray(len(row) * per_byte)
        for place in range(per_byte):
            shift = 8 - bits * (place + 1)
            wide[place::per_byte] = row.translate(bytes((value >> shift) & mask for value in range(256)))
        out[y * width : (y + 1) * width] = wide[:width]
    return _pixels.of(out)
