"""BMP files without compression."""

import struct

from PIL import ImageFile as ImageFileModule
from PIL import _pixels
from PIL._formats import fewer_bits, rows_from_bottom
from PIL.ImageFile import ImageFile
from PIL.ImagePalette import ImagePalette

_RGB_MASKS = (0xFF0000, 0xFF00, 0xFF)


class BmpImageFile(ImageFile):
    format = "BMP"
    format_description = "Windows Bitmap"

    def _read(self, data):
        (self._start,) = struct.unpack_from("<I", data, 10)
        (header,) = struct.unpack_from("<I", data, 14)
        masks, colours, compression = None, 0, 0
        if header == 12:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        elif header >= 40:
            width, height, _, bits, compression, _, x, y, colours = struct.unpack_from("<iiHHIIiiI", data, 18)
            self.info["dpi"] = (x / 39.3701, y / 39.3701)
            if compression == 3:
                masks = struct.unpack_from(f"<{4 if header > 52 else 3}I", data, 54)
        else:
            raise SyntaxError(f"Unsupported BMP header type ({header})")
        self.info["compression"] = compression
        if compression not in (0, 3):
            raise SyntaxError("compressed BMP files are not read by Layerwise's PIL")
        self._is_upside = height < 0
        self._size, self._bits = (width, abs(height)), bits
        self._order = None
        if bits in (1, 4, 8):
            self._palette(data, header, bits, colours)
        elif bits == 24:
            self._mode, self._order = "RGB", "210"
        elif bits == 32:
            has_alpha = masks is not None and len(masks) == 4 and masks[3] == 0xFF000000
            if masks is not None and masks[:3] != _RGB_MASKS:
                raise SyntaxError("Unsupported BMP bitfields layout")
            self._mode, self._order = ("RGBA", "2103") if has_alpha else ("RGB", "210")
        else:
            raise SyntaxError(f"Unsupported BMP pixel depth ({bits})")

    def _palette(self, data, header, bits, colours):
        step = 3 if header == 12 else 4
        count = colours or 1 << bits
        if not 0 < count <= 256:
            raise SyntaxError(f"Unsupported BMP Palette size ({count})")
        raw = data[14 + header : 14 + header + step * count]
        entries = bytearray(3 * (len(raw) // step))
        for channel, place in enumerate((2, 1, 0)):
            entries[channel::3] = raw[place::step][: len(entries) // 3]
        grey = (0, 255) if count == 2 else range(count)
        is_grey = all(entries[3 * i : 3 * i + 3] == bytes([value]) * 3 for i, value in enumerate(grey))
        if is_grey:
            self._mode = "1" if count == 2 else "L"
        else:
            self._mode, self.palette = "P", ImagePalette("RGB", entries)

    def _decode(self, data):
        width, height = self.size
        row_bytes = (width * self._bits + 31) // 32 * 4
        raw = data[self._start : self._start + row_bytes * height]
        is_whole = len(raw) == row_bytes * height
        if not is_whole and not ImageFileModule.LOAD_TRUNCATED_IMAGES:
            # A height that the file only claims is not worth the work.
            return None, False
        raw = raw.ljust(row_bytes * height, b"\0")
        if not self._is_upside:
            raw = rows_from_bottom(raw, row_bytes, height)
        if self._bits < 8:
            out = fewer_bits(raw, width, height, self._bits, row_bytes)
            return (_pixels.of(bytes(out).translate(bytes([0] + [255] * 255))) if self._mode == "1" else out), is_whole
        used = width * self._bits // 8
        out = _pixels.of(b"".join(raw[y * row_bytes : y * row_bytes + used] for y in range(height)))
        return (_pixels.picked(out, width * height, self._bits // 8, self._order) if self._order else out), is_whole


def encode(image, params):
    mode, (width, height) = image.mode, image.size
    if mode not in ("1", "L", "P", "RGB", "RGBA"):
        raise OSError(f"cannot write mode {mode} as BMP")
    bits = {"1": 1, "L": 8, "P": 8, "RGB": 24, "RGBA": 32}[mode]
    raw, palette = image._data.tobytes(), b""
    if mode == "1":
        raw, palette = _pixels.packed_bits(image._data, width, height), b"\0\0\0\0\xff\xff\xff\0"
    elif mode == "L":
        palette = b"".join(bytes([value] * 3) + b"\0" for value in range(256))
    elif mode == "P":
        rgb = image.palette.rgb()
        count = len(image.palette.palette) // len(image.palette.mode)
        palette = b"".join(rgb[3 * i : 3 * i + 3][::-1] + b"\0" for i in range(count))
    else:
        raw = _pixels.picked(image._data, width * height, len(mode), "210" if mode == "RGB" else "2103").tobytes()
    used, row_bytes = (width * bits + 7) // 8, (width * bits + 31) // 32 * 4
    rows = b"".join(raw[y * used : (y + 1) * used].ljust(row_bytes, b"\0") for y in range(height - 1, -1, -1))
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(rows), 3780, 3780, len(palette) // 4, len(palette) // 4)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + palette + rows
