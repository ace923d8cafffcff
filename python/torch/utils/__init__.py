"""torch.utils: data loading, checkpointing, hooks and small helpers."""

from . import hooks, data, checkpoint, _pytree


def set_module(obj, mod):
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod


def swap_tensors(t1, t2):
    """Exchange the contents of two tensors, so that every holder of one sees the other."""
    t1.data, t2.data = t2.data, t1.data
    t1.requires_grad_(t1.requires_grad), t2.requires_grad_(t2.requires_grad)
    t1.grad, t2.grad = t2.grad, t1.grad
