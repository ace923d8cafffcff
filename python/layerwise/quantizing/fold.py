"""Batch normalization folded into the convolution or product before it, as inference does. A pair is found by watching which
tensor goes where, and kept only when the folded model gives the same numbers."""

import torch
from torch import nn

_FOLDABLE = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
_NORMS = {nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d}


def pairs(model, run):
    """(product, norm) where every output of the product goes straight into the norm, and nothing else does.

    `run` calls the model.
    """
    products = [part for part in model.modules() if type(part) in _FOLDABLE]
    norms = [part for part in model.modules() if type(part) in _NORMS and part.running_mean is not None]
    if not products or not norms:
        return []
    made_by = {}
    sources = {norm: set() for norm in norms}
    calls = {}

    def after(module, given, output):
        # The tensor is held, so that its identity stays its own.
        made_by[id(output)] = (module, output)
        calls[module] = calls.get(module, 0) + 1

    def before(module, given):
        source = made_by.get(id(given[0]))
        sources[module].add(source[0] if source else None)
        calls[module] = calls.get(module, 0) + 1

    handles = [product.register_forward_hook(after) for product in products]
    handles += [norm.register_forward_pre_hook(before) for norm in norms]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    found = []
    for norm, made in sources.items():
        product = next(iter(made)) if len(made) == 1 else None
        if product is not None and calls[product] == calls[norm]:
            found.append((product, norm))
    return found


def folded(product, norm):
    """A copy of the product that normalizes too."""
    scale = torch.rsqrt(norm.running_var.double() + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight.detach().double()
    shift = -norm.running_mean.double() * scale
    if norm.bias is not None:
        shift = shift + norm.bias.detach().double()
    weight = product.weight.detach()
    made = _empty_like(product)
    spread = scale.view(-1, *[1] * (weight.dim() - 1))
    made.weight = nn.Parameter((weight.double() * spread).to(weight.dtype))
    bias = shift if product.bias is None else shift + product.bias.detach().double() * scale
    made.bias = nn.Parameter(bias.to(weight.dtype))
    return made


def _empty_like(product):
    if isinstance(product, nn.Linear):
        return nn.Linear(product.in_features, product.out_features, device="meta")
    return type(product)(
        product.in_channels, product.out_channels, product.kernel_size, product.stride, product.padding,
        product.dilation, product.groups, True, product.padding_mode, device="meta",
    )
