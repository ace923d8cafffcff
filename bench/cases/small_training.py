"""What a training step costs when there is nearly nothing to compute: its parts and the whole, on tiny models."""

import time

import torch
import torch.nn.functional as F

from timing import report

from digits import DigitNet
from gpt import GPT, GPTConfig

# Other programs on the machine leave some rounds alone: the least counts.
ROUNDS = 60

torch.set_num_threads(1)
torch.manual_seed(0)
idle = torch.zeros(1)


def conv_net(width, images):
    """Of examples/digits.py: three convolutions, batch norms, two linear layers."""
    model = DigitNet(width)
    x, y = torch.randn(images, 1, 8, 8), torch.randint(0, 10, (images,))
    return model, lambda: F.cross_entropy(model(x), y)


def transformer(width, heads, batch, length):
    """Of examples/gpt.py: four blocks."""
    model = GPT(GPTConfig(vocab_size=64, block_size=length, n_layer=4, n_head=heads, n_embd=width))
    tokens = torch.randint(0, 64, (batch, length))
    return model, lambda: model(tokens, tokens)[1]


def parts_of(name, model, loss_of, rounds):
    """Microseconds until each part of a step has been asked for; nothing is left to do when it begins."""
    optimizer = torch.optim.AdamW(model.parameters())
    last = None

    def forward():
        nonlocal last
        last = loss_of()

    parts = {
        "forward": forward,
        "zero_grad": optimizer.zero_grad,
        "backward": lambda: last.backward(),
        "clip": lambda: torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0),
        "AdamW": optimizer.step,
    }
    least = dict.fromkeys(parts, float("inf"))
    for _ in range(rounds):
        for part, run in parts.items():
            idle.item()
            start = time.perf_counter()
            run()
            least[part] = min(least[part], time.perf_counter() - start)
            last.item()
    return {f"{name}, {part}": [seconds * 1e6] for part, seconds in least.items()}


def step_of(name, model, loss_of, optimizer, rounds):
    """Microseconds of a whole step, its loss read."""
    least = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        value = loss.item()
        least = min(least, time.perf_counter() - start)
    assert value == value
    return {name: [least * 1e6]}


metrics = {}
for name, (model, loss_of) in {
    "tiny conv net": conv_net(2, 2),
    "tiny transformer": transformer(8, 2, 1, 8),
}.items():
    metrics |= parts_of(name, model, loss_of, ROUNDS)
    metrics |= step_of(f"{name}, step", model, loss_of, torch.optim.AdamW(model.parameters()), ROUNDS)
    metrics |= step_of(f"{name}, SGD step", model, loss_of, torch.optim.SGD(model.parameters(), 1e-3, 0.9), ROUNDS)
torch.manual_seed(1)
report(metrics, "us", conv_net(2, 2)[1]().item())
