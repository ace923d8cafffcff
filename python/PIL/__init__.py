"""PIL as far as code can be imported with it: names, enumerations and isinstance. Images themselves are refused by name: decoding
and drawing are compiled code. Image tensors do without it."""

__version__ = "12.3.0"


def refuse(place, name):
    """A function, or a class whose making, says that it is not here."""

    def refused(*args, **kwargs):
        raise NotImplementedError(
            f"{place}.{name} is not available: Pillow is compiled code, and images are tensors in Layerwise"
        )

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
    """What Image.open raises for a file that is no image."""
