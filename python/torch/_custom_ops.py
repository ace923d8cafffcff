"""torch._custom_ops: older names of torch.library."""

from torch.library import custom_op, impl, register_fake as impl_abstract
