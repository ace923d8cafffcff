"""PNG files: their chunks here, their pixels in the runtime. Of animated ones the first picture."""

import struct
import zlib

from PIL import _pixels
from PIL.ImageFile import ImageFile, whole
from PIL.ImagePalette import ImagePalette

_MAGIC = b"\x89PNG\r\n\x1a\n"
MAX_TEXT_CHUNK = 1024 * 1024
# (bits, colour): mode
_MODES = {
    (1, 0): "1", (2, 0): "L", (4, 0): "L", (8, 0): "L", (16, 0): "I;16", (8, 2): "RGB", (16, 2): "RGB", (1, 3): "P", (2, 3): "P",
    (4, 3): "P", (8, 3): "P", (8, 4): "LA", (16, 4): "RGBA", (8, 6): "RGBA", (16, 6): "RGBA",
}


class PngInfo:
    """What is written beside a picture."""

    def __init__(self):
        self.chunks = []

    def add(self, cid, data, after_idat=False):
        self.chunks.append((cid, data))

    def add_text(self, key, value, zip=False):
        key = key.encode("latin-1", "strict") if isinstance(key, str) else key
        value = value.encode("latin-1", "replace") if isinstance(value, str) else value
        self.add(b"zTXt", key + b"\0\0" + zlib.compress(value)) if zip else self.add(b"tEXt", key + b"\0" + value)


class PngImageFile(ImageFile):
    format = "PNG"
    format_description = "Portable network graphics"

    def _read(self, data):
        at, self.text = 8, {}
        self._packed = []
        self._header = None
        while at + 8 <= len(data):
            (length,) = struct.unpack_from(">I", data, at)
            name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
            if name == b"IDAT":
                self._packed.append(body)
            elif name == b"IEND":
                break
            else:
                if self._header is None and name != b"IHDR":
                    raise SyntaxError("broken PNG file: its header is missing")
                check = data[at + 8 + length : at + 12 + length]
                if name[:1].isupper() and (len(check) < 4 or zlib.crc32(name + body) != struct.unpack(">I", check)[0]):
                    raise SyntaxError(f"broken PNG file (bad header checksum in {name!r})")
                getattr(self, f"_chunk_{name.decode('latin-1')}", lambda body: None)(body)
            at += 12 + length
        if self._header is None:
            raise SyntaxError("broken PNG file: its header is missing")

    def _chunk_IHDR(self, body):
        width, height, bits, colour, _, filtering, interlaced = struct.unpack(">IIBBBBB", body)
        if filtering:
            raise SyntaxError("unknown filter category")
        if (bits, colour) not in _MODES:
            raise SyntaxError(f"unknown PNG mode: {bits} bits of colour type {colour}")
        self._mode = _MODES[bits, colour]
        self._size = (width, height)
        self._header = (bits, colour, bool(interlaced))
        if interlaced:
            self.info["interlace"] = 1
        if self._mode == "P":
            self.palette = ImagePalette()

    def _chunk_PLTE(self, body):
        if self._mode == "P":
            self.palette = ImagePalette("RGB", body)

    def _chunk_tRNS(self, body):
        if self._mode == "P":
            opaque = body.rstrip(b"\xff")
            is_simple = opaque.endswith(b"\0") and set(opaque[:-1]) <= {255}
            self.info["transparency"] = len(opaque) - 1 if is_simple else body
        elif self._mode in ("1", "L", "I;16"):
            value = int.from_bytes(body[:2], "big")
            self.info["transparency"] = value if self._mode != "1" else 255 if value else 0
        elif self._mode == "RGB":
            self.info["transparency"] = struct.unpack(">HHH", body[:6])

    def _chunk_gAMA(self, body):
        self.info["gamma"] = struct.unpack(">I", body[:4])[0] / 100000.0

    def _chunk_cHRM(self, body):
        numbers = struct.unpack(f">{len(body) // 4}I", body)
        self.info["chromaticity"] = tuple(number / 100000.0 for number in numbers)

    def _chunk_sRGB(self, body):
        self.info["srgb"] = body[0]

    def _chunk_pHYs(self, body):
        x, y, unit = struct.unpack(">IIB", body[:9])
        if unit == 1:
            self.info["dpi"] = (x * 0.0254, y * 0.0254)
        elif unit == 0:
            self.info["aspect"] = (x, y)

    def _chunk_iCCP(self, body):
        packed = body.partition(b"\0")[2][1:]
        try:
            self.info["icc_profile"] = zlib.decompressobj().decompress(packed, MAX_TEXT_CHUNK)
        except zlib.error:
            self.info["icc_profile"] = None

    def _chunk_eXIf(self, body):
        self.info["exif"] = b"Exif\x00\x00" + body

    def _text(self, key, value):
        self.info[key] = self.text[key] = value

    def _chunk_tEXt(self, body):
        key, _, value = body.partition(b"\0")
        if key:
            self._text(key.decode("latin-1"), value.decode("latin-1", "replace"))

    def _chunk_zTXt(self, body):
        key, _, value = body.partition(b"\0")
        try:
            self._text(key.decode("latin-1"), zlib.decompressobj().decompress(value[1:], MAX_TEXT_CHUNK).decode("latin-1"))
        except zlib.error:
            return

    def _chunk_iTXt(self, body):
        key, _, rest = body.partition(b"\0")
        if len(rest) < 2:
            return
        is_packed, rest = rest[0], rest[2:]
        parts = rest.split(b"\0", 2)
        if len(parts) < 3:
            return
        try:
            value = zlib.decompressobj().decompress(parts[2], MAX_TEXT_CHUNK) if is_packed else parts[2]
            self._text(key.decode("latin-1"), value.decode("utf-8"))
        except (zlib.error, UnicodeDecodeError):
            return

    def _decode(self, data):
        bits, colour, interlaced = self._header
        packed = _pixels.of(b"".join(self._packed))
        n = self.width * self.height
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        out = _pixels.blank(n * (2 if self._mode == "I;16" else channels))
        answer = _pixels.call("image_decode_png", packed, len(packed), *self.size, bits, colour, interlaced, out, len(out))
        self._packed = []
        if self._mode == "RGBA" and channels == 2:
            out = _pixels.picked(out, n, 2, "0001")
        return out, whole(answer)


def _chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def encode(image, params):
    mode, (width, height) = image.mode, image.size
    if mode not in ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"):
        raise OSError(f"cannot write mode {mode} as PNG")
    data, step, bits = image._data, 1, 8
    colour = {"LA": 4, "P": 3, "RGB": 2, "RGBA": 6}.get(mode, 0)
    if mode == "1":
        data, bits, row_bytes = _pixels.of(_pixels.packed_bits(data, width, height)), 1, (width + 7) // 8
    else:
        if mode in ("I", "I;16"):
            narrow = data if mode == "I;16" else _pixels.cast(data, width * height, "i", "H", 2)
            data, bits, step = _pixels.picked(narrow, width * height, 2, "10"), 16, 2
        elif mode != "P":
            step = len(mode)
        row_bytes = width * step
    level = params.get("compress_level", 9 if params.get("optimize") else 6)
    is_filtered = mode not in ("1", "P")
    length = _pixels.call("image_encode_png", data, len(data), row_bytes, step, level, is_filtered)
    packed = _pixels.blank(length)
    _pixels.call("image_take", packed)
    info = {**image.info, **params}
    out = [_MAGIC, _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))]
    if info.get("icc_profile"):
        out.append(_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(info["icc_profile"])))
    if mode == "P":
        rgb = image.palette.rgb()
        out.append(_chunk(b"PLTE", rgb[: max(3, 3 * (len(image.palette.palette) // len(image.palette.mode)))]))
    transparency = info.get("transparency")
    if mode == "P":
        hidden = image.palette.alpha()
        if isinstance(transparency, bytes):
            hidden = transparency
        elif isinstance(transparency, int):
            hidden = b"\xff" * transparency + b"\0"
        if hidden:
            out.append(_chunk(b"tRNS", hidden))
    elif transparency is not None and mode in ("1", "L", "I", "I;16"):
        out.append(_chunk(b"tRNS", struct.pack(">H", max(0, min(65535, transparency)))))
    elif transparency is not None and mode == "RGB":
        out.append(_chunk(b"tRNS", struct.pack(">HHH", *transparency)))
    if params.get("dpi"):
        x, y = (int(value / 0.0254 + 0.5) for value in params["dpi"])
        out.append(_chunk(b"pHYs", struct.pack(">IIB", x, y, 1)))
    for name, body in getattr(params.get("pnginfo"), "chunks", ()):
        out.append(_chunk(name, body))
    exif = params.get("exif")
    if exif:
        raw = exif.tobytes() if hasattr(exif, "tobytes") else bytes(exif)
        out.append(_chunk(b"eXIf", raw.removeprefix(b"Exif\x00\x00")))
    out += [_chunk(b"IDAT", packed.tobytes()), _chunk(b"IEND", b"")]
    return b"".join(out)
