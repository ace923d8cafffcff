"""What both sides of the comparison of recurrent layers measure, and how: the least time of many calls."""

import json
import time

# Steps, batch, width of input and state.
SHAPES = [
    (32, 1, 32), (16, 1, 64), (16, 1, 128), (16, 1, 256), (16, 1, 512), (16, 4, 64), (16, 32, 64), (16, 32, 256), (128, 1, 64),
    (128, 1, 256), (128, 32, 64),
]  # fmt: skip


def least(call, seconds=0.2):
    """The least time of one call, in microseconds, after twice as long to grow warm: code is compiled while it runs."""
    warm = time.perf_counter() + 2 * seconds
    call()
    while time.perf_counter() < warm:
        call()
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best * 1e6


def name(kind, shape, what):
    return f"{kind} {' x '.join(map(str, shape))}, {what}"


def measured(torch, found, side):
    """Forward, a training step and torch.ao's dynamic int8 of every layer, on the `torch` that is given."""
    import torch.ao.quantization

    torch.manual_seed(0)
    for kind in (torch.nn.LSTM, torch.nn.GRU):
        for steps, batch, width in SHAPES:
            layer, x = kind(width, width), torch.randn(steps, batch, width)
            rounded = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(layer), {kind}, dtype=torch.qint8)

            def forward(module):
                with torch.no_grad():
                    # The result must be there: one number of it is asked for.
                    return module(x)[0].as_strided((1,), (1,)).item()

            def train():
                layer.zero_grad()
                layer(x)[0].sum().backward()
                return layer.weight_hh_l0.grad.as_strided((1,), (1,)).item()

            calls = {"forward": lambda: forward(layer), "training step": train, "dynamic int8": lambda: forward(rounded)}
            for what, call in calls.items():
                found.setdefault(name(kind.__name__, (steps, batch, width), what), {})[side] = least(call)


def report(found):
    print(json.dumps(found))
