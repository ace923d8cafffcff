"""Options of sessions and runs, as ONNX Runtime's Python has them. What ONNX Runtime is given is what was set; the rest is its default."""

import enum



class _Named(enum.IntEnum):
    """Numbers that print their names."""

    def __str__(self):
        return f"{type(self).__name__}.{self.name}"


class GraphOptimizationLevel(_Named):
    ORT_DISABLE_ALL = 0
    ORT_ENABLE_BASIC = 1
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class ExecutionMode(_Named):
    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class ExecutionOrder(_Named):
    DEFAULT = 0
    PRIORITY_BASED = 1
    MEMORY_EFFICIENT = 2


_LEVELS = {0: "disabled", 1: "basic", 2: "extended", 3: "layout", 99: "all"}
_default_severity = 2


def set_default_logger_severity(severity):
    """Of sessions that are made from now on: 0 verbose to 4 fatal."""
    global _default_severity
    if severity not in range(5):
        raise RuntimeError(f"Invalid logging severity {severity}: expected 0 to 4")
    _default_severity = severity


def set_default_logger_verbosity(verbosity):
    """Verbose messages are given by severity alone."""


class _Plain:
    """An object of named settings that knows no others."""

    _defaults = {}

    def __init__(self):
        for name, value in self._defaults.items():
            object.__setattr__(self, name, value)
        self._entries = {}

    def __setattr__(self, name, value):
        if name not in self._defaults and name != "_entries":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        object.__setattr__(self, name, value)


class SessionOptions(_Plain):
    """How a session is made."""

    _defaults = {
        "enable_cpu_mem_arena": True, "enable_profiling": False, "optimized_model_filepath": "", "enable_mem_pattern": True,
        "enable_mem_reuse": True, "logid": "", "log_severity_level": -1, "log_verbosity_level": 0, "intra_op_num_threads": 0,
        "inter_op_num_threads": 0, "execution_mode": ExecutionMode.ORT_SEQUENTIAL, "execution_order": ExecutionOrder.DEFAULT,
        "graph_optimization_level": GraphOptimizationLevel.ORT_ENABLE_ALL, "use_deterministic_compute": False,
        "profile_file_prefix": "onnxruntime_profile_",
    }

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "_free", {})

    def add_session_config_entry(self, key, value):
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"add_session_config_entry: expected two strings, got {type(key).__name__} and {type(value).__name__}")
        if key.startswith(("session.model_external", "ep.context")):
            raise NotImplementedError(f"onnxruntime.SessionOptions: {key} is not available: files are opened by the script alone")
        self._entries[key] = value

    def get_session_config_entry(self, key):
        if key not in self._entries:
            raise RuntimeError(f"SessionOptions does not have configuration with key: {key}")
        return self._entries[key]

    def add_free_dimension_override_by_name(self, name, size):
        self._free[name] = int(size)

    def _refuse(self, what, why):
        raise NotImplementedError(f"onnxruntime.SessionOptions.{what} is not available: {why}")

    def add_free_dimension_override_by_denotation(self, denotation, size):
        self._refuse("add_free_dimension_override_by_denotation", "give the size by the dimension's name")

    def register_custom_ops_library(self, path):
        self._refuse("register_custom_ops_library", "libraries of one's own are not loaded")

    def add_initializer(self, name, value):
        self._refuse("add_initializer", "write the weight into the model")

    def add_external_initializers(self, names, values):
        self._refuse("add_external_initializers", "write the weights into the model")

    def add_provider(self, name, options):
        self._refuse("add_provider", "name providers when the session is made")

    def _plain(self):
        """As the package on the host takes them."""
        if self.execution_order != ExecutionOrder.DEFAULT:
            self._refuse("execution_order", "nodes run in ONNX Runtime's own order")
        if self.use_deterministic_compute:
            self._refuse("use_deterministic_compute", "the package on the host does not hand it on")
        if not self.enable_mem_reuse:
            self._refuse("enable_mem_reuse", "the package on the host does not hand it on")
        severity = self.log_severity_level
        plain = {
            "enableCpuMemArena": bool(self.enable_cpu_mem_arena),
            "enableMemPattern": bool(self.enable_mem_pattern),
            "executionMode": "parallel" if self.execution_mode == ExecutionMode.ORT_PARALLEL else "sequential",
            "graphOptimizationLevel": _LEVELS[int(self.graph_optimization_level)],
            "logSeverityLevel": _default_severity if severity < 0 else int(severity),
            "intraOpNumThreads": int(self.intra_op_num_threads),
            "interOpNumThreads": int(self.inter_op_num_threads),
        }
        if self.logid:
            plain["logId"] = str(self.logid)
        if self._free:
            plain["freeDimensionOverrides"] = self._free
        if self._entries:
            plain["extra"] = self._entries
        return plain


class RunOptions(_Plain):
    """How one call runs."""

    _defaults = {
        "log_severity_level": -1, "log_verbosity_level": 0, "logid": "", "terminate": False, "only_execute_path_to_fetches": False,
        "enable_profiling": False,
    }

    def add_run_config_entry(self, key, value):
        self._entries[key] = value

    def get_run_config_entry(self, key):
        if key not in self._entries:
            raise RuntimeError(f"RunOptions does not have configuration with key: {key}")
        return self._entries[key]

    def _severity(self):
        """What a call is given of this; what cannot be handed on is refused."""
        if self.terminate:
            from onnxruntime.capi.onnxruntime_pybind11_state import Fail

            raise Fail("[ONNXRuntimeError] : 1 : FAIL : Exiting due to terminate flag being set to true.")
        if self._entries:
            raise NotImplementedError(f"onnxruntime.RunOptions: {next(iter(self._entries))} is not handed on to ONNX Runtime here")
        return int(self.log_severity_level)


