"""python prepare.py NAME...: weights, images and float .onnx files, for all engines."""

import os
import sys
import warnings

import nets
import torch

warnings.simplefilter("ignore")
os.makedirs(nets.FOLDER, exist_ok=True)
torch.save(nets.images(nets.IMAGES, seed=2), f"{nets.FOLDER}/images.pt")
torch.save(nets.images(nets.OTHERS, seed=3), f"{nets.FOLDER}/others.pt")
for name in sys.argv[1:]:
    model = nets.structured(name)
    torch.save(model.state_dict(), f"{nets.FOLDER}/{name}.pt")
    file = f"{nets.FOLDER}/{name}.onnx"
    torch.onnx.export(model, (nets.images(1, seed=2),), file, dynamo=False, opset_version=17, input_names=["x"])
