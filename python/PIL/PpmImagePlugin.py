"""PBM, PGM and PPM files, as bytes or as text."""

from PIL import ImageFile as ImageFileModule
from PIL import _pixels
from PIL.ImageFile import ImageFile

_MODES = {b"P1": "1", b"P2": "L", b"P3": "RGB", b"P4": "1", b"P5": "L", b"P6": "RGB"}


class PpmImageFile(ImageFile):
    format = "PPM"
    format_description = "Pbmplus image"

    def _read(self, data):
        magic = data[:2]
        if magic not in _MODES:
            raise SyntaxError("not a PPM file")
        self._mode, self._kind = _MODES[magic], magic
        numbers, at = [], 2
        while len(numbers) < (2 if self._mode == "1" else 3):
            word, at = self._word(data, at)
            numbers.append(int(word))
        self._start = at
        self._size = (numbers[0], numbers[1])
        self._most = 1 if self._mode == "1" else numbers[2]
        if not 0 < self._most < 65536:
            raise SyntaxError("maxval must be greater than 0 and less than 65536")
        if self._most > 255 and self._mode == "L":
            self._mode = "I"

    @staticmethod
    def _word(data, at):
        """A number of the header, and where what follows its one blank begins."""
        while data[at : at + 1].isspace() or data[at : at + 1] == b"#":
            at = data.index(b"\n", at) + 1 if data[at : at + 1] == b"#" else at + 1
        end = at
        while end < len(data) and not data[end : end + 1].isspace():
            end += 1
        return data[at:end], end + 1

    def _decode(self, data):
        width, height = self.size
        channels = 3 if self._mode == "RGB" else 1
        n = width * height * channels
        raw = data[self._start :]
        if self._kind == b"P4":
            row_bytes = (width + 7) // 8
            is_whole = len(raw) >= row_bytes * height
            if not is_whole and not ImageFileModule.LOAD_TRUNCATED_IMAGES:
                return None, False
            return _pixels.unpacked_bits(raw.ljust(row_bytes * height, b"\0"), width, height, True), is_whole
        if self._kind in (b"P1", b"P2", b"P3"):
            words = b" ".join(line.partition(b"#")[0] for line in raw.split(b"\n")).split()
            values = [int(c) for c in b"".join(words).decode()] if self._kind == b"P1" else list(map(int, words))
        elif self._most > 255:
            values = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, min(len(raw), 2 * n), 2)]
        else:
            values = raw[:n]
        is_whole = len(values) >= n
        if not is_whole and not ImageFileModule.LOAD_TRUNCATED_IMAGES:
            return None, False
        values = list(values[:n]) + [0] * (n - len(values))
        if self._mode == "1":
            return _pixels.of(bytes(0 if value else 255 for value in values)), is_whole
        if self._mode == "I":
            import array

            scaled = array.array("i", (min(65535, round(value / self._most * 65535)) for value in values))
            return _pixels.of(scaled.tobytes()), is_whole
        if self._most == 255:
            return _pixels.of(bytes(values)), is_whole
        return _pixels.of(bytes(min(255, round(value / self._most * 255)) for value in values)), is_whole


def encode(image, params):
    if image.mode == "RGBA":
        image = image._with(_pixels.picked(image._data, image.width * image.height, 4, "012"), mode="RGB")
    if image.mode not in ("1", "L", "RGB", "I", "I;16"):
        raise OSError(f"cannot write mode {image.mode} as PPM")
    size = b"%d %d\n" % image.size
    if image.mode == "1":
        return b"P4\n" + size + _pixels.packed_bits(_pixels.of(bytes(image._data).translate(bytes(range(255, -1, -1)))), *image.size)
    if image.mode in ("L", "RGB"):
        return (b"P5\n" if image.mode == "L" else b"P6\n") + size + b"255\n" + image._data.tobytes()
    n = image.width * image.height
    data = image._data if image.mode == "I;16" else _pixels.cast(image._data, n, "i", "H", 2)
    return b"P5\n" + size + b"65535\n" + _pixels.picked(data, n, 2, "10").tobytes()
