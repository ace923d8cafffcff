"""Replace named sequences of layers by one fused layer each; the places of the others are taken by nn.Identity."""

import copy

from torch import nn
from torch.ao.quantization.fuser_method_mappings import get_fuser_method
from torch.nn.utils.parametrize import type_before_parametrizations


def _get_module(model, submodule_key):
    for name in submodule_key.split("."):
        model = getattr(model, name)
    return model


def _set_module(model, submodule_key, module):
    parent, _, name = submodule_key.rpartition(".")
    setattr(_get_module(model, parent) if parent else model, name, module)


def fuse_known_modules(mod_list, is_qat, additional_fuser_method_mapping=None):
    """The fused layer, then an identity for each of the others. Hooks of the first and of the last move to the fused
    one."""
    kinds = tuple(type_before_parametrizations(m) for m in mod_list)
    fused = get_fuser_method(kinds, additional_fuser_method_mapping)(is_qat, *mod_list)
    for hook in mod_list[0]._forward_pre_hooks.values():
        fused.register_forward_pre_hook(hook)
    mod_list[0]._forward_pre_hooks.clear()
    for hook in mod_list[-1]._forward_hooks.values():
        fused.register_forward_hook(hook)
    mod_list[-1]._forward_hooks.clear()
    result = [fused]
    for _ in mod_list[1:]:
        identity = nn.Identity()
        identity.training = mod_list[0].training
        result.append(identity)
    return result


def _fuse_modules(model, modules_to_fuse, is_qat, inplace, fuser_func, fuse_custom_config_dict):
    if not inplace:
        model = copy.deepcopy(model)
    is_one = all(isinstance(name, str) for name in modules_to_fuse)
    additional = (fuse_custom_config_dict or {}).get("additional_fuser_method_mapping", {})
    for names in [modules_to_fuse] if is_one else modules_to_fuse:
        fused = fuser_func([_get_module(model, name) for name in names], is_qat, additional)
        for name, module in zip(names, fused):
            _set_module(model, name, module)
    return model


def fuse_modules(model, modules_to_fuse, inplace=False, fuser_func=fuse_known_modules, fuse_custom_config_dict=None):
    """modules_to_fuse: a list of names, or a list of such lists."""
    return _fuse_modules(model, modules_to_fuse, False, inplace, fuser_func, fuse_custom_config_dict)


def fuse_modules_qat(model, modules_to_fuse, inplace=False, fuser_func=fuse_known_modules, fuse_custom_config_dict=None):
    """As fuse_modules, for training: norms stay norms."""
    return _fuse_modules(model, modules_to_fuse, True, inplace, fuser_func, fuse_custom_config_dict)
