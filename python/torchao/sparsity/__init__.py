"""torchao.sparsity: masks that leave zeros in dense weights. Products that skip zeros are refused by name."""

import torch
from torch._missing import _refusing
from torch.ao.pruning import WeightNormSparsifier

_WHY = "no kernel here skips zeros; apply_fake_sparsity leaves two of four numbers zero in dense weights"

sparsify_ = _refusing("torchao.sparsity", "sparsify_", _WHY)


class _Sparse:
    """Refused where it is used: sparsify_ says why."""

    def __init__(self, *args, **kwargs):
        pass


semi_sparse_weight = SemiSparseWeightConfig = BlockSparseWeightConfig = block_sparse_weight = _Sparse


def apply_fake_sparsity(model, **kwargs):
    """Two of each four weights of linear layers become zero, those of the smallest size."""
    wanted = [
        {"tensor_fqn": f"{name}.weight" if name else "weight"} for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    sparsifier = WeightNormSparsifier(sparsity_level=1.0, sparse_block_shape=(1, 4), zeros_per_block=2)
    sparsifier.prepare(model, wanted)
    sparsifier.step()
    sparsifier.squash_mask()
