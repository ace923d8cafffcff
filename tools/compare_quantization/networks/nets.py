"""Networks of torchvision with random weights whose batch norms have seen data, and images for them: the same for every engine."""

import re
import sys

import torch

FOLDER = "out"
# Calibration sees the first; both are judged.
IMAGES = 4
OTHERS = 16


def _models():
    """torchvision.models. PyTorch without the compiled half of torchvision misses its operators' names: they are declared."""
    while True:
        try:
            from torchvision import models

            return models
        except RuntimeError as error:
            name = re.search(r"operator (torchvision::\w+) does not exist", str(error))
            if not name:
                raise
            torch.library.define(name[1], "(Tensor x) -> Tensor")
            for module in [module for module in sys.modules if module.startswith("torchvision")]:
                del sys.modules[module]


def fresh(name):
    options = {"init_weights": True, "aux_logits": False} if name == "googlenet" else {}
    torch.manual_seed(0)
    return getattr(_models(), name)(weights=None, **options).eval()


def structured(name):
    """Every channel has a scale and a mean of its own, as training leaves them."""
    model = fresh(name).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, 0, module.in_features**-0.5)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if type(module).__name__ == "StochasticDepth":
            module.p = 0.0
    with torch.no_grad():
        model(images(8, seed=1))
    return model.eval()


def images(count, seed):
    """Smooth noise, with some that is not: [count, 3, 224, 224]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 3, 14, 14, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(224, 224), mode="bilinear")
    return smooth + 0.3 * torch.randn(count, 3, 224, 224, generator=generator)


def load(name):
    """(model, images to calibrate with, others), images one at a time."""
    model = fresh(name)
    model.load_state_dict(torch.load(f"{FOLDER}/{name}.pt"))
    return model.eval(), *(list(torch.load(f"{FOLDER}/{kind}.pt").split(1)) for kind in ("images", "others"))


class Judge:
    """What the float model gives for images that calibration sees, and for others."""

    def __init__(self, model, images, others):
        self.given = {"db": images, "othersDb": others}
        with torch.no_grad():
            self.wanted = {key: [model(image) for image in given] for key, given in self.given.items()}

    def decibels(self, model):
        """{"db": ..., "othersDb": ...} of what model(image) gives."""
        with torch.no_grad():
            return {key: decibels(self.wanted[key], [model(image) for image in given]) for key, given in self.given.items()}


def decibels(wanted, found):
    wanted, found = torch.cat(wanted).double(), torch.cat(found).double()
    return float(10 * torch.log10(wanted.square().sum() / (wanted - found).square().sum()))
