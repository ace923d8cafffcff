"""PIL.ImageFile: a picture that lies in a file until its pixels are asked for."""

import struct

from PIL import _pixels, refusing
from PIL.Image import Image

# Take what is there of a file that ends too soon; the rest stays black or what its decoder makes of it.
LOAD_TRUNCATED_IMAGES = False


class ImageFile(Image):
    """An opened file. What a format adds: `_read`, which fills in mode, size and information, and `_decode`, which gives pixels."""

    def __init__(self, data):
        super().__init__()
        self.filename = ""
        self._file = data
        self._pixels = None
        self._read(data)

    def _read(self, data):
        raise NotImplementedError

    def _decode(self, data):
        """(pixels, was all of it there?)"""
        raise NotImplementedError

    def load(self):
        if self._pixels is None and self._file is not None:
            try:
                pixels, is_whole = self._decode(self._file)
            except (ValueError, IndexError, OverflowError, struct.error) as error:
                raise OSError(f"broken data stream when reading image file: {error}") from None
            if not is_whole and not LOAD_TRUNCATED_IMAGES:
                raise OSError("image file is truncated")
            self._pixels = pixels
            self._file = None
        return super().load()

    def verify(self):
        if self._file is None and self._pixels is None:
            raise RuntimeError("verify must be called directly after open")
        self._file = None

    def close(self):
        super().close()
        self._file = None

    def copy(self):
        self.load()
        return super().copy()


def whole(answer):
    """Did a decoder find all that there should be?"""
    return answer != _pixels.CUT_SHORT


__getattr__ = refusing("PIL.ImageFile", "Parser PyDecoder PyEncoder StubImageFile")
