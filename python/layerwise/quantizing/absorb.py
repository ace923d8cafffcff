"""Factors of SmoothQuant and AWQ that cost nothing: where a norm alone feeds some products, its weight takes the division, and the
products' weights the multiplication. Kept only where the model gives the same numbers; others divide in the layer."""

import copy

import torch
from torch import nn

from layerwise.proof.variant import Variant
from layerwise.quantizing.parts import linear_over


def groups(prepared, products, sample):
    """{norm: [Layer]} where every input of the products is the norm's output."""
    norms = [part.module for part in prepared.layers if _is_norm(part.module)]
    by_module = {part.module: part for part in products}
    made_by, sources = {}, {}

    def after(module, given, output):
        # The tensor is held, so that its identity stays its own.
        made_by[id(output)] = (module, output)

    def before(module, positional, words):
        given = positional[0] if positional else next(iter(words.values()))
        sources.setdefault(module, set()).add(made_by.get(id(given), (None, None))[0])

    with prepared.base.applied(prepared.model) as root, torch.no_grad():
        handles = [norm.register_forward_hook(after) for norm in norms]
        handles += [module.register_forward_pre_hook(before, with_kwargs=True) for module in by_module]
        try:
            sample.run(root)
        finally:
            for handle in handles:
                handle.remove()
    found = {}
    for module, made in sources.items():
        norm = next(iter(made)) if len(made) == 1 else None
        if norm is not None:
            found.setdefault(norm, []).append(by_module[module])
    return found


def _is_norm(module):
    """Does it end with a product by a vector, by the look of it? People write norms of their own; numbers decide later on."""
    if "norm" not in type(module).__name__.lower() or module._forward_hooks or module._forward_pre_hooks:
        return False
    numbers = {name: value for name, value in module._parameters.items() if value is not None}
    is_plain = "weight" in numbers and numbers.keys() <= {"weight", "bias"} and not module._buffers
    return is_plain and all(value.dim() == 1 for value in numbers.values())


def scaled(base, norm, parts, factors):
    """(variant on top of `base`, {Layer: its product}) with the factors moved from the norm to the products."""
    variant = Variant(base)
    variant.replace(norm, _divided(norm, factors))
    products = {}
    for part in parts:
        weight = part.module.weight.detach()
        products[part] = linear_over((weight.float() * factors).to(weight.dtype), part.module.bias)
        variant.replace(part.module, products[part])
    return variant, products


def _divided(norm, factors):
    made = copy.copy(norm)
    made._parameters = {}
    for name, value in norm._parameters.items():
        divided = None if value is None else nn.Parameter((value.detach().float() / factors).to(value.dtype))
        made._parameters[name] = divided
    return made
