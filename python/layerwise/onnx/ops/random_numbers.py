"""Random numbers from the runtime's own generator: a seed gives the same ones in every call, but not ONNX Runtime's."""

import torch

from layerwise.onnx.registry import operator
from layerwise.onnx.values import dtype_of


def _generator(node):
    if not node.has("seed"):
        return None
    generator = torch.Generator()
    generator.manual_seed(int(node.get("seed")))
    return generator


def _uniform(node, shape, dtype, device):
    low, high = node.get("low", 0.0), node.get("high", 1.0)
    found = torch.rand(shape, generator=_generator(node)) * (high - low) + low
    return found.to(device=device, dtype=dtype)


def _normal(node, shape, dtype, device):
    found = torch.randn(shape, generator=_generator(node)) * node.get("scale", 1.0) + node.get("mean", 0.0)
    return found.to(device=device, dtype=dtype)


def _dtype(node, like=None):
    if node.has("dtype"):
        return dtype_of(node.get("dtype"), node)
    return torch.float32 if like is None else like.dtype


@operator("RandomUniform")
def random_uniform(node):
    return _uniform(node, node.get("shape"), _dtype(node), None)


@operator("RandomUniformLike")
def random_uniform_like(node, x):
    return _uniform(node, x.shape, _dtype(node, x), x.device)


@operator("RandomNormal")
def random_normal(node):
    return _normal(node, node.get("shape"), _dtype(node), None)


@operator("RandomNormalLike")
def random_normal_like(node, x):
    return _normal(node, x.shape, _dtype(node, x), x.device)


@operator("Bernoulli")
def bernoulli(node, x):
    drawn = torch.rand(x.shape, generator=_generator(node)).to(x.device)
    return (drawn < x).to(_dtype(node, x))


@operator("Multinomial")
def multinomial(node, x):
    count = node.get("sample_size", 1)
    dtype = dtype_of(node.get("dtype", 6), node)
    return torch.multinomial(torch.softmax(x, dim=-1), count, replacement=True).to(dtype)
