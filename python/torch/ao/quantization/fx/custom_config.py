"""Custom configurations of graph mode. They hold what they were given; prepare_fx and convert_fx refuse what they do not follow."""

import dataclasses

from torch.ao.quantization.utils import QuantType

__all__ = ["ConvertCustomConfig", "FuseCustomConfig", "PrepareCustomConfig", "StandaloneModuleConfigEntry"]

_NAMES = {QuantType.STATIC: "static", QuantType.DYNAMIC: "dynamic", QuantType.WEIGHT_ONLY: "weight_only"}


@dataclasses.dataclass
class StandaloneModuleConfigEntry:
    """How a module is quantized that stays one piece."""

    qconfig_mapping: object
    example_inputs: tuple
    prepare_custom_config: object
    backend_config: object


class _CustomConfig:
    """Attributes, and the keys by which they stand in a dict."""

    keys = {}

    def __init__(self):
        for name, (_, empty) in self.keys.items():
            setattr(self, name, empty())

    def __repr__(self):
        return f"{type(self).__name__}({ {name: value for name, value in vars(self).items() if len(value) > 0} })"

    def to_dict(self):
        return {key: _plain(getattr(self, name)) for name, (key, _) in self.keys.items() if len(getattr(self, name)) > 0}

    @classmethod
    def from_dict(cls, given):
        made = cls()
        for name, (key, _) in cls.keys.items():
            if key in given:
                setattr(made, name, _parsed(given[key]))
        return made

    def set_preserved_attributes(self, attributes):
        """Attributes that the graph module keeps although forward does not read them."""
        self.preserved_attributes = attributes
        return self

    def _set_mapping(self, name, before, after, quant_type):
        if quant_type not in _NAMES:
            raise ValueError(f"{type(self).__name__} got quant_type {quant_type}: expected a QuantType")
        getattr(self, name).setdefault(quant_type, {})[before] = after
        return self


def _plain(value):
    if isinstance(value, list):
        return value
    if value and all(isinstance(entry, StandaloneModuleConfigEntry) for entry in value.values()):
        return [(key, *dataclasses.astuple(entry)) for key, entry in value.items()]
    return {_NAMES[kind]: mapping for kind, mapping in value.items()}


def _parsed(value):
    if isinstance(value, dict):
        kinds = {name: kind for kind, name in _NAMES.items()}
        return {kinds[name]: mapping for name, mapping in value.items()}
    if value and isinstance(value[0], tuple):
        return {entry[0]: StandaloneModuleConfigEntry(*entry[1:]) for entry in value}
    return value


class PrepareCustomConfig(_CustomConfig):
    """For prepare_fx and prepare_qat_fx."""

    keys = {
        "standalone_module_names": ("standalone_module_name", dict),
        "standalone_module_classes": ("standalone_module_class", dict),
        "float_to_observed_mapping": ("float_to_observed_custom_module_class", dict),
        "non_traceable_module_names": ("non_traceable_module_name", list),
        "non_traceable_module_classes": ("non_traceable_module_class", list),
        "input_quantized_indexes": ("input_quantized_idxs", list),
        "output_quantized_indexes": ("output_quantized_idxs", list),
        "preserved_attributes": ("preserved_attributes", list),
    }

    def set_standalone_module_name(self, module_name, qconfig_mapping, example_inputs, prepare_custom_config, backend_config):
        self.standalone_module_names[module_name] = StandaloneModuleConfigEntry(
            qconfig_mapping, example_inputs, prepare_custom_config, backend_config
        )
        return self

    def set_standalone_module_class(self, module_class, qconfig_mapping, example_inputs, prepare_custom_config, backend_config):
        self.standalone_module_classes[module_class] = StandaloneModuleConfigEntry(
            qconfig_mapping, example_inputs, prepare_custom_config, backend_config
        )
        return self

    def set_float_to_observed_mapping(self, float_class, observed_class, quant_type=QuantType.STATIC):
        return self._set_mapping("float_to_observed_mapping", float_class, observed_class, quant_type)

    def set_non_traceable_module_names(self, module_names):
        self.non_traceable_module_names = module_names
        return self

    def set_non_traceable_module_classes(self, module_classes):
        self.non_traceable_module_classes = module_classes
        return self

    def set_input_quantized_indexes(self, indexes):
        self.input_quantized_indexes = indexes
        return self

    def set_output_quantized_indexes(self, indexes):
        self.output_quantized_indexes = indexes
        return self


class ConvertCustomConfig(_CustomConfig):
    """For convert_fx."""

    keys = {
        "observed_to_quantized_mapping": ("observed_to_quantized_custom_module_class", dict),
        "preserved_attributes": ("preserved_attributes", list),
    }

    def set_observed_to_quantized_mapping(self, observed_class, quantized_class, quant_type=QuantType.STATIC):
        return self._set_mapping("observed_to_quantized_mapping", observed_class, quantized_class, quant_type)


class FuseCustomConfig(_CustomConfig):
    """For fuse_fx."""

    keys = {"preserved_attributes": ("preserved_attributes", list)}
