"""PIL.ImageEnhance: a picture mixed with a plainer one of itself; a factor of 1 is the picture."""

from PIL import Image, ImageFilter, ImageStat


class _Enhance:
    def enhance(self, factor):
        return Image.blend(self.degenerate, self.image, factor)

    def _keep_alpha(self, image):
        if "A" in image.getbands():
            self.degenerate.putalpha(image.getchannel("A"))


class Color(_Enhance):
    def __init__(self, image):
        self.image = image
        self.intermediate_mode = "LA" if "A" in image.getbands() else "L"
        grey = image if self.intermediate_mode == image.mode else image.convert(self.intermediate_mode)
        self.degenerate = grey.convert(image.mode) if image.mode != self.intermediate_mode else grey


class Contrast(_Enhance):
    def __init__(self, image):
        self.image = image
        grey = image if image.mode == "L" else image.convert("L")
        mean = int(ImageStat.Stat(grey).mean[0] + 0.5)
        plain = Image.new("L", image.size, mean)
        self.degenerate = plain if image.mode == "L" else plain.convert(image.mode)
        self._keep_alpha(image)


class Brightness(_Enhance):
    def __init__(self, image):
        self.image = image
        self.degenerate = Image.new(image.mode, image.size, 0)
        self._keep_alpha(image)


class Sharpness(_Enhance):
    def __init__(self, image):
        self.image = image
        self.degenerate = image.filter(ImageFilter.SMOOTH)
        self._keep_alpha(image)
