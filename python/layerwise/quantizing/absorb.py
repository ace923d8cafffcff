"""Factors of SmoothQuant and AWQ that cost nothing: where a norm alone feeds some products, its weight takes the division, and the
products' weights the multiplication. Kept only where the model gives the same numbers; others divide in the layer."""

import torch
from torch import nn

from layerwise.proof.variant import Variant
from layerwise.quantizing.parts import linear_over

_NORMS = (nn.LayerNorm, nn.RMSNorm)


def groups(prepared, products, sample):
    """{norm: [Layer]} where every input of the products is the norm's output."""
    norms = [part.module for part in prepared.layers if type(part.module) in _NORMS and _has_plain_weight(part.module)]
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


def _has_plain_weight(norm):
    has_hooks = norm._forward_hooks or norm._forward_pre_hooks
    return norm.weight is not None and norm.weight.dim() == 1 and not has_hooks


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
    if isinstance(norm, nn.RMSNorm):
        made = nn.RMSNorm(norm.normalized_shape, norm.eps, device="meta")
    else:
        made = nn.LayerNorm(norm.normalized_shape, norm.eps, bias=norm.bias is not None, device="meta")
    for name in ("weight", "bias"):
        value = getattr(norm, name, None)
        if value is not None:
            setattr(made, name, nn.Parameter((value.detach().float() / factors).to(value.dtype)))
    return made.eval()
