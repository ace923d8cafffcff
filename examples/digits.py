"""A small convolutional net that reads handwritten digits: half a minute on a CPU."""

import argparse
import csv
import gzip
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

DATA = Path(__file__).parent / "data" / "digits.csv.gz"
# The last ones are kept for judging.
TEST = 400


class DigitNet(nn.Module):
    def __init__(self, width: int = 32):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(2 * width)
        self.conv3 = nn.Conv2d(2 * width, 2 * width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(2 * width)
        self.fc1 = nn.Linear(2 * width * 4, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        logits = self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))
        return logits


def load() -> tuple[torch.Tensor, torch.Tensor]:
    """All images [1797, 1, 8, 8] from 0 to 1, and their digits [1797]."""
    with gzip.open(DATA, "rt") as file:
        rows = [[int(cell) for cell in row] for row in csv.reader(file)]
    table = torch.tensor(rows)
    return table[:, :64].float().view(-1, 1, 8, 8) / 16, table[:, 64]


def batches(size: int = 32):
    """Images and digits to learn from (or to calibrate with), in order."""
    images, digits = load()
    for start in range(0, len(images) - TEST - size + 1, size):
        yield images[start : start + size], digits[start : start + size]


def accuracy(model: nn.Module) -> float:
    """Share of the test images that the model reads rightly."""
    images, digits = load()
    return (model(images[-TEST:]).argmax(1) == digits[-TEST:]).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--out", type=Path, help="where to save the weights")
    args = parser.parse_args()
    torch.manual_seed(0)
    model = DigitNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, y in batches():
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            print(f"epoch {epoch} loss {total / len(list(batches())):.4f} test accuracy {accuracy(model):.4f}", flush=True)
    if args.out:
        torch.save(model.state_dict(), args.out)


if __name__ == "__main__":
    main()
