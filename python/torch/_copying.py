"""Beside tensors: copying and pickling them, handles of their hooks."""

import _core
from torch._C import _hooks, _make_subclass


class HookHandle:
    """Removes a hook; usable as a context manager."""

    def __init__(self, tensor, hook_id):
        self.tensor = tensor
        self.id = hook_id

    def remove(self):
        if self.tensor is not None:
            _core.remove_hook(self.tensor.h, self.id)
            _hooks.pop(self.id, None)
            self.tensor = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


def rebuild(cls, data, shape, dtype, requires_grad):
    import torch
    from torch._factories import from_buffer_bytes

    t = from_buffer_bytes(data, shape, dtype)
    result = t if cls is torch.Tensor else _make_subclass(cls, t)
    if requires_grad:
        result.requires_grad_(True)
    return result


def deep(self, memo):
    """copy.deepcopy: leaves only, with their gradient and attributes."""
    import torch

    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you "
            "were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    copied = self.detach().clone()
    result = copied if type(self) is torch.Tensor else _make_subclass(type(self), copied)
    if self.requires_grad:
        result.requires_grad_(True)
    if self.grad is not None:
        result.grad = self.grad.__deepcopy__(memo)
    result.__dict__.update(self.__dict__)
    memo[id(self)] = result
    return result


def _rebuild_from_type_v2(func, new_type, args, state):
    """A name that checkpoints carry: a tensor with attributes of its own."""
    result = func(*args)
    if type(result) is not new_type:
        result = _make_subclass(new_type, result, result.requires_grad)
    result.__dict__.update(state[0] if isinstance(state, tuple) else state)
    return result


# Checkpoints name it so.
_rebuild_from_type_v2.__module__ = "torch._tensor"
