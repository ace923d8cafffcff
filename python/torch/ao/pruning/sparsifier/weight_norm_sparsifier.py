"""WeightNormSparsifier: blocks of the smallest norms become zero, or in such blocks some numbers of the smallest norms."""

import math

import torch
import torch.nn.functional as F
from torch.ao.pruning.sparsifier.base_sparsifier import BaseSparsifier

__all__ = ["WeightNormSparsifier"]

_NORMS = {1: lambda weight: weight.abs(), 2: lambda weight: weight * weight}


class WeightNormSparsifier(BaseSparsifier):
    """`sparsity_level` of the blocks of `sparse_block_shape` (rows, columns) lose `zeros_per_block` numbers, all if none is said."""

    def __init__(self, sparsity_level=0.5, sparse_block_shape=(1, 4), zeros_per_block=None, norm=None):
        norm = 2 if norm is None else norm
        if not callable(norm) and norm not in _NORMS:
            raise NotImplementedError(f"L-{norm} is not yet implemented.")
        self.norm_fn = norm if callable(norm) else _NORMS[norm]
        super().__init__({
            "sparsity_level": sparsity_level, "sparse_block_shape": sparse_block_shape,
            "zeros_per_block": math.prod(sparse_block_shape) if zeros_per_block is None else zeros_per_block,
        })

    def update_mask(self, module, tensor_name, sparsity_level, sparse_block_shape, zeros_per_block, **kwargs):
        size = math.prod(sparse_block_shape)
        if zeros_per_block > size:
            raise ValueError("Number of zeros per block cannot be more than the total number of elements in that block.")
        if zeros_per_block < 0:
            raise ValueError("Number of zeros per block should be positive.")
        mask = getattr(module.parametrizations, tensor_name)[0].mask
        if sparsity_level <= 0 or zeros_per_block == 0:
            mask.data = torch.ones_like(mask)
            return
        if sparsity_level >= 1 and zeros_per_block == size:
            mask.data = torch.zeros_like(mask)
            return
        norms = self.norm_fn(getattr(module, tensor_name))
        kept = _blocks_kept(norms, sparsity_level, sparse_block_shape)
        if zeros_per_block != size:
            kept = torch.logical_or(kept, _numbers_kept(norms, sparse_block_shape, zeros_per_block))
        mask.data = kept


def _blocks_kept(norms, level, shape):
    """1 in blocks that stay, 0 in the `level` of blocks with the smallest mean norms."""
    rows, columns = norms.shape[-2:]
    if level >= 1:
        return torch.zeros(rows, columns, device=norms.device)
    means = norms[None, None]
    if math.prod(shape) > 1:
        means = F.avg_pool2d(means, kernel_size=shape, stride=shape, ceil_mode=True)
    flat = means.flatten()
    count = min(flat.numel() - 1, round(level * flat.numel()))
    kept = torch.ones_like(flat)
    kept[torch.topk(flat, count, largest=False).indices] = 0
    wide = kept.view(means.shape[-2:]).repeat_interleave(shape[0], 0).repeat_interleave(shape[1], 1)
    return wide[:rows, :columns].contiguous()


def _numbers_kept(norms, shape, zeros):
    """0 for the `zeros` numbers of the smallest norms in each block."""
    rows, columns = norms.shape[-2:]
    high, wide = shape
    missing = (0, -columns % wide, 0, -rows % high)
    # What is beyond the edge is never among the smallest.
    padded = F.pad(norms, missing, value=math.nan)
    down, across = padded.shape[0] // high, padded.shape[1] // wide
    blocks = padded.view(down, high, across, wide).permute(0, 2, 1, 3).reshape(down * across, high * wide)
    kept = torch.ones_like(blocks).scatter_(1, torch.topk(blocks, zeros, dim=1, largest=False).indices, 0)
    return kept.view(down, across, high, wide).permute(0, 2, 1, 3).reshape(padded.shape)[:rows, :columns]
