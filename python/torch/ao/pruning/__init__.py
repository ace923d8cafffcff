"""torch.ao.pruning: weights under masks that a sparsifier renews in training. What needs sparse kernels, or removes channels, is
refused by name: `layerwise prune` does the second."""

from torch._missing import _refusing
from torch.ao.pruning.scheduler.base_scheduler import BaseScheduler
from torch.ao.pruning.scheduler.cubic_scheduler import CubicSL
from torch.ao.pruning.scheduler.lambda_scheduler import LambdaSL
from torch.ao.pruning.sparsifier.base_sparsifier import BaseSparsifier
from torch.ao.pruning.sparsifier.nearly_diagonal_sparsifier import NearlyDiagonalSparsifier
from torch.ao.pruning.sparsifier.utils import FakeSparsity, fqn_to_module, get_arg_info_from_tensor_fqn, module_to_fqn
from torch.ao.pruning.sparsifier.weight_norm_sparsifier import WeightNormSparsifier

_WHY = "there are no products with sparse integer weights; squash_mask leaves zeros in dense ones"
get_static_sparse_quantized_mapping = _refusing("torch.ao.pruning", "get_static_sparse_quantized_mapping", _WHY)
get_dynamic_sparse_quantized_mapping = _refusing("torch.ao.pruning", "get_dynamic_sparse_quantized_mapping", _WHY)
