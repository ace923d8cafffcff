"""Write test/packages/pictures: small pictures of every kind that PIL reads, made by formula and written by the real Pillow, or by
hand where Pillow writes none (interlaced, few bits, cut short, sums that do not fit).

Run it under a Python that has Pillow and NumPy: python tools/goldens_pictures.py"""

import io
import pathlib
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "test" / "packages" / "pictures"
SIZE, SMALL = (37, 29), (23, 17)
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def noise(count, seed):
    """Bytes of a linear congruence."""
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1103515245 + 12345) % (1 << 31)
        out.append(state >> 16 & 255)
    return bytes(out)


def rough(mode, size, seed):
    width, height = size
    channels = len(mode)
    raw = np.frombuffer(noise(width * height * channels, seed), np.uint8).reshape(height, width, channels) // 3
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return Image.frombytes(mode, size, ((x * (3 + c) + y * (5 - c) + raw) % 256).astype(np.uint8).tobytes())


def soft(mode, size, seed):
    y, x, c = np.mgrid[0 : size[1], 0 : size[0], 0 : len(mode)]
    waves = np.sin((x + seed) / (4 + c)) * 60 + np.cos((y - seed) / (6 - c)) * 50 + 128 + (x * 7 + y * 13 + c * 5) % 11
    return Image.frombytes(mode, size, np.clip(waves, 0, 255).astype(np.uint8).tobytes())


def write(name, data):
    (FOLDER / name).write_bytes(data)


def read(name):
    return (FOLDER / name).read_bytes()


def chunk(name, body):
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(name, width, height, bits, colour, packed, interlaced=0, extra=b""):
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([bits, colour, 0, 0, interlaced])
    write(name, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def packed_row(row, bits):
    if bits == 8:
        return bytes(row)
    if bits == 16:
        return b"".join(bytes([v, (int(v) * 3 + 1) & 255]) for v in row)
    digits = "".join(format(int(v) >> (8 - bits), f"0{bits}b") for v in row)
    digits += "0" * (-len(digits) % 8)
    return bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits), 8))


def of_few_bits():
    width, height = 19, 13
    for bits, colour, n in ((2, 0, 1), (4, 0, 1), (16, 2, 3), (16, 4, 2), (16, 6, 4), (8, 2, 3), (1, 0, 1), (2, 3, 1)):
        samples = np.frombuffer(noise(width * height * n, bits + colour), np.uint8).reshape(height, width, n)
        extra = chunk(b"PLTE", noise(12, 5)) if colour == 3 else b""
        rows = b"".join(b"\0" + packed_row(row.reshape(-1), bits) for row in samples)
        png(f"b{bits}c{colour}.png", width, height, bits, colour, zlib.compress(rows, 9), 0, extra)
        rows = b""
        for x0, y0, dx, dy in ADAM7:
            above = b""
            for row in samples[y0::dy, x0::dx]:
                plain = packed_row(row.reshape(-1), bits)
                rows += b"\2" + bytes((v - (above[i] if above else 0)) & 255 for i, v in enumerate(plain)) if plain else b""
                above = plain
        png(f"b{bits}c{colour}i.png", width, height, bits, colour, zlib.compress(rows, 9), 1, extra)


def jpegs(exif):
    rgb = soft("RGB", SIZE, 3)
    for sampling, name in enumerate(("j444", "j422", "j420")):
        rgb.save(FOLDER / f"{name}.jpg", quality=85, subsampling=sampling)
    rgb.save(FOLDER / "progressive.jpg", quality=80, progressive=True, subsampling=2)
    rgb.save(FOLDER / "restarts.jpg", quality=60, restart_marker_blocks=2, subsampling=1)
    soft("L", SIZE, 5).save(FOLDER / "grey.jpg", quality=70)
    soft("L", (64, 48), 5).save(FOLDER / "grey_progressive.jpg", quality=40, progressive=True)
    soft("CMYK", SIZE, 7).save(FOLDER / "cmyk.jpg", quality=75)
    # 4:4:0: two blocks of luma, one above the other instead of side by side.
    file = io.BytesIO()
    soft("RGB", (48, 48), 2).save(file, "JPEG", quality=80, subsampling=1)
    data = bytearray(file.getvalue())
    start = data.find(b"\xff\xc0")
    assert data[start + 11] == 0x21
    data[start + 11] = 0x12
    write("j440.jpg", data)
    rgb.save(FOLDER / "turned.jpg", quality=75, exif=exif, dpi=(150, 150), comment=b"a comment", icc_profile=b"not a profile")
    soft("RGB", (163, 121), 9).save(FOLDER / "large.jpg", quality=50)
    write("cut.jpg", read("j420.jpg")[:-80])
    write("no_end.jpg", read("j420.jpg")[:-2])
    data = read("progressive.jpg")
    write("cut_progressive.jpg", data[: len(data) // 2])


def pngs(exif, palette):
    grey, rgb = rough("L", SMALL, 1), rough("RGB", SMALL, 2)
    grey.save(FOLDER / "grey.png")
    rgb.save(FOLDER / "rgb.png")
    rough("RGBA", SMALL, 3).save(FOLDER / "rgba.png")
    rough("LA", SMALL, 4).save(FOLDER / "la.png")
    grey.convert("1").save(FOLDER / "bits.png")
    Image.fromarray((np.arange(37 * 29) * 61 % 65536).astype(np.uint16).reshape(29, 37)).save(FOLDER / "sixteen.png")
    palette.save(FOLDER / "palette4.png", transparency=3, bits=4)
    palette.save(FOLDER / "palette_alpha.png", transparency=bytes(range(0, 256, 16)), bits=8)
    grey.save(FOLDER / "clear_grey.png", transparency=20)
    rgb.save(FOLDER / "clear_rgb.png", transparency=rgb.getpixel((3, 4)))
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a text")
    info.add_text("Long", "more " * 20, zip=True)
    info.add_itxt("Wide", "ä中", "de", "Weit")
    rgb.crop((0, 0, 9, 8)).save(FOLDER / "texts.png", pnginfo=info, dpi=(72, 72), exif=exif)
    of_few_bits()
    data = read("rgb.png")
    write("cut.png", data[: len(data) * 2 // 3])
    write("bad_sum.png", data[:30] + b"\0" + data[31:])
    # More pixels than are read at all, and more than are read without a warning.
    png("bomb.png", 20000, 20000, 8, 2, b"")
    png("large.png", 10000, 10000, 8, 2, b"")


def others(exif, palette):
    grey, rgb, rgba = rough("L", SMALL, 1), rough("RGB", SMALL, 2), rough("RGBA", SMALL, 3)
    for name, image in (("rgb", rgb), ("grey", grey), ("bits", grey.convert("1")), ("palette", palette), ("rgba", rgba)):
        image.save(FOLDER / f"{name}.bmp")
    rgb.save(FOLDER / "rgb.ppm")
    grey.save(FOLDER / "grey.pgm")
    grey.convert("1").save(FOLDER / "bits.pbm")
    write("text.ppm", b"P3\n# made by hand\n3 2\n100\n" + b" ".join(b"%d" % (i * 5) for i in range(18)))
    write("wide.pgm", b"P5 3 2 1000\n" + b"".join(v.to_bytes(2, "big") for v in (0, 100, 500, 999, 1000, 7)))
    palette.save(FOLDER / "palette.gif")
    palette.save(FOLDER / "clear.gif", transparency=3, comment=b"word", interlace=1)
    grey.save(FOLDER / "grey.gif")
    turned = palette.rotate(90)
    palette.save(FOLDER / "frames.gif", save_all=True, append_images=[turned], duration=70, loop=2)
    soft("RGB", (60, 50), 3).save(FOLDER / "lossy.webp", quality=60)
    rgba.save(FOLDER / "lossless.webp", lossless=True)
    veiled = soft("RGB", SIZE, 3).convert("RGBA")
    veiled.putalpha(soft("L", SIZE, 8))
    veiled.save(FOLDER / "alpha.webp", quality=70, exif=exif)
    write("none.png", b"no picture")
    write("empty.jpg", b"")
    write("tiff.tif", b"II*\0\x08\0\0\0\0\0")


def main():
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "Layerwise", 72.0
    palette = rough("L", SMALL, 1).point(lambda v: v // 16).convert("P")
    palette.putpalette([v for i in range(16) for v in (i * 16, 255 - i * 16, i * 7)])
    jpegs(exif)
    pngs(exif, palette)
    others(exif, palette)
    files = list(FOLDER.iterdir())
    print(f"{len(files)} pictures, {sum(file.stat().st_size for file in files)} bytes")


if __name__ == "__main__":
    main()
