"""PIL.ImageStat: counts, sums and means of each channel of a picture."""

import math
from functools import cached_property


class Stat:
    """Of an image (where a mask says, if one is given), or of a histogram."""

    def __init__(self, image_or_list, mask=None):
        is_list = isinstance(image_or_list, list)
        self.h = image_or_list if is_list else image_or_list.histogram(mask)
        if not isinstance(self.h, list):
            raise TypeError("first argument must be image or list")
        self.bands = list(range(len(self.h) // 256))

    def _band(self, band):
        return self.h[256 * band : 256 * band + 256]

    @cached_property
    def extrema(self):
        def ends(counts):
            there = [value for value, count in enumerate(counts) if count]
            return (there[0], there[-1]) if there else (255, 0)

        return [ends(self._band(band)) for band in self.bands]

    @cached_property
    def count(self):
        return [sum(self._band(band)) for band in self.bands]

    @cached_property
    def sum(self):
        return [float(sum(value * count for value, count in enumerate(self._band(band)))) for band in self.bands]

    @cached_property
    def sum2(self):
        return [float(sum(value * value * count for value, count in enumerate(self._band(band)))) for band in self.bands]

    @cached_property
    def mean(self):
        return [total / n if n else 0 for total, n in zip(self.sum, self.count)]

    @cached_property
    def median(self):
        found = []
        for band in self.bands:
            seen, half = 0, self.count[band] // 2
            for value, count in enumerate(self._band(band)):
                seen += count
                if seen > half:
                    break
            found.append(value)
        return found

    @cached_property
    def rms(self):
        return [math.sqrt(total / n) if n else 0 for total, n in zip(self.sum2, self.count)]

    @cached_property
    def var(self):
        rows = zip(self.sum, self.sum2, self.count)
        return [(squares - total**2.0 / n) / n if n else 0 for total, squares, n in rows]

    @cached_property
    def stddev(self):
        return [math.sqrt(value) for value in self.var]


Global = Stat
