"""Trains two small nets on the CPU in single precision, and on the GPU in single precision, in bfloat16 by autocast, and
in float16 with a GradScaler ("scaled"): prints the losses, which must stay close. Argument: "tiny"."""

import json
import sys

import torch
import torch.nn.functional as F
from numbers_alike import fill_parameters, spread, tokens
from torch import nn

CLASSES = 4


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 16, 3, stride=2, padding=1, groups=2, bias=False), nn.BatchNorm2d(16)
        self.out = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.relu(self.norm2(self.conv2(x)))
        return self.out(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Attention(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.into = nn.Linear(3, width)
        self.block = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.0, batch_first=True)
        self.norm, self.out = nn.RMSNorm(width), nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.into(x.flatten(2).transpose(1, 2))
        return self.out(self.norm(self.block(x)).mean(1))


def train(make, device, precision, n_steps, batch, size):
    torch.manual_seed(5)
    model = fill_parameters(make(), 0.3).to(device)
    x = spread((batch, 3, size, size), "cpu", seed=3).to(device)
    y = tokens((batch,), CLASSES, "cpu", seed=4).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    is_low = precision != "float32"
    dtype = torch.float16 if precision == "scaled" else torch.bfloat16
    scaler = torch.amp.GradScaler(device, init_scale=2.0**10, enabled=precision == "scaled")
    losses = []
    for _ in range(n_steps):
        with torch.autocast(device, dtype=dtype, enabled=is_low):
            loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        before = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        # Gradients out of float16's range skip their step: nothing was learned, so it is not one of the curve.
        if scaler.get_scale() >= before:
            losses.append(loss.item())
    return losses


def main():
    sizes = (3, 2, 6) if "tiny" in sys.argv else (30, 8, 16)
    for name, make in (("convolutions", Convolutions), ("attention", Attention)):
        expected = train(make, "cpu", "float32", *sizes)
        for precision in ("float32", "bfloat16", "scaled"):
            told = {"net": name, "precision": precision, "cpu": expected}
            try:
                told["cuda"] = train(make, "cuda", precision, *sizes)
            except Exception as error:
                told["error"] = f"{type(error).__name__}: {error}".split("\n")[0][:300]
            print(json.dumps(told), flush=True)


main()
