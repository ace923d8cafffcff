"""BaseSparsifier: prepare(model) puts masks over weights, step() renews them, squash_mask() leaves zeros in plain weights."""

import abc
import copy
from collections import defaultdict

import torch
from torch import nn
from torch.ao.pruning.sparsifier.utils import (
    FakeSparsity, get_arg_info_from_tensor_fqn, module_contains_param, module_to_fqn, swap_module,
)
from torch.nn.utils import parametrize
from torch.nn.utils.parametrize import type_before_parametrizations

__all__ = ["BaseSparsifier"]

SUPPORTED_MODULES = {nn.Linear}
# Objects and names that are found anew when a state is loaded.
KEYS_NOT_IN_STATE_DICT = ["module", "module_fqn", "tensor_name"]


class BaseSparsifier(abc.ABC):
    """Groups are dicts: a tensor's name, and what update_mask takes; `defaults` fills in what a group does not say."""

    def __init__(self, defaults=None):
        super().__init__()
        self.defaults = defaults or {}
        self.state = defaultdict(dict)
        self.groups = []
        self.enable_mask_update = True

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "groups": self.groups}

    def __setstate__(self, state):
        self.__dict__.update(state)

    def __repr__(self):
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.groups):
            text += f"\n\tGroup {number}\n\t    module: {group['module']}\n"
            text += "".join([f"\t    {key}: {group[key]}\n" for key in sorted(group) if key != "module"])
        return text + ")"

    def state_dict(self):
        groups = [{key: value for key, value in group.items() if key not in KEYS_NOT_IN_STATE_DICT} for group in self.groups]
        return {"state": self.state, "groups": groups}

    def load_state_dict(self, state_dict, strict=True):
        groups = copy.deepcopy(state_dict["groups"])
        states = state_dict["state"]
        for name, state in states.items():
            info = get_arg_info_from_tensor_fqn(self.model, name)
            module, tensor_name = info["module"], info["tensor_name"]
            if strict and module is None:
                raise RuntimeError(f"Error loading {name} into the model")
            masks = [part for part in module.parametrizations[tensor_name] if isinstance(part, FakeSparsity)]
            if masks:
                mask = masks[0]
            else:
                mask = FakeSparsity(torch.ones(getattr(module, tensor_name).shape))
                parametrize.register_parametrization(module, tensor_name, mask)
            if state.get("mask") is not None:
                mask.mask = state.pop("mask")
            for group in groups:
                if group["tensor_fqn"] == name:
                    group.update(info)
        self.__setstate__({"state": states, "groups": groups})

    def make_config_from_model(self, model, SUPPORTED_MODULES=SUPPORTED_MODULES):
        self.config = []
        waiting = [model]
        while waiting:
            for child in waiting.pop().children():
                if type(child) in SUPPORTED_MODULES:
                    self.config.append({"tensor_fqn": f"{module_to_fqn(model, child)}.weight"})
                else:
                    waiting.append(child)

    def prepare(self, model, config):
        """Changes the model in place; without a config the weights of all linear layers get masks."""
        self.model, self.config = model, config
        if config is None:
            self.make_config_from_model(model)
        for given in self.config:
            if not isinstance(given, dict):
                raise AssertionError(
                    "config elements should be dicts not modules i.e.:[{`tensor_fqn`: `foo.bar.weight`}, {`tensor_fqn`: ... }, ...]"
                )
            group = {**copy.deepcopy(self.defaults), **given}
            name = group.get("tensor_fqn")
            if name is None:
                raise AssertionError(
                    "tensor_fqn is a required argument in the sparsity config which replaces previous `module` and [module]`fqn` arguments"
                )
            info = get_arg_info_from_tensor_fqn(model, name)
            for key, value in info.items():
                if key in group and group[key] != value:
                    raise AssertionError(f"Given both `{key}` and `tensor_fqn` in the config, it is expected them to agree!")
            group.update(info)
            self.groups.append(group)
        self._prepare()

    def _prepare(self, *args, **kwargs):
        for group in self.groups:
            module, name = group["module"], group["tensor_name"]
            mask = group.get("mask", torch.ones_like(getattr(module, name)))
            self.state[group["tensor_fqn"]]["mask"] = mask
            parametrize.register_parametrization(module, name, group.get("parametrization", FakeSparsity)(mask))

    def squash_mask(self, params_to_keep=None, params_to_keep_per_layer=None, *args, **kwargs):
        """Weights become what they were under their masks; what shall be kept of a group stands in module.sparse_params."""
        for group in self.groups:
            module = group["module"]
            parametrize.remove_parametrizations(module, group["tensor_name"], leave_parametrized=True)
            names = [*(params_to_keep or ()), *((params_to_keep_per_layer or {}).get(group["module_fqn"]) or ())]
            if names:
                module.sparse_params = {name: group[name] for name in names}

    def convert(self, module, mapping=None, inplace=False, parameterization=FakeSparsity):
        """Modules with masks become what mapping's classes make of them (from_dense)."""
        if mapping is None:
            raise NotImplementedError("Need to auto generate mapping ")
        module = module if inplace else copy.deepcopy(module)
        for name, child in list(module.named_children()):
            if module_contains_param(child, parameterization) and type_before_parametrizations(child) in mapping:
                module._modules[name] = swap_module(child, mapping)
            else:
                self.convert(child, mapping, True, parameterization)
        return module

    def step(self, use_path=True):
        if not self.enable_mask_update:
            return
        with torch.no_grad():
            for group in self.groups:
                self.update_mask(**group)

    @abc.abstractmethod
    def update_mask(self, module, tensor_name, **kwargs): ...
