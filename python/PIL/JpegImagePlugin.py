"""JPEG files: their markers here, their pixels in libjpeg-turbo. None of more than eight bits."""

import struct

from PIL import _pixels
from PIL.ImageFile import ImageFile, whole

_STARTS = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_END = b"\xff\xd9"


class JpegImageFile(ImageFile):
    format = "JPEG"
    format_description = "JPEG (ISO 10918)"

    def _read(self, data):
        at, profile = 2, {}
        self._scale = 1
        self.layers = 0
        self.app = {}
        while True:
            at = data.find(b"\xff", at)
            if at < 0 or at + 4 > len(data):
                raise SyntaxError("no marker found")
            marker = data[at + 1]
            if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
                at += 1 if marker == 0xFF else 2
                continue
            (length,) = struct.unpack_from(">H", data, at + 2)
            body = data[at + 4 : at + 2 + length]
            if marker in _STARTS:
                self._start(marker, body)
            elif marker == 0xE0 and body.startswith(b"JFIF"):
                self._jfif(body)
            elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
                self.info["exif"] = self.info["exif"] + body[6:] if "exif" in self.info else body
            elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
                profile[body[12]] = body[14:]
            elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 7:
                self.info["adobe"] = struct.unpack_from(">H", body, 5)[0]
                if len(body) > 11:
                    self.info["adobe_transform"] = body[11]
            elif marker == 0xFE:
                self.info["comment"] = body
            elif marker == 0xDA:
                self._scan = at
                break
            elif marker == 0xD9:
                raise SyntaxError("no image in the file")
            at += 2 + length
        if not self.layers:
            raise SyntaxError("no size in the file")
        if profile:
            self.info["icc_profile"] = b"".join(profile[key] for key in sorted(profile))

    def _start(self, marker, body):
        bits, height, width, self.layers = struct.unpack_from(">BHHB", body)
        if bits != 8:
            raise SyntaxError(f"cannot handle {bits}-bit layers")
        if self.layers not in (1, 3, 4):
            raise SyntaxError(f"cannot handle {self.layers}-layer images")
        if not width or not height:
            raise SyntaxError("the file names no size")
        self._mode = {1: "L", 3: "RGB", 4: "CMYK"}[self.layers]
        self._size = (width, height)
        if marker in (0xC2, 0xC6, 0xCA, 0xCE):
            self.info["progressive"] = self.info["progression"] = 1

    def _jfif(self, body):
        version = struct.unpack_from(">H", body, 5)[0]
        self.info["jfif"] = version
        self.info["jfif_version"] = divmod(version, 256)
        if len(body) >= 12:
            unit = body[7]
            density = struct.unpack_from(">HH", body, 8)
            if unit == 1:
                self.info["dpi"] = density
            elif unit == 2:
                self.info["dpi"] = tuple(value * 2.54 for value in density)
            self.info["jfif_unit"] = unit
            self.info["jfif_density"] = density

    def draft(self, mode, size):
        """Have the decoder make it smaller, or grey: (mode, the place of the whole picture)."""
        if self._file is None or self._scale != 1:
            return None
        width, height = self._size
        if mode == "L" and self._mode == "RGB":
            self._mode = "L"
        scale = 1
        if size:
            most = min(width // size[0], height // size[1])
            scale = next((step for step in (8, 4, 2, 1) if most >= step), 1)
            self._size = (-(-width // scale), -(-height // scale))
        self._scale = scale
        return self._mode, (0, 0, width / scale, height / scale)

    def _decode(self, data):
        channels = len(self._mode)
        out = _pixels.blank(self.width * self.height * channels)

        answer = _pixels.call("image_decode_jpeg", _pixels.of(data), len(data), *self.size, channels, out)
        # What is damaged inside is filled in; what has no end is not all there.
        is_whole = whole(answer) or data.rfind(_END) > self._scan
        if self._mode == "CMYK":
            # As Adobe writes them: 0 is all of the ink.
            out = _pixels.of(bytes(out).translate(bytes(range(255, -1, -1))))
        return out, is_whole

    def _getexif(self):
        return dict(self.getexif()) or None


# How many pixels share a sample of colour, across and down.
_SAMPLINGS = {0: (1, 1), 1: (2, 1), 2: (2, 2), "4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2), -1: (2, 2)}
_MOST_SIDE = 65500


def _segment(kind, body):
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def encode(image, params):
    if params.get("progressive") or params.get("qtables") or params.get("restart_marker_blocks") or params.get("restart_marker_rows"):
        raise NotImplementedError("Image.save as JPEG is baseline in Layerwise's PIL: no progressive files, own tables or restarts")
    mode, (width, height) = image.mode, image.size
    data = image._data
    if mode == "1":
        mode = "L"
    if mode not in ("L", "RGB", "CMYK"):
        raise OSError(f"cannot write mode {mode} as JPEG")
    if not width or not height:
        raise ValueError("cannot write empty image as JPEG")
    if max(width, height) > _MOST_SIDE:
        raise OSError(f"encoder error: a side of {max(width, height)} pixels, expected at most {_MOST_SIDE}")
    sampling = params.get("subsampling", -1)
    quality = params.get("quality", -1)
    if sampling not in _SAMPLINGS or not isinstance(quality, int):
        raise ValueError(f"Invalid {'quality' if sampling in _SAMPLINGS else 'subsampling'} setting")
    if mode == "CMYK":
        data = _pixels.of(bytes(data).translate(bytes(range(255, -1, -1))))
    quality = 75 if quality in (-1, 0) else min(100, max(1, quality))
    length = _pixels.call("image_encode_jpeg", data, width, height, len(mode), quality, *_SAMPLINGS[sampling])
    packed = _pixels.blank(length)
    _pixels.call("image_take", packed)
    x, y = (round(value) for value in params.get("dpi", (0, 0)))
    out = [b"\xff\xd8"]
    if mode == "CMYK":
        out.append(_segment(0xEE, b"Adobe\0\x64\0\0\0\0\0"))
    else:
        out.append(_segment(0xE0, struct.pack(">5sHBHHBB", b"JFIF\0", 0x0101, 1 if x and y else 0, x or 1, y or 1, 0, 0)))
    exif = params.get("exif")
    if exif:
        raw = exif.tobytes() if hasattr(exif, "tobytes") else bytes(exif)
        out.append(_segment(0xE1, raw if raw.startswith(b"Exif\0\0") else b"Exif\0\0" + raw))
    profile = params.get("icc_profile", image.info.get("icc_profile")) or b""
    pieces = [profile[i : i + 65519] for i in range(0, len(profile), 65519)]
    out += [_segment(0xE2, b"ICC_PROFILE\0" + bytes([i + 1, len(pieces)]) + piece) for i, piece in enumerate(pieces)]
    comment = params.get("comment", image.info.get("comment"))
    if comment:
        out.append(_segment(0xFE, comment.encode() if isinstance(comment, str) else comment))
    return b"".join(out) + packed.tobytes()
