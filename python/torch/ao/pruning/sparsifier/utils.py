"""Modules and tensors by name, and the mask that stands over a weight."""

import itertools

from torch import nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

__all__ = [
    "module_contains_param", "swap_module", "module_to_fqn", "fqn_to_module", "get_arg_info_from_tensor_fqn", "FakeSparsity",
]


class FakeSparsity(nn.Module):
    """Multiplies a weight by a mask. The mask's numbers may change, the tensor stays; no checkpoint holds it."""

    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, x):
        if self.mask.shape != x.shape:
            raise AssertionError(f"mask shape ({self.mask.shape}) must match x shape ({x.shape})")
        return self.mask * x

    def state_dict(self, *args, **kwargs):
        return {}


def module_contains_param(module, parametrization):
    """Is one of its tensors computed by this parametrization?"""
    if not is_parametrized(module):
        return False
    return any(isinstance(part, parametrization) for parts in module.parametrizations.values() for part in parts)


def swap_module(mod, mapping):
    """What the mapping's class makes of a module, with its hooks and on its device."""
    cls = mapping.get(type_before_parametrizations(mod))
    if cls is None:
        return mod
    made = cls.from_dense(mod)
    for hook in mod._forward_pre_hooks.values():
        made.register_forward_pre_hook(hook)
    for hook in mod._forward_hooks.values():
        made.register_forward_hook(hook)
    devices = {tensor.device for tensor in itertools.chain(mod.parameters(), mod.buffers())}
    if len(devices) > 1:
        raise AssertionError(f"swap_module only works with cpu or single-device CUDA modules, but got devices {devices}")
    return made.to(devices.pop()) if devices else made


def module_to_fqn(model, module, prefix=""):
    """The name of a module in a model; None where it is not in it."""
    if module is model:
        return ""
    for name, child in model.named_children():
        found = module_to_fqn(child, module, ".")
        if found is not None:
            return prefix + name + found
    return None


def fqn_to_module(model, path):
    """The module or tensor of a name; None where there is none."""
    for name in path.split(".") if path else ():
        model = getattr(model, name, None)
    return model


def get_arg_info_from_tensor_fqn(model, tensor_fqn):
    """The parts of a tensor's name, and the module that holds it."""
    module_fqn, _, tensor_name = tensor_fqn.rpartition(".")
    return {
        "module_fqn": module_fqn, "module": fqn_to_module(model, module_fqn), "tensor_name": tensor_name, "tensor_fqn": tensor_fqn,
    }
