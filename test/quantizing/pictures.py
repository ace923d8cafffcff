"""What layerwise.proof.pictures makes of pictures, beside the same done by hand with PIL. Prints FAIL where they differ."""

import os
import sys

import numpy as np
import torch
from PIL import Image, ImageOps

from layerwise.proof.bad_data import BadData
from layerwise.proof.samples import picture_samples
from layerwise.specs import SpecError, evaluate, namespace_of

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "packages", "pictures")
checked = 0


def check(what, condition):
    global checked
    checked += 1
    if not condition:
        print("FAIL", what)


def by_hand(name, size, mode="RGB", draft=False):
    image = Image.open(os.path.join(FOLDER, name))
    if draft:
        image.draft(None, (2 * size[0], 2 * size[1]))
    image = ImageOps.exif_transpose(image).convert(mode)
    return torch.from_numpy(np.array(ImageOps.fit(image, size, Image.Resampling.BILINEAR)))


def one(name, template, told=None, model=None):
    model = model or (lambda x: x)
    samples = picture_samples(os.path.join(FOLDER, name), name, model, {"x": template}, None, told)
    return samples.items[0].arguments["x"], samples


rgb = by_hand("rgb.png", (12, 10)).permute(2, 0, 1) / 255
made, samples = one("rgb.png", torch.zeros(1, 3, 10, 12))
check("0 to 1", torch.equal(made[0], rgb) and samples.about == "resized to 12 x 10, 0 to 1")
made, samples = one("rgb.png", torch.zeros(1, 3, 10, 12), "imagenet")
mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
check("imagenet", torch.equal(made[0], (rgb - mean.reshape(3, 1, 1)) / deviation.reshape(3, 1, 1)) and "ImageNet" in samples.about)
check("one for all", torch.equal(one("rgb.png", torch.zeros(1, 3, 10, 12), "0.5/0.25")[0][0], (rgb - 0.5) / 0.25))
check("bytes", torch.equal(one("rgb.png", torch.zeros(1, 3, 10, 12, dtype=torch.uint8))[0][0], by_hand("rgb.png", (12, 10)).permute(2, 0, 1)))
check("half", one("rgb.png", torch.zeros(1, 3, 10, 12, dtype=torch.float16))[0].dtype is torch.float16)
check("last", torch.equal(one("rgb.png", torch.zeros(2, 10, 12, 3))[0][0], by_hand("rgb.png", (12, 10)) / 255))
check("grey", torch.equal(one("rgb.png", torch.zeros(1, 1, 8, 8))[0][0, 0], by_hand("rgb.png", (8, 8), "L") / 255))
check("alpha", torch.equal(one("rgba.png", torch.zeros(1, 4, 8, 8))[0][0], by_hand("rgba.png", (8, 8), "RGBA").permute(2, 0, 1) / 255))
check("no batch", one("rgb.png", torch.zeros(3, 9, 9))[0].shape == (3, 9, 9))
check("smaller by its decoder", torch.equal(one("large.jpg", torch.zeros(1, 3, 16, 16))[0][0],
                                           by_hand("large.jpg", (16, 16), draft=True).permute(2, 0, 1) / 255))
check("upright", torch.equal(one("turned.jpg", torch.zeros(1, 3, 30, 24))[0][0],
                             by_hand("turned.jpg", (24, 30)).permute(2, 0, 1) / 255))
for name in ("palette4.png", "sixteen.png", "cmyk.jpg", "lossy.webp", "palette.gif", "bits.bmp", "rgb.ppm", "b16c6i.png"):
    check(name, one(name, torch.zeros(1, 3, 8, 8))[0].shape == (1, 3, 8, 8))


class Own:
    pretrained_cfg = {"mean": (0.5, 0.4, 0.3), "std": (0.1, 0.2, 0.3)}

    def __call__(self, x):
        return x

    forward = __call__


made, samples = one("rgb.png", torch.zeros(1, 3, 10, 12), None, Own())
own = (rgb - torch.tensor(Own.pretrained_cfg["mean"]).reshape(3, 1, 1)) / torch.tensor(Own.pretrained_cfg["std"]).reshape(3, 1, 1)
check("the model's own", torch.equal(made[0], own) and "own configuration" in samples.about)
# A class and a place of the template's: as many at once, and no more than asked for.
samples = picture_samples(os.path.dirname(FOLDER), "p", lambda x: x, {"x": torch.zeros(2, 3, 8, 8)}, 1, lambda image: torch.zeros(3, 8, 8))
check("a folder", samples.count == 1 and samples.classes == 1 and samples.items[0].target.tolist() == [0])
for name, template, told, said in (
    ("none.png", torch.zeros(1, 3, 8, 8), None, "cannot be read: it is no picture"),
    ("cut.png", torch.zeros(1, 3, 8, 8), None, "cannot be read: image file is truncated"),
    ("bomb.png", torch.zeros(1, 3, 8, 8), None, "decompression bomb"),
    ("rgb.png", torch.zeros(1, 7), None, "the model takes x float32[1, 7]: expected an input of N x 3 x height x width"),
    ("rgb.png", torch.zeros(1, 3, 8, 8), "loud", "is not understood"),
    ("rgb.png", torch.zeros(1, 3, 8, 8), "1,2/3,4", "names 2 channels, but the model takes pictures of 3"),
    ("rgb.png", torch.zeros(1, 3, 8, 8), "0.5/0", "is not understood"),
    ("rgb.png", torch.zeros(1, 3, 8, 8), lambda image: 3, "made int of rgb.png: expected a tensor"),
    ("nothing", torch.zeros(1, 3, 8, 8), None, "cannot be read"),
):
    try:
        one(name, template, told)
        check(f"{name} {told}: accepted", False)
    except BadData as error:
        check(f"{name} {told}: {error}", said in str(error))


# As an argument: --input 'x=picture("cat.jpg",224,224)'.
def spec(text):
    return evaluate(text, namespace_of(None), "--input x")


os.chdir(FOLDER)
given = spec("picture('rgb.png',10,12,'imagenet')")
check("argument", torch.equal(given.make()[0], (rgb - mean.reshape(3, 1, 1)) / deviation.reshape(3, 1, 1)))
check("its text", spec(given.text()).text() == given.text() == "picture('rgb.png',10,12,'imagenet')")
check("its own size", spec("picture('turned.jpg')").shape == (1, 3, 37, 29) and spec("picture('turned.jpg')").make().shape == (1, 3, 37, 29))
check("its shape alone", spec("picture('cut.png')").make(device="meta").shape == (1, 3, 17, 23))
for text, said in (
    ("picture('gone.png')", "gone.png cannot be read: No such file"),
    ("picture('none.png')", "none.png cannot be read: it is no picture"),
    ("picture('notes.txt')", "names no file of a picture"),
    ("picture('rgb.png',0,4)", "expected two whole numbers, height and width"),
    ("picture('rgb.png',8,8,'loud').make()", "is not understood"),
    ("picture('cut.png').make()", "cut.png cannot be read: image file is truncated"),
):
    try:
        spec(text)
        check(f"{text}: accepted", False)
    except SpecError as error:
        check(f"{text}: {error}", said in str(error))
print(f"{checked} checked")
sys.exit(0)
