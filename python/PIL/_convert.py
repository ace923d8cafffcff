"""Image.convert: from each mode to each other, on the ways that Pillow takes. No palette is chosen here: only grey becomes one."""

import warnings

from PIL import _pixels
from PIL._pixels import MODES, blank, cast, converted, picked

# A channel of the result for each letter: the channel of the source of that number, f for 255.
_PICKS = {
    ("1", "L"): "0", ("1", "RGB"): "000", ("1", "RGBA"): "000f", ("1", "RGBX"): "000f", ("1", "LA"): "0f",
    ("L", "RGB"): "000", ("L", "RGBA"): "000f", ("L", "RGBX"): "000f", ("L", "LA"): "0f",
    ("LA", "L"): "0", ("LA", "RGB"): "000", ("LA", "RGBX"): "0001", ("LA", "RGBA"): "0001",
    ("RGB", "RGBA"): "012f", ("RGB", "RGBX"): "012f",
    ("RGBA", "RGB"): "012", ("RGBX", "RGB"): "012", ("RGBX", "RGBA"): "012f", ("RGBA", "RGBX"): "012f",
    ("YCbCr", "L"): "0",
}
_KERNELS = {
    tuple(name.split(":"))
    for name in (
        "RGB:L RGBA:L RGBA:LA L:CMYK L:YCbCr RGB:HSV HSV:RGB RGB:CMYK CMYK:RGB RGB:YCbCr YCbCr:RGB RGBA:RGBa RGBa:RGBA LA:La La:LA"
    ).split()
}
# By way of another mode, whatever the source; and whatever the target.
_THROUGH = {
    ("1", "I"): "L", ("1", "F"): "L", ("1", "CMYK"): "L", ("LA", "CMYK"): "L", ("LA", "1"): "L", ("LA", "I"): "L", ("LA", "F"): "L",
    ("RGB", "LA"): "L", ("RGB", "I"): "L", ("L", "La"): "LA", ("RGB", "La"): "LA", ("RGBa", "RGB"): "RGBA", ("F", "I;16"): "L",
    ("RGB", "RGBa"): "RGBA",
    ("LA", "YCbCr"): "L", ("YCbCr", "LA"): "L",
}
_MIDDLES = {"L": "RGB", "1": "RGB", "LA": "RGB", "I": "L", "F": "L", "I;16": "L"}
_WIDE = {"L", "I", "F", "I;16"}
FLOYDSTEINBERG = 3


def pixels_of(data, size, source, target, dither=FLOYDSTEINBERG):
    """Pixels in another mode; None where there is no way."""
    if source == target:
        return data
    n = size[0] * size[1]
    a, b = MODES[source], MODES[target]
    if (source, target) in _PICKS:
        return picked(data, n, a.pixel_bytes, _PICKS[source, target])
    if (source, target) in _KERNELS:
        return converted(f"{source}:{target}", data, n, a.pixel_bytes, b.pixel_bytes)
    if (source, target) == ("L", "1"):
        if dither == 0:
            return _pixels.of(bytes(data).translate(_HALF))
        out = blank(n)
        _pixels.call("image_spread", data, *size, out)
        return out
    if (source, target) == ("RGB", "1"):
        return pixels_of(converted("RGB:grey", data, n, 3, 1), size, "L", "1", dither)
    if (source, target) == ("RGB", "F"):
        return converted("RGB:F", data, n, 3, 4)
    if source in _WIDE and target in _WIDE and (source, target) != ("F", "I;16"):
        return cast(data, n, a.letter, b.letter, b.pixel_bytes)
    middle = _THROUGH.get((source, target)) or _MIDDLES.get(source, "RGB")
    if middle in (source, target):
        return None
    between = pixels_of(data, size, source, middle, dither)
    return None if between is None else pixels_of(between, size, middle, target, dither)


_HALF = bytes([0] * 128 + [255] * 128)


def convert(image, mode, matrix, dither):
    """A new image; the caller has loaded this one."""
    transparency = image.info.get("transparency")
    if mode is None:
        mode = image.palette.mode if image.mode == "P" else image.mode
        if image.mode == "P" and mode == "RGB" and image.has_transparency_data:
            mode = "RGBA"
    if matrix:
        return _by_matrix(image, mode, matrix)
    if mode == image.mode:
        return image.copy()
    if mode not in MODES:
        raise ValueError("image has wrong mode")
    if mode in ("P", "PA") and image.mode not in ("L", "1", "P"):
        raise NotImplementedError(
            f"Image.convert({mode!r}) of {image.mode} is not available in Layerwise's PIL: it chooses no palettes. Expected an "
            "image of mode L or 1"
        )
    if image.mode in ("P", "PA"):
        return _from_palette(image, mode, transparency, dither)
    made = _plain(image, mode, dither)
    if transparency is not None:
        _carry_transparency(image, made, transparency)
    return made


def _plain(image, mode, dither):
    if mode in ("P", "PA"):
        return _grey_palette(image, mode)
    data = pixels_of(image._data, image.size, image.mode, mode, dither)
    if data is None:
        raise ValueError(f"conversion from {image.mode} to {mode} not supported")
    return image._with(data, mode=mode)


def _grey_palette(image, mode):
    from PIL.ImagePalette import ImagePalette

    made = image._with(image._data[:], mode="P")
    made.palette = ImagePalette("RGB", bytes(value for value in range(256) for _ in range(3)))
    return made if mode == "P" else made.convert("PA")


def _from_palette(image, mode, transparency, dither):
    palette = image.palette
    alpha = bytearray(palette.alpha().ljust(256, b"\xff"))
    if isinstance(transparency, bytes):
        alpha[: len(transparency)] = transparency
    elif isinstance(transparency, int):
        alpha[transparency] = 0
    rgb = palette.rgb()
    n = image.width * image.height
    indices = image._data if image.mode == "P" else picked(image._data, n, 2, "0")
    if mode in ("RGBA", "LA", "RGBa", "La", "PA"):
        entries = bytearray(1024)
        for c in range(3):
            entries[c::4] = rgb[c::3]
        entries[3::4] = alpha
        data = blank(n * 4)
        _pixels.call("image_palette", indices, n, _pixels.of(entries), 1024, 4, data)
        if image.mode == "PA":
            own = picked(image._data, n, 2, "1")
            _pixels.call("image_place", own, n, data, 4, 3)
        if mode == "PA":
            out = picked(indices, n, 1, "0f")
            _pixels.call("image_place", picked(data, n, 4, "3"), n, out, 2, 1)
            made = image._with(out, mode="PA")
            made.palette = palette.copy()
        else:
            made = image._with(pixels_of(data, image.size, "RGBA", mode, dither), mode=mode)
        made.info.pop("transparency", None)
        return made
    if mode == "P":
        made = image._with(indices, mode="P")
        made.palette = palette.copy()
        return made
    data = blank(n * 3)
    _pixels.call("image_palette", indices, n, _pixels.of(rgb), 768, 3, data)
    # Of a palette, black and white are its halves: no error is spread.
    made = image._with(pixels_of(data, image.size, "RGB", mode, 0 if mode == "1" else dither), mode=mode)
    if isinstance(transparency, bytes) and mode in ("L", "RGB"):
        warnings.warn("Palette images with Transparency expressed in bytes should be converted to RGBA images")
        made.info.pop("transparency", None)
    elif isinstance(transparency, int) and mode in ("L", "RGB"):
        colour = tuple(rgb[3 * transparency : 3 * transparency + 3])
        made.info["transparency"] = colour if mode == "RGB" else pixels_of(_pixels.of(bytes(colour)), (1, 1), "RGB", "L")[0]
    return made


def _carry_transparency(image, made, transparency):
    """The colour that is no colour becomes alpha, or stays a colour."""
    mode = made.mode
    if image.mode in ("1", "L", "RGB") and mode in ("LA", "RGBA", "La", "RGBa"):
        n = image.width * image.height
        if image.mode == "RGB":
            wanted = bytes(transparency if isinstance(transparency, tuple) else (transparency,) * 3)
            raw = bytes(image._data)
            hidden = bytes(0 if raw[i : i + 3] == wanted else 255 for i in range(0, len(raw), 3))
        else:
            table = bytearray(b"\xff" * 256)
            if isinstance(transparency, int) and 0 <= transparency < 256:
                table[transparency] = 0
            hidden = bytes(image._data).translate(table)
        place = len(mode) - 1
        _pixels.call("image_place", _pixels.of(hidden), n, made._data, place + 1, place)
        made.info.pop("transparency", None)
    elif image.mode in ("L", "RGB") and mode in ("L", "RGB"):
        colour = (transparency,) * 3 if isinstance(transparency, int) else tuple(transparency)
        one = pixels_of(_pixels.of(bytes(value & 255 for value in colour)), (1, 1), "RGB", mode)
        made.info["transparency"] = tuple(one) if mode == "RGB" else one[0]


def _by_matrix(image, mode, matrix):
    if mode not in ("L", "RGB") or image.mode not in ("RGB", "L"):
        raise ValueError("illegal conversion")
    if len(matrix) not in (4, 12):
        raise ValueError("matrix must have 4 or 12 numbers")
    import torch

    n = image.width * image.height
    pixels = torch.frombuffer(bytes(image._data), dtype=torch.uint8).reshape(n, len(image.mode)).to(torch.float32)
    table = torch.tensor(matrix, dtype=torch.float32).reshape(-1, 4)
    made = pixels @ table[:, : len(image.mode)].T + table[:, 3]
    data = (made + 0.5).clamp(0, 255).to(torch.uint8).numpy().tobytes()
    return image._with(_pixels.of(data), mode=mode)
