"""NearlyDiagonalSparsifier: only numbers near the diagonal stay."""

import torch
from torch.ao.pruning.sparsifier.base_sparsifier import BaseSparsifier

__all__ = ["NearlyDiagonalSparsifier"]


class NearlyDiagonalSparsifier(BaseSparsifier):
    """`nearliness` diagonals stay, an odd number."""

    def __init__(self, nearliness=1):
        super().__init__({"nearliness": nearliness})

    def update_mask(self, module, tensor_name, nearliness, **kwargs):
        mask = getattr(module.parametrizations, tensor_name)[0].mask
        if nearliness <= 0:
            mask.data = torch.zeros_like(mask)
            return
        rows, columns = getattr(module, tensor_name).shape
        if nearliness % 2 == 0:
            raise ValueError("nearliness can only be an odd number")
        reach = nearliness // 2
        if reach >= min(rows, columns):
            raise ValueError("nearliness cannot be larger than the dimensions of tensor.")
        distance = torch.arange(rows)[:, None] - torch.arange(columns)
        mask.data = (distance.abs() <= reach).to(mask.device, mask.dtype)
