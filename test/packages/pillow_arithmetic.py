"""PIL.Image in memory: modes, sizes, turns, tones and filters of pictures made by formula. Prints sums of all pixels."""

import io
import pickle
import zlib

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageEnhance, ImageFilter, ImageOps, ImageStat


def noise(count, seed):
    """Bytes of a linear congruence: the same everywhere."""
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1103515245 + 12345) % (1 << 31)
        out.append(state >> 16 & 255)
    return bytes(out)


def picture(mode, size, seed=1):
    """Slopes with noise on them."""
    width, height = size
    channels = len(mode) if mode in ("L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "HSV") else 3 if mode == "YCbCr" else 1
    raw = noise(width * height * channels, seed)
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                data.append((x * (3 + c) + y * (5 - c) + raw[len(data)] // 3) % 256)
    return Image.frombytes(mode, size, bytes(data))


_line = [None]


def show(name, made):
    """Its sum, in a line with those of its kind before it."""
    palette = bytes(made.getpalette()) if made.mode == "P" else b""
    kind = f"{name.partition(' ')[0]} {made.mode} {made.size}".replace(" ", "") + ":"
    if kind != _line[0]:
        end()
        _line[:] = [kind]
    _line.append(f"{zlib.crc32(made.tobytes() + palette):08x}")


def end():
    if _line[0]:
        print(*_line)
    _line[:] = [None]


def say(*values):
    end()
    print(*values)


def attempt(name, make):
    try:
        made = make()
    except Exception as error:
        say(name, type(error).__name__, error)
        return
    show(name, made)


SIZE = (37, 29)
grey, rgb, rgba = picture("L", SIZE), picture("RGB", SIZE, 2), picture("RGBA", SIZE, 3)
wide = Image.fromarray((np.arange(37 * 29) * 61 % 65536).astype(np.uint16).reshape(29, 37))
integers = Image.fromarray(((np.arange(37 * 29) * 7919 % 3000) - 1000).astype(np.int32).reshape(29, 37))
floats = Image.fromarray(((np.arange(37 * 29) * 7919 % 3000).astype(np.float32) / 8 - 50).reshape(29, 37))
bits = grey.convert("1")
palette = grey.convert("P")
palette.putpalette([v for i in range(256) for v in (i, 255 - i, i * 7 % 256)])
cmyk, hsv, ycc, la = picture("CMYK", SIZE, 4), picture("HSV", SIZE, 5), picture("YCbCr", SIZE, 6), picture("LA", SIZE, 7)
every = {"L": grey, "RGB": rgb, "RGBA": rgba, "LA": la, "1": bits, "P": palette, "I;16": wide, "I": integers, "F": floats, "CMYK": cmyk,
         "HSV": hsv, "YCbCr": ycc}

say("modes")
for name, image in every.items():
    show(name, image)
    told = image.__array_interface__
    say(told["shape"], told["typestr"], image.getbands(), image.getextrema(), image.getbbox(), image.getpixel((3, 4)))
    say(np.asarray(image).dtype, np.asarray(image).shape, np.asarray(image).sum(), np.asarray(image)[5, 6])
    again = pickle.loads(pickle.dumps(image))
    say(again == image, again.tobytes() == image.tobytes())

say("conversions")
for source, image in every.items():
    for target in ("1", "L", "LA", "RGB", "RGBA", "I", "F", "CMYK", "HSV", "YCbCr", "I;16", "RGBX"):
        if target == "I;16" and source not in ("L", "I", "F"):
            continue
        attempt(f"{source} to {target}", lambda: image.convert(target))
show("no dither", grey.convert("1", dither=Image.Dither.NONE))
show("grey palette", grey.convert("P"))
attempt("unknown", lambda: rgb.convert("XX"))

say("sizes")
for name in ("L", "RGB", "RGBA", "LA", "1", "P", "I;16", "I", "F", "CMYK"):
    for size in ((20, 15), (80, 61), (37, 60), (5, 29), (1, 1), (111, 3)):
        for resample in range(6):
            attempt(f"{name} {size} {resample}", lambda: every[name].resize(size, resample))
for box in ((1.5, 2.25, 30.75, 28.5), (10, 10, 20, 20), (0, 0, 37, 10.5)):
    for resample in range(6):
        show(f"{box} {resample}", rgb.resize((16, 16), resample, box))
large = picture("RGB", (301, 203), 9)
for gap in (1.0, 2.0, 3.0):
    for resample in (1, 2, 3, 4):
        show(f"gap {gap} {resample}", large.resize((31, 20), resample, reducing_gap=gap))
for factor in (2, 3, (4, 1), (1, 5), 7, (100, 100)):
    for name in ("L", "RGB", "RGBA", "I", "F"):
        attempt(f"reduce {name} {factor}", lambda: every[name].reduce(factor))
show("reduce box", large.reduce((3, 2), (5, 6, 200, 201)))
for size in ((50, 50), (100, 10), (1000, 1000), (7.5, 300)):
    made = large.copy()
    made.thumbnail(size)
    show(f"thumbnail {size}", made)
attempt("nothing", lambda: rgb.resize((0, 5)))
attempt("filter", lambda: rgb.resize((5, 5), 17))
attempt("gap", lambda: rgb.resize((5, 5), reducing_gap=0.5))
attempt("box", lambda: rgb.resize((5, 5), box=(0, 0, 99, 5)))

say("places")
for box in ((3, 4, 20, 21), (-5, -6, 10, 12), (30, 20, 50, 40), (2.4, 2.6, 9.5, 10.5)):
    for name, image in every.items():
        show(f"crop {name} {box}", image.crop(box))
attempt("crop", lambda: rgb.crop((5, 5, 1, 9)))
for method in range(7):
    for name, image in every.items():
        show(f"transpose {name} {method}", image.transpose(method))
for angle in (0, 17, 45, 90, 133.7, 180, 270, -30, 360):
    for resample in (0, 2, 3):
        for expand in (False, True):
            for name in ("L", "RGB", "RGBA", "P", "F", "I"):
                show(f"rotate {name} {angle} {resample} {expand}", every[name].rotate(angle, resample, expand))
show("center", rgb.rotate(30, 2, center=(3, 4), translate=(5, -2), fillcolor=(9, 8, 7)))
show("fill", rgba.rotate(30, 0, fillcolor=(9, 8, 7, 100)))
for resample in (0, 2, 3):
    for name in ("L", "RGB", "RGBA", "P"):
        image = every[name]
        show("affine", image.transform((40, 30), Image.AFFINE, (0.9, 0.2, -3, -0.1, 1.1, 2), resample))
        show("scale", image.transform((40, 30), Image.AFFINE, (0.5, 0, 3, 0, 0.7, 2), resample))
        show("extent", image.transform((25, 19), Image.EXTENT, (2, 3, 30.5, 21.25), resample))
        show("perspective", image.transform(SIZE, Image.PERSPECTIVE, (1.1, 0.1, -2, 0.05, 0.9, 1, 0.001, -0.002), resample))
        show("quad", image.transform((20, 20), Image.QUAD, (1, 2, 3, 25, 35, 28, 30, 1), resample))
        show("filled", image.transform((50, 50), Image.AFFINE, (1, 0, -5, 0, 1, -5), resample, fillcolor=3))
attempt("box cannot", lambda: rgb.rotate(10, 4))

say("two")
other = picture("RGB", SIZE, 11)
for alpha in (0.0, 0.25, 0.5, 0.999, 1.0, 1.7, -0.6):
    show(f"blend {alpha}", Image.blend(rgb, other, alpha))
show("composite", Image.composite(rgb, other, grey))
show("composite", Image.composite(rgb, other, bits))
show("over", Image.alpha_composite(rgba, picture("RGBA", SIZE, 12)))
for mask in (None, grey.crop((0, 0, 10, 12)), rgba.crop((0, 0, 10, 12)), bits.crop((0, 0, 10, 12))):
    for place in ((3, 4), (-4, -5), (33, 25)):
        made = rgb.copy()
        made.paste(other.crop((0, 0, 10, 12)), place, mask)
        show(f"paste {place}", made)
made = rgb.copy()
made.paste((1, 2, 3), (4, 5, 20, 22))
made.paste("red", (0, 0), grey.crop((5, 5, 9, 9)))
show("paste colour", made)
made = rgba.copy()
made.alpha_composite(picture("RGBA", (9, 8), 13), (3, 4), (1, 2))
show("alpha_composite", made)
attempt("not alike", lambda: Image.blend(rgb, grey, 0.5))
show("merge", Image.merge("RGB", [grey, other.getchannel("G"), rgb.getchannel(2)]))
show("merge", Image.merge("RGBA", list(rgba.split())))
attempt("merge", lambda: Image.merge("RGB", [grey]))
made = rgb.copy()
made.putalpha(grey)
show("putalpha", made)
made = grey.copy()
made.putalpha(77)
show("putalpha", made)
for name in ("add", "subtract", "add_modulo", "subtract_modulo", "difference", "multiply", "screen", "lighter", "darker"):
    show(name, getattr(ImageChops, name)(rgb, other))
show("add", ImageChops.add(rgb, other, 1.7, -12))
show("subtract", ImageChops.subtract(rgb, other, 0.5, 30))
show("invert", ImageChops.invert(rgba))
show("offset", ImageChops.offset(rgb, 5, -7))

say("values")
show("point", rgb.point(lambda v: v * 1.3 + 10))
show("point", grey.point([255 - i for i in range(256)]))
show("point", grey.point(lambda v: 255 if v > 99 else 0, "1"))
show("point", floats.point(lambda v: v * 2 + 1))
show("point", integers.point(lambda v: v * 2 - 7))
attempt("point", lambda: rgb.point([1]))
say(zlib.crc32(repr(rgb.histogram()).encode()), zlib.crc32(repr(grey.histogram(bits)).encode()), round(grey.entropy(), 9))
stat = ImageStat.Stat(rgb)
say(stat.count, stat.sum, stat.sum2, stat.mean, stat.median, stat.rms, stat.var, stat.stddev, stat.extrema)
say(ImageStat.Stat(grey, bits).mean, grey.getcolors() is None, sorted(bits.getcolors()))
made = rgb.copy()
made.putpixel((1, 2), (7, 8, 9))
pixels = made.load()
pixels[3, 4] = (70, 80, 90)
say(pixels[1, 2], made.getpixel((-1, -1)), list(made.getdata())[39:42])
made = Image.new("L", (4, 3))
made.putdata([1, 2, 3, 300, -5, 6, 7], 2.0, 1.0)
say(list(made.getdata()))
attempt("outside", lambda: made.getpixel((9, 9)))

say("enhance")
for kind in ("Brightness", "Contrast", "Color", "Sharpness"):
    for name in ("L", "RGB", "RGBA"):
        for factor in (0.0, 0.3, 1.0, 1.9):
            show(f"{kind} {name} {factor}", getattr(ImageEnhance, kind)(every[name]).enhance(factor))

say("ops")
for name in ("L", "RGB"):
    image = every[name]
    for cutoff in (0, 5, (2, 20)):
        show("autocontrast", ImageOps.autocontrast(image, cutoff))
    show("autocontrast", ImageOps.autocontrast(image, 1, ignore=0))
    show("equalize", ImageOps.equalize(image))
    show("invert", ImageOps.invert(image))
    for n in (1, 3, 8):
        show("posterize", ImageOps.posterize(image, n))
    show("solarize", ImageOps.solarize(image, 100))
    show("expand", ImageOps.expand(image, (1, 2, 3, 4), 9))
    show("crop", ImageOps.crop(image, 3))
    for method in (0, 2, 3):
        show("fit", ImageOps.fit(image, (20, 20), method, 0.1, (0.3, 0.8)))
        show("pad", ImageOps.pad(image, (50, 20), method, 5, (0.1, 0.5)))
        show("contain", ImageOps.contain(image, (30, 11), method))
        show("cover", ImageOps.cover(image, (30, 11), method))
        show("scale", ImageOps.scale(image, 1.7, method))
show("grayscale", ImageOps.grayscale(rgb))
show("colorize", ImageOps.colorize(grey, "blue", "#ff8800"))
show("colorize", ImageOps.colorize(grey, "black", "white", "red", 10, 240, 99))
show("flip", ImageOps.flip(rgb))
show("mirror", ImageOps.mirror(rgb))
show("expand", ImageOps.expand(palette, 2, 3))

say("filters")
for name in ("BLUR", "CONTOUR", "DETAIL", "EDGE_ENHANCE", "EDGE_ENHANCE_MORE", "EMBOSS", "FIND_EDGES", "SHARPEN", "SMOOTH", "SMOOTH_MORE"):
    for mode in ("L", "RGB", "RGBA"):
        show(f"{name} {mode}", every[mode].filter(getattr(ImageFilter, name)))
for radius in (0.3, 1, 2.5, 7, (1, 3)):
    show(f"gaussian {radius}", rgb.filter(ImageFilter.GaussianBlur(radius)))
    show(f"box {radius}", rgb.filter(ImageFilter.BoxBlur(radius)))
show("gaussian", grey.filter(ImageFilter.GaussianBlur(30)))
show("kernel", rgb.filter(ImageFilter.Kernel((3, 3), range(9), 20, 3)))
show("kernel", rgb.filter(ImageFilter.Kernel((5, 5), range(25), 200, -3)))
show("unsharp", rgb.filter(ImageFilter.UnsharpMask(2, 150, 3)))
for kind in ("MedianFilter", "MinFilter", "MaxFilter", "ModeFilter"):
    for size in (3, 5):
        show(f"{kind} {size}", rgb.filter(getattr(ImageFilter, kind)(size)))

say("colours")
for colour in ("red", "#123", "#abcdef80", "rgb(1,2,3)", "rgb(10%,20%,30%)", "hsl(120,50%,50%)", "hsv(200, 30%, 90%)", "rebeccapurple"):
    say(colour, ImageColor.getrgb(colour), ImageColor.getcolor(colour, "L"), ImageColor.getcolor(colour, "RGBA"))
for mode, colour in (("L", 77), ("RGB", "orange"), ("RGBA", (1, 2, 3)), ("LA", (5, 6)), ("1", 1), ("I", 70000), ("F", 0.5), ("P", 3),
                     ("CMYK", (1, 2, 3, 4)), ("I;16", 40000), ("RGB", 0x010203)):
    show(f"new {mode}", Image.new(mode, (3, 2), colour))
attempt("colour", lambda: Image.new("RGB", (2, 2), "nothing"))
attempt("mode", lambda: Image.new("XX", (2, 2)))
attempt("size", lambda: Image.new("L", (-2, 2)))

say("arrays")
for dtype in ("uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64", "bool"):
    array = np.array([[0, 1, 2], [3, 100, 5]]).astype(dtype)
    attempt(dtype, lambda: Image.fromarray(array))
for channels in (2, 3, 4, 5):
    attempt(str(channels), lambda: Image.fromarray(np.arange(6 * channels, dtype=np.uint8).reshape(2, 3, channels)))
attempt("complex", lambda: Image.fromarray(np.zeros((2, 2), np.complex64)))
attempt("short", lambda: Image.frombytes("RGB", (2, 2), b"abc"))
show("bytes", Image.frombytes("RGB", (2, 1), b"abcdef", "raw", "BGR"))
show("bits", Image.frombytes("1", (10, 2), b"\xaa\x80\x55\x40"))
say(repr(rgb)[:46], Image.MAX_IMAGE_PIXELS, rgb == rgb.copy(), rgb == other, rgb.info, rgb.format)
end()
