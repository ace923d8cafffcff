"""WebP files: their chunks here, their pixels in libwebp. Animated ones are refused."""

import struct

from PIL import _pixels
from PIL.ImageFile import ImageFile


class WebPImageFile(ImageFile):
    format = "WEBP"
    format_description = "WebP image"

    def _read(self, data):
        at, found, has_alpha = 12, False, False
        while at + 8 <= len(data):
            name, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
            body = data[at + 8 : at + 8 + length]
            if name == b"VP8X":
                has_alpha = bool(body[0] & 16)
                self._size = tuple(int.from_bytes(body[i : i + 3], "little") + 1 for i in (4, 7))
            elif name == b"ANIM":
                raise SyntaxError("animated WebP files are not read by Layerwise's PIL")
            elif name == b"VP8 " and not found:
                found = True
                width, height = struct.unpack_from("<HH", body, 6)
                self._size = (width & 0x3FFF, height & 0x3FFF)
            elif name == b"VP8L" and not found:
                found = True
                bits = int.from_bytes(body[1:5], "little")
                self._size = ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
                has_alpha = has_alpha or bool(bits >> 28 & 1)
            elif name in (b"EXIF", b"ICCP", b"XMP "):
                self.info[{b"EXIF": "exif", b"ICCP": "icc_profile", b"XMP ": "xmp"}[name]] = body
            at += 8 + length + length % 2
        if not found:
            raise SyntaxError("no picture in the file")
        self._mode = "RGBA" if has_alpha else "RGB"

    def _decode(self, data):
        n = self.width * self.height
        out = _pixels.blank(4 * n)
        _pixels.call("image_decode_webp", _pixels.of(data), len(data), out, len(out))
        return (out if self._mode == "RGBA" else _pixels.picked(out, n, 4, "012")), True
