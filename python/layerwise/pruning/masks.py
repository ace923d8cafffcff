"""Zeros instead of weights: the smallest of a layer or of all, or n kept of every m along the input. Shapes stay as they are."""

import fnmatch

import torch
from torch import nn

_KINDS = (nn.Linear, nn.modules.conv._ConvNd, nn.Embedding)


def prunable(model, keep=()):
    """([(path, module)], {path: why}) of the layers whose weights can become zeros; weights that are shared stand once."""
    found, why, seen = [], {}, set()
    for path, module in model.named_modules():
        if not isinstance(module, _KINDS):
            continue
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in keep):
            why[path] = "kept by request"
        elif module._parameters.get("weight") is None:
            # Of weight_norm and other parametrizations: zeros would be written over by the next call.
            why[path] = "its weight is computed from others"
        elif module.weight in seen:
            why[path] = "shares its weight with another layer"
        else:
            seen.add(module.weight)
            found.append((path, module))
    return found, why


def by_magnitude(layers, amount, over_all):
    """{weight: mask} that zeroes the share `amount` of smallest weights (L1)."""
    weights = [module.weight.detach() for _, module in layers]
    if not over_all:
        return {module.weight: _smallest(module.weight.detach().abs(), amount) for _, module in layers}
    magnitudes = torch.cat([weight.abs().flatten().float() for weight in weights])
    mask = _smallest(magnitudes, amount)
    parts = mask.split([weight.numel() for weight in weights])
    return {module.weight: part.reshape(module.weight.shape) for (_, module), part in zip(layers, parts)}


def _smallest(magnitudes, amount):
    count = round(amount * magnitudes.numel())
    mask = torch.ones(magnitudes.numel(), dtype=torch.bool, device=magnitudes.device)
    if count:
        mask[torch.topk(magnitudes.flatten(), count, largest=False).indices] = False
    return mask.reshape(magnitudes.shape)


def n_of_m(layers, kept, of):
    """({weight: mask}, {path: why not}): the `kept` largest of every `of` weights along the input stay."""
    masks, why = {}, {}
    for path, module in layers:
        weight = module.weight.detach()
        rows = weight.movedim(1, -1) if weight.dim() > 2 else weight
        if isinstance(module, nn.Embedding):
            why[path] = "a table is looked up, not multiplied"
        elif rows.shape[-1] % of:
            why[path] = f"{rows.shape[-1]} inputs cannot be cut into groups of {of}"
        else:
            groups = rows.abs().reshape(*rows.shape[:-1], -1, of)
            chosen = torch.topk(groups, kept, dim=-1).indices
            mask = torch.zeros(groups.shape, dtype=torch.bool, device=weight.device).scatter(-1, chosen, True)
            mask = mask.reshape(rows.shape)
            masks[module.weight] = mask.movedim(-1, 1) if weight.dim() > 2 else mask
    return masks, why


def apply(masks):
    """Put the zeros into the weights themselves."""
    with torch.no_grad():
        for weight, mask in masks.items():
            weight.mul_(mask)
