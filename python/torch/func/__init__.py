"""torch.func: functions made of functions."""

from torch._functorch.batch_norm_replacement import replace_all_batch_norm_modules_
from torch._functorch.eager_transforms import functionalize, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from torch._functorch.functional_call import functional_call, stack_module_state
from torch._functorch.vmap import vmap

__all__ = [
    "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]


def debug_unwrap(tensor, *, recurse=True):
    """Tensors are not wrapped by transformations here."""
    return tensor
