"""GIF files: the first of their pictures."""

import struct

from PIL import _pixels
from PIL.ImageFile import ImageFile, whole
from PIL.ImagePalette import ImagePalette

_GREY = bytes(value for value in range(256) for _ in range(3))


class GifImageFile(ImageFile):
    format = "GIF"
    format_description = "Compuserve GIF"

    def _read(self, data):
        self.info["version"] = data[:6]
        width, height, flags, background = struct.unpack_from("<HHBB", data, 6)
        self._size = (width, height)
        at, palette, self._frame, transparency = 13, b"", None, None
        if flags & 128:
            palette = data[at : at + (6 << (flags & 7))]
            at += 6 << (flags & 7)
            self.info["background"] = background
        frames = 0
        while at < len(data):
            kind = data[at]
            at += 1
            if kind == 0x3B:
                break
            if kind == 0x21:
                label, body, at = self._blocks(data, at + 1, data[at])
                if frames == 0:
                    transparency = self._extension(label, body, transparency)
            elif kind == 0x2C:
                frames += 1
                left, top, frame_width, frame_height, flags = struct.unpack_from("<HHHHB", data, at)
                at += 9
                own = b""
                if flags & 128:
                    own = data[at : at + (6 << (flags & 7))]
                    at += 6 << (flags & 7)
                bits = data[at]
                _, body, at = self._blocks(data, at + 1, 0)
                if frames == 1:
                    self._frame = (left, top, frame_width, frame_height, bool(flags & 64), bits, body)
                    palette = own or palette
        if self._frame is None:
            raise SyntaxError("no picture in the file")
        self.n_frames = frames
        self.is_animated = frames > 1
        left, top, frame_width, frame_height = self._frame[:4]
        self._size = (max(width, left + frame_width), max(height, top + frame_height))
        if transparency is not None:
            self.info["transparency"] = transparency
        self._transparency = transparency
        is_grey = all(palette[i : i + 3] == bytes([i // 3]) * 3 for i in range(0, len(palette), 3))
        self._mode = "L" if not palette or is_grey else "P"
        self.palette = ImagePalette("RGB", palette) if self._mode == "P" else None

    @staticmethod
    def _blocks(data, at, label):
        body = []
        while at < len(data) and data[at]:
            body.append(data[at + 1 : at + 1 + data[at]])
            at += 1 + data[at]
        return label, b"".join(body), at + 1

    def _extension(self, label, body, transparency):
        if label == 0xF9 and len(body) >= 4:
            if body[0] & 1:
                transparency = body[3]
            self.info["duration"] = struct.unpack_from("<H", body, 1)[0] * 10
        elif label == 0xFE:
            self.info["comment"] = self.info.get("comment", b"") + body
        elif label == 0xFF and body.startswith(b"NETSCAPE2.0") and len(body) >= 14 and body[11] == 1:
            self.info["loop"] = struct.unpack_from("<H", body, 12)[0]
            self.info["extension"] = (body[:11], 0)
        return transparency

    def seek(self, frame):
        if frame == 0:
            return
        if frame >= self.n_frames:
            raise EOFError("no more images in GIF file")
        raise NotImplementedError("PIL.Image.seek is not available in Layerwise's PIL: it reads the first picture of a file")

    def _decode(self, data):
        left, top, width, height, is_interlaced, bits, body = self._frame
        if not 1 <= bits <= 11:
            raise OSError(f"broken data stream when reading image file: codes of {bits} bits")
        out = _pixels.blank(width * height)
        answer = _pixels.call("image_decode_gif", _pixels.of(body), len(body), bits, out, len(out))
        self._frame = None
        if is_interlaced:
            rows = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)]
            raw, sorted_rows = bytes(out), [b""] * height
            for index, y in enumerate(rows):
                sorted_rows[y] = raw[index * width : (index + 1) * width]
            out = _pixels.of(b"".join(sorted_rows))
        if (left, top, width, height) != (0, 0, *self.size):
            under = self._transparency if self._transparency is not None else self.info.get("background", 0)
            target = _pixels.of(bytes([under]) * (self.width * self.height))
            _pixels.call("image_copy", out, width, height, 1, target, *self.size, left, top)
            out = target
        return out, whole(answer)
