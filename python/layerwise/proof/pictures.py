"""Pictures as samples: a file, a folder, or folders of which each is a class. They are turned upright, made as large as the model's
input (the middle, where sides have other proportions), and scaled as the person says; what was done is told. Writes nothing."""

import os

import torch

from layerwise.proof.bad_data import BadData

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".ppm", ".pgm")
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_MOST_NAMED = 4


def is_pictures(path):
    return os.path.isdir(path) or path.lower().endswith(ENDINGS)


class Preparation:
    """How values of 0 to 255 become inputs: mean and deviation of the channels, or a function of the person's."""

    def __init__(self, mean=None, deviation=None, function=None, about="0 to 1"):
        self.mean = mean
        self.deviation = deviation
        self.function = function
        self.about = about

    def scaled(self, tensor, channels):
        """A float tensor (channels, height, width) of values from 0 to 1."""
        if self.mean is None:
            return tensor
        if len(self.mean) not in (1, channels):
            raise BadData(
                f"--prepare {self.about} names {len(self.mean)} channels, but the model takes pictures of {channels}: expected one "
                "number for all, or one for each"
            )
        mean, deviation = (torch.tensor(values).reshape(-1, 1, 1) for values in (self.mean, self.deviation))
        return (tensor - mean) / deviation


def preparation_of(told, model):
    """From what the person said; nothing said: from what the model says of itself, as those of timm do."""
    if callable(told):
        return Preparation(function=told)
    if told == "imagenet":
        return Preparation(*_IMAGENET, about="ImageNet's mean and deviation")
    if told:
        mean, _, deviation = told.partition("/")
        try:
            values = [tuple(float(value) for value in part.split(",")) for part in (mean, deviation)]
        except ValueError:
            values = [(), ()]
        if not values[0] or len(values[0]) != len(values[1]) or not all(values[1]):
            raise BadData(
                f"--prepare '{told}' is not understood: expected imagenet, MEAN/DEVIATION such as 0.5/0.5 or three of each, or "
                "FILE.py::function"
            )
        return Preparation(*values, about=told)
    own = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    if own:
        read = own.get if hasattr(own, "get") else lambda name: getattr(own, name, None)
        mean, deviation = read("mean"), read("std")
        if mean and deviation and all(deviation):
            return Preparation(tuple(mean), tuple(deviation), about="mean and deviation of the model's own configuration")
    return Preparation()


class _Place:
    """The input that takes pictures, and in which form."""

    def __init__(self, template, shown):
        for name, value in template.items():
            if isinstance(value, torch.Tensor) and value.dim() in (3, 4) and self._fits(value):
                self.name = name
                return
        inputs = ", ".join(
            f"{name} {str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
            for name, value in template.items()
            if isinstance(value, torch.Tensor)
        )
        raise BadData(
            f"{shown} holds pictures, but the model takes {inputs or 'no tensor'}: expected an input of N x 3 x height x width",
            "--input 'x=float32[1,3,224,224]' says how large it is",
        )

    def _fits(self, value):
        sizes = list(value.shape[-3:])
        if not (value.dtype.is_floating_point or value.dtype is torch.uint8):
            return False
        # Channels first, as in PyTorch; last, as in files that came from TensorFlow.
        for self.is_last, channels, height, width in (
            (False, *sizes),
            (True, sizes[2], sizes[0], sizes[1]),
        ):
            if channels in _MODES and height > 0 and width > 0 and (value.dim() == 4 or min(height, width) > 4):
                self.channels, self.size, self.dtype = channels, (width, height), value.dtype
                return True
        return False


def _opened(path, shown):
    from PIL import Image, ImageOps

    try:
        image = Image.open(path)
        return image, ImageOps.exif_transpose
    except Image.DecompressionBombError as error:
        raise BadData(f"{shown} cannot be read: {error}") from None
    except OSError as error:
        raise BadData(f"{shown} cannot be read: {error.strerror or str(error).partition(chr(39) + ': ')[2] or 'it is no picture'}") from None


def _tensor(path, shown, place, preparation):
    import numpy
    from PIL import Image, ImageOps

    image, upright = _opened(path, shown)
    try:
        if preparation.function is not None:
            return _of_function(preparation.function, upright(image).convert(_MODES[place.channels]), shown)
        # A decoder of JPEG makes large pictures smaller by itself, to no less than twice what is needed.
        image.draft(None, tuple(2 * side for side in place.size))
        turned = upright(image)
        if turned.mode in ("I;16", "I"):
            turned = turned.point(lambda value: value / 256).convert("L")
        made = ImageOps.fit(turned.convert(_MODES[place.channels]), place.size, Image.Resampling.BILINEAR)
    except (OSError, ValueError) as error:
        raise BadData(f"{shown} cannot be read: {error}") from None
    tensor = torch.from_numpy(numpy.array(made)).reshape(place.size[1], place.size[0], place.channels).permute(2, 0, 1)
    if place.dtype is not torch.uint8:
        tensor = preparation.scaled(tensor.to(torch.float32) / 255, place.channels).to(place.dtype)
    return tensor.permute(1, 2, 0).contiguous() if place.is_last else tensor.contiguous()


def _of_function(function, image, shown):
    made = function(image)
    if isinstance(made, torch.Tensor) and made.dim() == 4 and made.shape[0] == 1:
        made = made[0]
    if not isinstance(made, torch.Tensor) or made.dim() != 3:
        found = f"a tensor of {list(made.shape)}" if isinstance(made, torch.Tensor) else type(made).__name__
        raise BadData(f"the function of --prepare made {found} of {shown}: expected a tensor of channels x height x width")
    return made


def _pictures_in(folder):
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(root, name) for name in sorted(files) if name.lower().endswith(ENDINGS) and not name.startswith(".")]
    return found


def _found(path, shown):
    """([(file, class or None)], [names of classes])"""
    if not os.path.isdir(path):
        return [(path, None)], []
    entries = sorted(name for name in os.listdir(path) if not name.startswith("."))
    direct = [os.path.join(path, name) for name in entries if name.lower().endswith(ENDINGS)]
    direct = [file for file in direct if os.path.isfile(file)]
    if direct:
        return [(file, None) for file in direct], []
    by_class = {name: _pictures_in(os.path.join(path, name)) for name in entries if os.path.isdir(os.path.join(path, name))}
    by_class = {name: files for name, files in by_class.items() if files}
    if not by_class:
        raise BadData(f"{shown} holds no picture: expected {', '.join(ENDINGS)}, in the folder or in one folder for each class")
    # Some of each class, however few are taken.
    rows, classes = [], list(by_class)
    for turn in range(max(map(len, by_class.values()))):
        rows += [(files[turn], number) for number, files in enumerate(by_class.values()) if turn < len(files)]
    return rows, classes


def size_of(path):
    """(width, height), upright."""
    image, _ = _opened(path, path)
    is_turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return image.size[::-1] if is_turned else image.size


def picture_of(path, like, told=None):
    """One picture for an input like this one."""
    place = _Place({"x": like}, path)
    return _tensor(path, path, place, preparation_of(told, None)).unsqueeze(0)


def pictures_for(path, shown, model, template, told):
    """(the input that takes pictures, each one's tensor and class or None, how many classes, what is done to them)"""
    preparation = preparation_of(told, model)
    place = _Place(template, shown)
    rows, classes = _found(path, shown)

    def tensors():
        for file, number in rows:
            inside = os.path.relpath(file, path) if os.path.isdir(path) else ""
            yield _tensor(file, os.path.join(shown, inside) if inside else shown, place, preparation), number

    return place.name, tensors(), len(classes), _told(place, preparation, classes)


def _told(place, preparation, classes):
    words = []
    if classes:
        named = ", ".join(f"{name} = {number}" for number, name in enumerate(classes[:_MOST_NAMED]))
        words.append(f"{len(classes)} classes by folder ({named}{', ...' if len(classes) > _MOST_NAMED else ''})")
    if preparation.function is not None:
        words.append("prepared by your function")
    else:
        scale = "0 to 255" if place.dtype is torch.uint8 else preparation.about
        words.append(f"resized to {place.size[0]} x {place.size[1]}, {scale}")
    return "; ".join(words)
