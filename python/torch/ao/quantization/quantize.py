"""The eager flow: qconfigs go down a model, observers come beside its layers, and layers are swapped for those of
integers."""

import copy
import inspect
import warnings

import torch
from torch import nn
from torch.ao.nn import quantizable, quantized
from torch.ao.nn.intrinsic import _FusedModule
from torch.ao.quantization.observer import _is_activation_post_process
from torch.ao.quantization.qconfig import (
    _activation_is_memoryless, _add_module_to_qconfig_obs_ctr, _assert_valid_qconfig, default_dynamic_qconfig,
    float16_dynamic_qconfig, float_qparams_weight_only_qconfig, float_qparams_weight_only_qconfig_4bit,
)
from torch.ao.quantization.quantization_mappings import (
    _get_special_act_post_process, _has_special_act_post_process, get_default_dynamic_quant_module_mappings,
    get_default_qat_module_mappings, get_default_qconfig_propagation_list, get_default_static_quant_module_mappings,
    no_observer_set,
)
from torch.ao.quantization.stubs import DeQuantStub, QuantWrapper
from torch.ao.quantization.utils import has_no_children_ignoring_parametrizations
from torch.nn.utils.parametrize import type_before_parametrizations

is_activation_post_process = _is_activation_post_process

_DEFAULT_CUSTOM_CONFIG_DICT = {
    "float_to_observed_custom_module_class": {
        nn.LSTM: quantizable.LSTM, nn.MultiheadAttention: quantizable.MultiheadAttention,
    },
    "observed_to_quantized_custom_module_class": {
        quantizable.LSTM: quantized.LSTM, quantizable.MultiheadAttention: quantized.MultiheadAttention,
    },
}

_RECURRENT = (nn.LSTM, nn.GRU, nn.LSTMCell, nn.RNNCell, nn.GRUCell)
# What dynamic quantization does by itself, by the dtype that is asked for: the qconfig, and the layers that get it.
_DYNAMIC = {
    torch.qint8: (default_dynamic_qconfig, (nn.Linear, *_RECURRENT)),
    torch.float16: (float16_dynamic_qconfig, (nn.Linear, *_RECURRENT)),
    torch.quint8: (float_qparams_weight_only_qconfig, (nn.EmbeddingBag, nn.Embedding)),
    torch.quint4x2: (float_qparams_weight_only_qconfig_4bit, (nn.EmbeddingBag,)),
}


def get_default_custom_config_dict():
    return _DEFAULT_CUSTOM_CONFIG_DICT


# Qconfigs


def _propagate(module, qconfig_dict, parent, prefix, custom):
    qconfig = qconfig_dict.get(type_before_parametrizations(module), parent)
    qconfig = qconfig_dict.get(prefix, qconfig)
    qconfig = getattr(module, "qconfig", qconfig)
    _assert_valid_qconfig(qconfig, module)
    module.qconfig = qconfig = _add_module_to_qconfig_obs_ctr(qconfig, module)
    for name, child in module.named_children():
        is_opaque = name in custom.get("non_traceable_module_name", []) or type(child) in custom.get("non_traceable_module_class", [])
        if not is_opaque:
            _propagate(child, qconfig_dict, qconfig, f"{prefix}.{name}" if prefix else name, custom)


def propagate_qconfig_(module, qconfig_dict=None, prepare_custom_config_dict=None):
    """Give each module a `qconfig`: its own, or by its name or class, or that of the module around it."""
    _propagate(module, qconfig_dict or {}, None, "", prepare_custom_config_dict or {})


# Observers


def _observer_forward_hook(self, input, output):
    return self.activation_post_process(output)


def _observer_forward_pre_hook(self, input):
    return self.activation_post_process(input[0])


def _register_activation_post_process_hook(module, pre_hook=False):
    if not hasattr(module, "activation_post_process"):
        raise AssertionError("Expect activation_post_process attribute already attached to the module")
    if pre_hook:
        module.register_forward_pre_hook(_observer_forward_pre_hook, prepend=True)
    else:
        module.register_forward_hook(_observer_forward_hook, prepend=True)


def _get_unique_devices_(module):
    tensors = [*module.parameters(), *module.buffers()]
    return {t.device for t in tensors if t.device.type != "meta"}


def _one_device(module, function):
    devices = _get_unique_devices_(module)
    if len(devices) > 1:
        raise AssertionError(f"{function} only works with cpu or single-device CUDA modules, but got devices {devices}")
    return next(iter(devices), None)


def _needs_observation(module):
    return getattr(module, "qconfig", None) is not None


def _new_observer(qconfig, device, special=None):
    made = qconfig.activation() if special is None else special()
    return made if device is None else made.to(device)


def _attach_observer(module, device, special=None):
    if _needs_observation(module) and not isinstance(module, DeQuantStub):
        module.add_module("activation_post_process", _new_observer(module.qconfig, device, special))
        _register_activation_post_process_hook(module, pre_hook=_activation_is_memoryless(module.qconfig))


def _add_observer_(
    module, qconfig_propagation_list=None, non_leaf_module_list=None, device=None, custom_module_class_mapping=None
):
    """An observer beside each layer that has a qconfig and is on the list."""
    if qconfig_propagation_list is None:
        qconfig_propagation_list = get_default_qconfig_propagation_list()
    custom = custom_module_class_mapping or {}
    if device is None:
        device = _one_device(module, "_add_observer_")
    for name, child in module.named_children():
        kind = type_before_parametrizations(child)
        if kind is nn.Dropout:
            continue
        if issubclass(kind, (quantized.FloatFunctional, quantized.QFunctional)):
            if _needs_observation(child):
                child.activation_post_process = _new_observer(child.qconfig, device)
        elif isinstance(child, _FusedModule) or (non_leaf_module_list is not None and kind in non_leaf_module_list):
            _attach_observer(child, device)
        elif _has_special_act_post_process(child):
            _attach_observer(child, device, _get_special_act_post_process(child))
        elif _needs_observation(child) and kind in custom:
            observed = custom[kind].from_float(child)
            setattr(module, name, observed)
            if custom[kind] not in no_observer_set():
                _attach_observer(observed, device)
        else:
            _add_observer_(child, qconfig_propagation_list, non_leaf_module_list, device, custom)
    is_listed = not isinstance(module, nn.Sequential) and type_before_parametrizations(module) in qconfig_propagation_list
    if is_listed and (has_no_children_ignoring_parametrizations(module) or hasattr(module, "weight_fake_quant")):
        _attach_observer(module, device)


add_observer_ = _add_observer_


def add_quant_dequant(module):
    """Stubs around each leaf that has a qconfig."""
    if has_no_children_ignoring_parametrizations(module) and getattr(module, "qconfig", None):
        return QuantWrapper(module)
    for name, child in module.named_children():
        module._modules[name] = add_quant_dequant(child)
    return module


def prepare(model, inplace=False, allow_list=None, observer_non_leaf_module_list=None, prepare_custom_config_dict=None):
    """A copy of the model (or itself) with observers; run data through it next."""
    if prepare_custom_config_dict is None:
        prepare_custom_config_dict = get_default_custom_config_dict()
    if not inplace:
        model = copy.deepcopy(model)
    propagate_qconfig_(model)
    if not any(getattr(m, "qconfig", None) for m in model.modules()):
        warnings.warn(
            "None of the submodule got qconfig applied. Make sure you passed correct configuration through `qconfig_dict` or by "
            "assigning the `.qconfig` attribute directly on submodules",
            stacklevel=2,
        )
    _add_observer_(
        model, allow_list, observer_non_leaf_module_list,
        custom_module_class_mapping=prepare_custom_config_dict.get("float_to_observed_custom_module_class", {}),
    )
    return model


def _remove_activation_post_process(module):
    if _is_activation_post_process(getattr(module, "activation_post_process", None)):
        delattr(module, "activation_post_process")
    hooks = ((module._forward_pre_hooks, _observer_forward_pre_hook), (module._forward_hooks, _observer_forward_hook))
    for registered, ours in hooks:
        for key in [key for key, hook in registered.items() if hook is ours]:
            registered.pop(key)


def _remove_qconfig(module):
    for child in module.children():
        _remove_qconfig(child)
    if hasattr(module, "qconfig"):
        del module.qconfig
    _remove_activation_post_process(module)


# Conversion


def swap_module(mod, mapping, custom_module_class_mapping, use_precomputed_fake_quant=False):
    """The module that takes mod's place; mod itself where there is none."""
    if getattr(mod, "qconfig", None) is None:
        return mod
    kind = type_before_parametrizations(mod)
    if kind in custom_module_class_mapping:
        made = custom_module_class_mapping[kind].from_observed(mod)
    elif kind in mapping:
        convert_one = mapping[kind].from_float
        options = {}
        if "use_precomputed_fake_quant" in inspect.signature(convert_one).parameters:
            options["use_precomputed_fake_quant"] = use_precomputed_fake_quant
        made = convert_one(mod, **options)
    else:
        return mod
    for hook in mod._forward_pre_hooks.values():
        made.register_forward_pre_hook(hook)
    for hook in mod._forward_hooks.values():
        # What is observed has been learned by now.
        if hook is not _observer_forward_hook:
            made.register_forward_hook(hook)
    device = _one_device(mod, "swap_module")
    if device is not None:
        made.to(device)
    return made


def _convert(module, mapping, custom, use_precomputed_fake_quant):
    swapped = {}
    for name, child in module.named_children():
        # Fused modules, and those with classes of their own, are swapped whole.
        if not isinstance(child, _FusedModule) and type_before_parametrizations(child) not in custom:
            _convert(child, mapping, custom, use_precomputed_fake_quant)
        swapped[name] = swap_module(child, mapping, custom, use_precomputed_fake_quant)
    module._modules.update(swapped)


def convert(
    module, mapping=None, inplace=False, remove_qconfig=True, is_reference=False, convert_custom_config_dict=None,
    use_precomputed_fake_quant=False,
):
    """A copy of the model (or itself) whose observed layers are replaced by those of `mapping`."""
    if is_reference:
        raise NotImplementedError(
            "convert(is_reference=True) is not supported: reference modules (torch.ao.nn.quantized.reference) belong to graph mode"
        )
    if not inplace:
        module = copy.deepcopy(module)
    if mapping is None:
        mapping = get_default_static_quant_module_mappings()
    if convert_custom_config_dict is None:
        convert_custom_config_dict = get_default_custom_config_dict()
    custom = convert_custom_config_dict.get("observed_to_quantized_custom_module_class", {})
    _convert(module, mapping, custom, use_precomputed_fake_quant)
    if remove_qconfig:
        _remove_qconfig(module)
    return module


def quantize(model, run_fn, run_args, mapping=None, inplace=False):
    """prepare, run_fn(model, *run_args), convert."""
    if mapping is None:
        mapping = get_default_static_quant_module_mappings()
    if not inplace:
        model = copy.deepcopy(model)
    model.eval()
    prepare(model, inplace=True)
    run_fn(model, *run_args)
    convert(model, mapping, inplace=True)
    return model


def quantize_dynamic(model, qconfig_spec=None, dtype=torch.qint8, mapping=None, inplace=False):
    """Weights as integers (or halves) now, activations when they come; nothing has to be observed."""
    if qconfig_spec is None or isinstance(qconfig_spec, set):
        if dtype not in _DYNAMIC:
            if qconfig_spec is None:
                raise ValueError(
                    f"Don't know how to quantize with default settings for {dtype}. Provide full qconfig please"
                )
            raise RuntimeError("Unknown dtype specified for quantize_dynamic: ", str(dtype))
        qconfig, usual = _DYNAMIC[dtype]
        qconfig_spec = dict.fromkeys(usual if qconfig_spec is None else qconfig_spec, qconfig)
    if mapping is None:
        mapping = get_default_dynamic_quant_module_mappings()
    if not inplace:
        model = copy.deepcopy(model)
    model.eval()
    propagate_qconfig_(model, qconfig_spec)
    convert(model, mapping, inplace=True)
    return model


def prepare_qat(model, mapping=None, inplace=False):
    """A copy of the model (or itself) for training: weights and activations are rounded in each pass."""
    if not model.training:
        raise AssertionError("prepare_qat only works on models in training mode")
    if mapping is None:
        mapping = get_default_qat_module_mappings()
    if not inplace:
        model = copy.deepcopy(model)
    propagate_qconfig_(model)
    convert(model, mapping=mapping, inplace=True, remove_qconfig=False)
    prepare(model, observer_non_leaf_module_list=set(mapping.values()), inplace=True)
    return model


def quantize_qat(model, run_fn, run_args, inplace=False):
    """prepare_qat, run_fn(model, *run_args), convert."""
    if not inplace:
        model = copy.deepcopy(model)
    model.train()
    prepare_qat(model, inplace=True)
    run_fn(model, *run_args)
    convert(model, inplace=True)
    return model


def _get_observer_dict(mod, target_dict, prefix=""):
    """Every observer by the path of its place."""
    start = prefix + "." if prefix else ""
    if hasattr(mod, "activation_post_process"):
        target_dict[start + "activation_post_process"] = mod.activation_post_process
    for name, child in mod.named_children():
        _get_observer_dict(child, target_dict, start + name)
