"""GlobalOptimManager: which parameters have optimizer states of another size than the optimizer's."""


class GlobalOptimManager:
    """One for all optimizers: get_instance()."""

    _instance = None

    def __init__(self):
        raise RuntimeError("Call get_instance() instead")

    @classmethod
    def get_instance(cls):
        if cls._instance is None:
            cls._instance = object.__new__(cls)
            cls._instance.initialize()
        return cls._instance

    def initialize(self):
        # {id of a parameter: its options}, and (module, name, options) for those that may still be exchanged.
        self._known, self._modules = {}, []

    def register_parameters(self, params):
        """Nothing has to be known before."""

    def override_config(self, parameters, key=None, value=None, key_value_dict=None):
        options = dict(key_value_dict or {})
        if key is not None:
            options[key] = value
        for parameter in parameters if isinstance(parameters, (list, tuple)) else [parameters]:
            self._known.setdefault(id(parameter), {}).update(options)

    def register_module_override(self, module, param_name, config):
        self._modules.append((module, param_name, config))

    def options_of(self, parameter):
        found = dict(self._known.get(id(parameter), {}))
        for module, name, config in self._modules:
            if getattr(module, name, None) is parameter:
                found.update(config)
        return found
