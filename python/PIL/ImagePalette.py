"""PIL.ImagePalette: the colours of an image of indices. Chooses none: colours are added as they come."""


class ImagePalette:
    """Entries of one colour each, channel by channel, as bytes."""

    def __init__(self, mode="RGB", palette=None):
        self.mode = mode
        self.rawmode = None
        self.palette = bytearray(palette or b"")
        self.dirty = None

    @property
    def colors(self):
        step = len(self.mode)
        found = {}
        for index in range(0, len(self.palette), step):
            found.setdefault(tuple(self.palette[index : index + step]), index // step)
        return found

    def copy(self):
        return ImagePalette(self.mode, self.palette)

    def getdata(self):
        return self.mode, bytes(self.palette)

    def tobytes(self):
        return bytes(self.palette)

    tostring = tobytes

    def getcolor(self, color, image=None):
        if isinstance(color, tuple):
            if self.mode == "RGB" and len(color) == 4:
                if color[3] != 255:
                    raise ValueError("cannot add non-opaque RGBA color to RGB palette")
                color = color[:3]
            elif self.mode == "RGBA" and len(color) == 3:
                color += (255,)
            known = self.colors
            if color in known:
                return known[color]
            if len(self.palette) >= 256 * len(self.mode):
                raise ValueError("cannot allocate more than 256 colors")
            self.palette += bytes(color)
            return len(self.palette) // len(self.mode) - 1
        raise ValueError(f"unknown color specifier: {color!r}")

    def rgb(self):
        """256 entries of three bytes: those that are not there are black."""
        step = len(self.mode)
        channels = [self.palette[c : 256 * step : step] for c in range(3)]
        out = bytearray(768)
        for c, channel in enumerate(channels):
            out[c : c + 3 * len(channel) : 3] = channel
        return bytes(out)

    def alpha(self):
        return bytes(self.palette[3::4]) if self.mode == "RGBA" else b""
