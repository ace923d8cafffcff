"""PIL as training and evaluation code uses it: pictures of PNG, JPEG, WebP, GIF, BMP and PNM files, resized, turned, converted
and saved with the pixels that Pillow gives. Drawing, fonts, choosing palettes and other kinds of files are refused by name."""

__version__ = "12.3.0"


def refuse(place, name):
    """A function, or a class whose making, says that it is not here."""

    def refused(*args, **kwargs):
        raise NotImplementedError(f"{place}.{name} is not available in Layerwise's PIL, which reads, converts and resizes pictures")

    if name[0].isupper():
        return type(name, (), {"__init__": refused, "__module__": place})
    refused.__name__ = refused.__qualname__ = name
    return refused


def refusing(place, names):
    """A module's __getattr__: the named functions refuse when they are called, anything else does not exist."""
    known = frozenset(names.split())

    def __getattr__(name):
        if name in known:
            return refuse(place, name)
        raise AttributeError(f"module {place!r} has no attribute {name!r}")

    return __getattr__


class UnidentifiedImageError(OSError):
    """What Image.open raises for a file that is no image, or of a kind that is not read."""
