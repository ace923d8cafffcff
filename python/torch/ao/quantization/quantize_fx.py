"""Quantization in graph mode: the model is traced, so that stubs, FloatFunctional and lists of layers to fuse are not
needed."""

from torch.ao.nn.quantized import FloatFunctional, FXFloatFunctional
from torch.ao.quantization import _graph_convert, _graph_prepare
from torch.ao.quantization.qconfig_mapping import QConfigMapping
from torch.fx import GraphModule, symbolic_trace

__all__ = ["convert_fx", "convert_to_reference_fx", "fuse_fx", "prepare_fx", "prepare_qat_fx"]

_KNOWN_CUSTOM = {"non_traceable_module_name", "non_traceable_module_class", "preserved_attributes"}


def _custom(config, function):
    """The parts of a prepare_custom_config that are followed; others are refused by name."""
    if config is None:
        return {}
    found = config if isinstance(config, dict) else config.to_dict()
    for name, value in found.items():
        if value and name not in _KNOWN_CUSTOM:
            raise NotImplementedError(f"{function}: {name} of the custom config is not supported yet")
    return found


def _rules(backend_config, function):
    """What a backend configuration leaves to be quantized; None: everything that can be."""
    if backend_config is None:
        return None
    from torch.ao.quantization.backend_config import BackendConfig
    from torch.ao.quantization.backend_config._rules import Rules

    return Rules(BackendConfig.from_dict(backend_config) if isinstance(backend_config, dict) else backend_config, function)


def _swap_functionals(model):
    """Observers stand beside FloatFunctional in a graph, not in it."""
    for name, module in model.named_children():
        if isinstance(module, FloatFunctional):
            model._modules[name] = FXFloatFunctional()
        else:
            _swap_functionals(module)


def _prepare(model, qconfig_mapping, is_qat, prepare_custom_config, backend_config, function):
    rules = _rules(backend_config, function)
    custom = _custom(prepare_custom_config, function)
    if isinstance(qconfig_mapping, dict):
        qconfig_mapping = QConfigMapping.from_dict(qconfig_mapping)
    if not isinstance(qconfig_mapping, QConfigMapping):
        raise AssertionError("qconfig_mapping must be a QConfigMapping")
    kept = {name: getattr(model, name) for name in custom.get("preserved_attributes", []) if hasattr(model, name)}
    _swap_functionals(model)
    prepared = _graph_prepare.prepare(
        model, qconfig_mapping, is_qat, custom.get("non_traceable_module_name", ()),
        custom.get("non_traceable_module_class", ()), rules,
    )
    for name, value in kept.items():
        setattr(prepared, name, value)
    return prepared


def prepare_fx(
    model, qconfig_mapping, example_inputs, prepare_custom_config=None, _equalization_config=None, backend_config=None
):
    """A graph with observers for calibration. example_inputs are not run: what is a tensor shows in the graph."""
    return _prepare(model, qconfig_mapping, False, prepare_custom_config, backend_config, "prepare_fx")


def prepare_qat_fx(model, qconfig_mapping, example_inputs, prepare_custom_config=None, backend_config=None):
    """A graph with rounded weights and activations for training."""
    return _prepare(model, qconfig_mapping, True, prepare_custom_config, backend_config, "prepare_qat_fx")


def fuse_fx(model, fuse_custom_config=None, backend_config=None):
    """A graph whose sequences of layers are fused, for evaluation."""
    custom = _custom(fuse_custom_config, "fuse_fx")
    fused = _graph_prepare.fuse(symbolic_trace(model), False, _rules(backend_config, "fuse_fx"))
    for name in custom.get("preserved_attributes", []):
        setattr(fused, name, getattr(model, name))
    return fused


def convert_fx(
    graph_module, convert_custom_config=None, _remove_qconfig=True, qconfig_mapping=None, backend_config=None,
    keep_original_weights=False,
):
    """The graph of integers that the observed graph describes."""
    # What was prepared says it already.
    _rules(backend_config, "convert_fx")
    custom = _custom(convert_custom_config, "convert_fx")
    if not isinstance(graph_module, GraphModule) or not hasattr(graph_module, "_quantization_roles"):
        raise ValueError(f"input model must be a GraphModule, Got type:{type(graph_module)} Please make sure to follow the tutorials.")
    if qconfig_mapping is not None or keep_original_weights:
        raise NotImplementedError("convert_fx: qconfig_mapping and keep_original_weights are not supported yet")
    kept = {name: getattr(graph_module, name) for name in custom.get("preserved_attributes", []) if hasattr(graph_module, name)}
    converted = _graph_convert.convert(graph_module)
    for name, value in kept.items():
        setattr(converted, name, value)
    for module in converted.modules():
        if _remove_qconfig and "qconfig" in module.__dict__:
            del module.qconfig
    return converted


def convert_to_reference_fx(graph_module, convert_custom_config=None, _remove_qconfig=True, qconfig_mapping=None, backend_config=None):
    raise NotImplementedError("convert_to_reference_fx is not supported: reference modules (torch.ao.nn.quantized.reference) are not here")
