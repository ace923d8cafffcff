"""Whole models to measure: a training step of GPT-2, a forward and a generation of a LLaMA of 1.2 billion parameters,
ResNet-50. One source for both programs; sizes come from the plan (plan.ts)."""

import contextlib
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from cases_kernels import Case, dtype_of, mean_size
from llama import Llama
from numbers_alike import fill_parameters, spread, tokens
from resnet50 import ResNet50

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))
from gpt import GPT, GPTConfig  # noqa: E402


def autocast(device, dtype):
    if dtype == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=dtype_of(dtype))


def training(model, loss_of, optimizer, device, dtype, items, compared=1):
    """A step as people write it; both programs must agree on a loss: the second one, which one update has changed."""
    losses = []

    def with_model(chosen):
        def step():
            with autocast(device, dtype):
                loss = loss_of(chosen)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if len(losses) <= compared:
                losses.append(loss.detach())

        return step

    return Case(
        with_model(model), lambda: losses[compared].item(), items=items,
        compiled=lambda compiler: with_model(compiler(model)),
    )


def gpt2_step(device, dtype, batch, length, layers=12, heads=12, width=768, words=50257):
    config = GPTConfig(words, length, layers, heads, width)
    with torch.device(device):
        model = fill_parameters(GPT(config), 0.02)
    x, y = (tokens((batch, length), words, device, seed) for seed in (1, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True if device == "cuda" else None)
    case = training(model, lambda chosen: chosen(x, y)[1], optimizer, device, dtype, batch * length)
    n_parameters = sum(p.numel() for p in model.parameters())
    # Kaplan et al. 2020: six operations per parameter and token, and the scores of attention.
    case.flops = batch * length * (6 * n_parameters + 12 * layers * width * length)
    return case


def resnet50_step(device, dtype, batch, size, width=64, channels_last=False):
    model = fill_parameters(ResNet50(width=width)).to(device)
    x = spread((batch, 3, size, size), device)
    y = tokens((batch,), 1000, device)
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    # Batch normalisation makes much of a rounding: the first loss, before any update, is compared.
    return training(model, lambda chosen: F.cross_entropy(chosen(x), y), optimizer, device, dtype, batch, compared=0)


def resnet50_forward(device, dtype, batch, size, width=64):
    model = fill_parameters(ResNet50(width=width)).to(device, dtype_of(dtype)).eval()
    x = spread((batch, 3, size, size), device, dtype_of(dtype))
    return forward(model, x, items=batch)


def forward(model, x, items, flops=0):
    def with_model(chosen):
        def step():
            with torch.no_grad():
                return chosen(x)

        return step

    step = with_model(model)
    return Case(
        step, lambda: mean_size(step()), items=items, flops=flops,
        compiled=lambda compiler: with_model(compiler(model)),
    )


def llama_forward(device, dtype, batch, length, **sizes):
    with torch.device(device):
        model = fill_parameters(Llama(dtype=dtype_of(dtype), **sizes), 0.02).eval()
    x = tokens((batch, length), model.words, device)
    flops = batch * length * (2 * sum(p.numel() for p in model.parameters()) + 2 * model.layers * model.width * length)
    return forward(model, x, batch * length, flops)


def llama_generate(device, dtype, prompt, new, **sizes):
    """Tokens one after the other, the likeliest each time, with what was seen kept in a cache; nothing leaves the device."""
    with torch.device(device):
        model = fill_parameters(Llama(dtype=dtype_of(dtype), **sizes), 0.02).eval()
        cache = model.make_cache(1, prompt + new)
    x = tokens((1, prompt), model.words, device)
    written = []

    def with_model(chosen):
        def step():
            with torch.no_grad():
                token = model(x, cache, 0)[:, -1:].argmax(-1)
                written[:] = [token]
                for place in range(prompt, prompt + new - 1):
                    token = chosen(token, cache, place)[:, -1:].argmax(-1)
                    written.append(token)

        return step

    # Which of two near tokens is the likeliest may turn on a rounding: what they were chosen by is compared.
    def check():
        with torch.no_grad():
            return mean_size(model(x, cache, 0)[:, -1])

    n_bytes = new * sum(p.numel() * p.element_size() for p in model.parameters())
    return Case(with_model(model), check, bytes=n_bytes, items=new, compiled=lambda c: with_model(c(model)))


CASES = {f.__name__: f for f in (gpt2_step, resnet50_step, resnet50_forward, llama_forward, llama_generate)}
