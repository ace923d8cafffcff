"""What is compared: two models, their data and their judges. Layerwise and real PyTorch both read this file; run.ts puts the examples
beside it."""

import pathlib

import torch
import torch.nn.functional as F

import digits
from digits import DigitNet
from gpt import GPT, GPTConfig

BLOCK = 64
TEXT = (pathlib.Path(__file__).parent / "data" / "moby_dick.txt").read_text(encoding="utf-8")
CHARACTERS = sorted(set(TEXT))
CODES = torch.tensor([CHARACTERS.index(c) for c in TEXT])
# The last tenth is kept for judging.
SPLIT = len(CODES) * 9 // 10


class TextGPT(torch.nn.Module):
    """The GPT of examples, which returns logits alone."""

    def __init__(self):
        super().__init__()
        config = GPTConfig(vocab_size=len(CHARACTERS), block_size=BLOCK, n_layer=4, n_head=4, n_embd=256)
        self.gpt = GPT(config)

    def forward(self, idx):
        logits, _ = self.gpt(idx)
        return logits


def text_batches():
    """128 sequences to calibrate with, one at a time."""
    for start in torch.linspace(0, SPLIT - BLOCK - 1, 128).long().tolist():
        yield CODES[start : start + BLOCK].unsqueeze(0)


def perplexity(model):
    """Of held-out text, character by character."""
    total, count = 0.0, 0
    for start in range(SPLIT, len(CODES) - BLOCK - 1, BLOCK * 8):
        rows = [CODES[s : s + BLOCK + 1] for s in range(start, min(start + BLOCK * 8, len(CODES) - BLOCK - 1), BLOCK)]
        batch = torch.stack(rows)
        logits = model(batch[:, :-1])
        total += F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="sum").item()
        count += batch[:, 1:].numel()
    return float(torch.tensor(total / count).exp())


perplexity.better = "lower"


def digit_batches():
    for images, _ in digits.batches():
        yield images


accuracy = digits.accuracy
