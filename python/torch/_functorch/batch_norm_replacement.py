"""Batch norms without running statistics, which vmap could not write to."""

from torch import nn


def batch_norm_without_running_stats(module):
    if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
        module.running_mean = None
        module.running_var = None
        module.num_batches_tracked = None
        module.track_running_stats = False


def replace_all_batch_norm_modules_(root):
    """Writes to the module and gives it back."""
    batch_norm_without_running_stats(root)
    for child in root.modules():
        batch_norm_without_running_stats(child)
    return root
