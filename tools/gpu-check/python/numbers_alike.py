"""The same numbers on every device and in both programs, made where they are needed: no generator of random numbers is
involved, since their streams differ. Spread evenly, with the bits of random numbers."""

import math

import torch


def hashed(count, device, seed=0):
    """`count` whole numbers below 2**16 that look random: a multiplicative hash of their place."""
    x = torch.arange(count, device=device, dtype=torch.int64) + (seed * 7919 + 1)
    x = (x * 2654435761) & 0xFFFFFFFF
    x = x ^ (x >> 15)
    x = (x * 2246822519) & 0xFFFFFFFF
    return (x ^ (x >> 13)) & 0xFFFF


def spread(shape, device, dtype=torch.float32, scale=1.0, seed=0):
    """A tensor of mean 0 and standard deviation `scale`."""
    count = math.prod(shape)
    unit = (hashed(count, device, seed).to(torch.float32) + 0.5) / 65536 - 0.5
    return (unit * (math.sqrt(12) * scale)).to(dtype).reshape(shape)


def tokens(shape, n_words, device, seed=0):
    return (hashed(math.prod(shape), device, seed) * n_words // 65536).reshape(shape)


def fill_parameters(model, scale=None):
    """Matrices of small numbers and biases of 0; other vectors stay as their layer made them. Without a scale it is He's."""
    with torch.no_grad():
        for seed, (name, parameter) in enumerate(model.named_parameters()):
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.dim() > 1:
                size = scale or math.sqrt(2 / math.prod(parameter.shape[1:]))
                parameter.copy_(spread(parameter.shape, parameter.device, parameter.dtype, size, seed))
    return model
