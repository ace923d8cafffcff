"""What a backend can quantize: patterns of modules and functions, each with the dtypes that it takes. Data only."""

import dataclasses
import enum

import torch

__all__ = ["BackendConfig", "BackendPatternConfig", "DTypeConfig", "DTypeWithConstraints", "ObservationType"]


class ObservationType(enum.Enum):
    """Where a result gets its scale from."""

    OUTPUT_USE_DIFFERENT_OBSERVER_AS_INPUT = 0
    OUTPUT_SHARE_OBSERVER_WITH_INPUT = 1
    INPUT_OUTPUT_NOT_OBSERVED = 2


@dataclasses.dataclass
class DTypeWithConstraints:
    """A dtype, and the codes and scales that the backend can do of it."""

    dtype: torch.dtype | None = None
    quant_min_lower_bound: int | float | None = None
    quant_max_upper_bound: int | float | None = None
    scale_min_lower_bound: int | float | None = None
    scale_max_upper_bound: int | float | None = None
    scale_exact_match: float | None = None
    zero_point_exact_match: int | None = None


_DTYPES = ("input_dtype", "output_dtype", "weight_dtype")


@dataclasses.dataclass
class DTypeConfig:
    """The dtypes of one way to compute a pattern; None stands for float, or for nothing said."""

    input_dtype_with_constraints: DTypeWithConstraints
    output_dtype_with_constraints: DTypeWithConstraints
    weight_dtype_with_constraints: DTypeWithConstraints
    bias_dtype: torch.dtype | None
    is_dynamic: bool | None

    def __init__(self, input_dtype=None, output_dtype=None, weight_dtype=None, bias_dtype=None, is_dynamic=None):
        for name, given in zip(_DTYPES, (input_dtype, output_dtype, weight_dtype)):
            made = given if isinstance(given, DTypeWithConstraints) else DTypeWithConstraints(dtype=given)
            setattr(self, f"{name}_with_constraints", made)
        self.bias_dtype, self.is_dynamic = bias_dtype, is_dynamic

    input_dtype = property(lambda self: self.input_dtype_with_constraints.dtype)
    output_dtype = property(lambda self: self.output_dtype_with_constraints.dtype)
    weight_dtype = property(lambda self: self.weight_dtype_with_constraints.dtype)

    @classmethod
    def from_dict(cls, dtype_config_dict):
        for name in _DTYPES:
            given = dtype_config_dict.get(name)
            if given is not None and not isinstance(given, (torch.dtype, DTypeWithConstraints)):
                raise ValueError(f"Expected {name} to be a torch.dtype or DTypeWithConstraints")
        return cls(*[dtype_config_dict.get(name) for name in (*_DTYPES, "bias_dtype", "is_dynamic")])

    def to_dict(self):
        found = {name: getattr(self, f"{name}_with_constraints") for name in _DTYPES if getattr(self, name) is not None}
        found |= {name: getattr(self, name) for name in ("bias_dtype", "is_dynamic") if getattr(self, name) is not None}
        return found


# {attribute of a pattern: its key in a dict}
_KEYS = {
    "pattern": "pattern", "root_module": "root_module", "qat_module": "qat_module",
    "reference_quantized_module": "reference_quantized_module_for_root", "fused_module": "fused_module", "fuser_method": "fuser_method",
}


class BackendPatternConfig:
    """A pattern (a class, a function, or a tuple of such in the order of execution) and how it is quantized."""

    def __init__(self, pattern=None):
        self.pattern = pattern
        self.observation_type = ObservationType.OUTPUT_USE_DIFFERENT_OBSERVER_AS_INPUT
        self.dtype_configs = []
        self.root_module = self.qat_module = self.reference_quantized_module = self.fused_module = self.fuser_method = None

    def __repr__(self):
        said = {name: value for name, value in vars(self).items() if value is not None and value != []}
        return f"BackendPatternConfig({said})"

    def set_pattern(self, pattern):
        self.pattern = pattern
        return self

    def set_observation_type(self, observation_type):
        self.observation_type = observation_type
        return self

    def add_dtype_config(self, dtype_config):
        self.dtype_configs.append(dtype_config)
        return self

    def set_dtype_configs(self, dtype_configs):
        self.dtype_configs = dtype_configs
        return self

    def set_root_module(self, root_module):
        self.root_module = root_module
        return self

    def set_qat_module(self, qat_module):
        self.qat_module = qat_module
        return self

    def set_reference_quantized_module(self, reference_quantized_module):
        self.reference_quantized_module = reference_quantized_module
        return self

    def set_fused_module(self, fused_module):
        self.fused_module = fused_module
        return self

    def set_fuser_method(self, fuser_method):
        self.fuser_method = fuser_method
        return self

    @classmethod
    def from_dict(cls, backend_pattern_config_dict):
        made = cls()
        for name, key in _KEYS.items():
            setattr(made, name, backend_pattern_config_dict.get(key))
        made.observation_type = backend_pattern_config_dict.get("observation_type", made.observation_type)
        for given in backend_pattern_config_dict.get("dtype_configs", []):
            if not isinstance(given, (DTypeConfig, dict)):
                raise ValueError(f"Expected a list of DTypeConfigs in backend_pattern_config_dict[\"dtype_configs\"], got '{type(given)}'")
            made.add_dtype_config(DTypeConfig.from_dict(given) if isinstance(given, dict) else given)
        return made

    def to_dict(self):
        found = {"observation_type": self.observation_type, "dtype_configs": [each.to_dict() for each in self.dtype_configs]}
        found |= {key: getattr(self, name) for name, key in _KEYS.items() if getattr(self, name) is not None}
        return found


class BackendConfig:
    """The patterns of a backend; a pattern that is set again takes the place of what was there."""

    def __init__(self, name=""):
        self.name = name
        self._by_pattern = {}

    def __repr__(self):
        return f"BackendConfig({vars(self)})"

    def set_name(self, name):
        self.name = name
        return self

    def set_backend_pattern_config(self, config):
        self._by_pattern[config.pattern] = config
        return self

    def set_backend_pattern_configs(self, configs):
        for config in configs:
            self.set_backend_pattern_config(config)
        return self

    @property
    def configs(self):
        return list(self._by_pattern.values())

    @classmethod
    def from_dict(cls, backend_config_dict):
        made = cls(backend_config_dict.get("name", ""))
        for given in backend_config_dict.get("configs", []):
            if not isinstance(given, (BackendPatternConfig, dict)):
                raise ValueError("Expected backend_config_dict['configs'] to be a dictionary")
            made.set_backend_pattern_config(BackendPatternConfig.from_dict(given) if isinstance(given, dict) else given)
        return made

    def to_dict(self):
        return {"name": self.name, "configs": [config.to_dict() for config in self.configs]}
