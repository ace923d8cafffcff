"""The operators behind torchvision.io: pictures of files as tensors of bytes and back, by PIL. Refused by name: AVIF and HEIC, and
JPEG on a GPU."""

import io

import torch
from torch import _ops

_UNCHANGED, _GREY, _GREY_ALPHA, _RGB, _RGB_ALPHA = range(5)
_MODES = {_GREY: "L", _GREY_ALPHA: "LA", _RGB: "RGB", _RGB_ALPHA: "RGBA"}


def read_file(filename):
    with open(filename, "rb") as file:
        return torch.frombuffer(file.read(), dtype=torch.uint8)


def write_file(filename, data):
    with open(filename, "wb") as file:
        file.write(data.numpy().tobytes())


def _opened(data, format):
    from PIL import Image, UnidentifiedImageError

    if data.dtype is not torch.uint8 or data.dim() != 1 or not data.numel():
        raise RuntimeError("Expected a non empty 1-dimensional tensor of dtype uint8")
    try:
        image = Image.open(io.BytesIO(data.numpy().tobytes()), formats=format and [format])
    except UnidentifiedImageError as error:
        wanted = format or "JPEG, PNG, WebP, GIF or BMP"
        raise RuntimeError(f"the data is no {wanted} picture that can be decoded{str(error).partition('>')[2]}") from None
    return image


def _tensor(image):
    import numpy

    array = torch.from_numpy(numpy.array(image))
    return array.unsqueeze(0) if array.dim() == 2 else array.permute(2, 0, 1).contiguous()


def _decoded(data, mode, turned, format=None):
    from PIL import ImageOps

    image = _opened(data, format)
    if turned and "exif" in image.info:
        image = ImageOps.exif_transpose(image)
    kind = image.mode
    if mode == _UNCHANGED:
        # Palettes and bits are how a picture is stored, no kind of colours.
        wanted = {"1": "L", "P": "RGBA" if image.has_transparency_data else "RGB", "CMYK": "CMYK"}.get(kind, kind)
        if kind == "I;16":
            import numpy

            return torch.from_numpy(numpy.array(image)).unsqueeze(0)
    else:
        if image.format == "JPEG" and mode not in (_GREY, _RGB):
            raise RuntimeError("The provided mode is not supported for JPEG files")
        wanted = _MODES[mode]
        if mode == _GREY and image.format == "JPEG" and kind == "RGB":
            image.draft("L", None)
    if kind == "I;16":
        image = image.point(lambda value: value / 256).convert("L")
    return _tensor(image if image.mode == wanted else image.convert(wanted))


def decode_image(data, mode=_UNCHANGED, apply_exif_orientation=False):
    return _decoded(data, mode, apply_exif_orientation)


def decode_jpeg(data, mode=_UNCHANGED, apply_exif_orientation=False):
    return _decoded(data, mode, apply_exif_orientation, "JPEG")


def decode_png(data, mode=_UNCHANGED, apply_exif_orientation=False):
    return _decoded(data, mode, apply_exif_orientation, "PNG")


def decode_webp(data, mode=_UNCHANGED):
    return _decoded(data, mode, False, "WEBP")


def decode_gif(data):
    image = _opened(data, "GIF")
    if image.n_frames > 1:
        raise NotImplementedError(f"image::decode_gif of {image.n_frames} pictures is not supported: the first of a file is read")
    return _tensor(image.convert("RGB"))


def encode_png(data, compression_level=6):
    return _encoded(data, "PNG", compress_level=compression_level)


def encode_jpeg(data, quality=75):
    return _encoded(data, "JPEG", quality=quality, subsampling=2)


def _encoded(data, format, **options):
    from PIL import Image

    if data.dtype is not torch.uint8 or data.dim() != 3 or data.shape[0] not in (1, 3):
        raise RuntimeError(f"Input tensor dtype should be uint8 and its shape (1 or 3, H, W), got {data.dtype} {list(data.shape)}")
    array = data.permute(1, 2, 0).contiguous().numpy()
    out = io.BytesIO()
    Image.fromarray(array[:, :, 0] if data.shape[0] == 1 else array).save(out, format, **options)
    return torch.frombuffer(out.getvalue(), dtype=torch.uint8)


def _refuse(name):
    def refused(*args, **kwargs):
        raise NotImplementedError(f"image::{name} is not supported: pictures are read and written on the CPU")

    return refused


def register():
    for function in (read_file, write_file, decode_image, decode_jpeg, decode_png, decode_webp, decode_gif, encode_png, encode_jpeg):
        _ops.serve("image", function.__name__, function)
    for name in ("encode_jpegs_cuda", "decode_jpegs_cuda"):
        _ops.serve("image", name, _refuse(name))
