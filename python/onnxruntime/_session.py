"""InferenceSession: a model in ONNX Runtime. Files are opened here, by the script's own rights, and handed over open."""

import contextlib
import datetime
import json
import os
import warnings

import _core
import numpy as np
import torch
from numpy._array import wrap
from onnxruntime import _about
from onnxruntime._options import RunOptions, SessionOptions
from onnxruntime._types import dtype_of, number_of, type_text
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument, NoSuchFile
from torch._C import _buffer, _wrap
from torch._files import Reading, checked, writing


class NodeArg:
    """An input or output: its name, type and shape; sizes that may vary have a name or are None."""

    def __init__(self, plain):
        self.name = plain["name"]
        self.type = type_text(plain["type"])
        self.shape = plain["shape"]

    def __str__(self):
        return f"NodeArg(name='{self.name}', type='{self.type}', shape={self.shape})"


class ModelMetadata:
    """What a model says of itself."""

    def __init__(self, plain):
        self.producer_name = plain["producer"]
        self.graph_name = plain["graph"]
        self.domain = plain["domain"]
        self.description = plain["description"]
        self.graph_description = plain["graphDescription"]
        self.version = plain["version"]
        self.custom_metadata_map = plain["custom"]


class InferenceSession:
    """A model, by its path or its bytes, ready to run."""

    def __init__(self, path_or_bytes, sess_options=None, providers=None, provider_options=None, **kwargs):
        self._id = 0
        if kwargs.get("disabled_optimizers"):
            raise NotImplementedError("onnxruntime.InferenceSession: disabled_optimizers is not available here")
        if isinstance(path_or_bytes, (str, os.PathLike)):
            self._model_path, content = os.fspath(path_or_bytes), None
        elif isinstance(path_or_bytes, bytes):
            self._model_path, content = None, path_or_bytes
        else:
            raise TypeError(f"Unable to load from type '{type(path_or_bytes)}'")
        if sess_options is not None and not isinstance(sess_options, SessionOptions):
            raise TypeError(f"InferenceSession: sess_options is a {type(sess_options).__name__}: expected SessionOptions")
        self._options = sess_options if sess_options is not None else SessionOptions()
        self._providers, self._provider_options = _chosen(providers, provider_options)
        self._open(content)
        described = json.loads(checked(_core.ort_describe(self._id), ""))
        self._inputs = [NodeArg(item) for item in described["inputs"]]
        self._outputs = [NodeArg(item) for item in described["outputs"]]
        self._places = {item.name: i for i, item in enumerate(self._inputs)}
        self._output_places = {item.name: i for i, item in enumerate(self._outputs)}
        self._input_types = [item["type"] for item in described["inputs"]]
        self._required = [item.name for item in self._inputs]
        self._meta = described["meta"]
        self._began_ns = None

    def _open(self, content):
        options, path = self._options, self._model_path
        target = options.optimized_model_filepath
        request = {
            "session": options._plain(),
            "providers": self._providers[:-1],
            "writesOptimized": bool(target),
            "profiles": bool(options.enable_profiling),
        }
        folder = None if path is None else os.path.dirname(os.path.abspath(path))
        with contextlib.ExitStack() as stack:
            model = stack.enter_context(_model_file(path, content))
            self._id = _opened(stack, model, path or "", folder, request)
        if target:
            with writing(target) as file_id:
                checked(_core.ort_write_optimized(self._id, file_id))

    def __del__(self):
        if getattr(self, "_id", 0):
            _core.ort_close(self._id)

    # What it is

    def get_inputs(self):
        return list(self._inputs)

    def get_outputs(self):
        return list(self._outputs)

    def get_overridable_initializers(self):
        raise NotImplementedError("onnxruntime.InferenceSession.get_overridable_initializers is not available here")

    def get_modelmeta(self):
        return ModelMetadata(self._meta)

    def get_providers(self):
        return list(self._providers)

    def get_provider_options(self):
        return {name: dict(self._provider_options.get(name, {})) for name in self._providers}

    def get_session_options(self):
        return self._options

    def set_providers(self, providers=None, provider_options=None):
        """The model is loaded again where others are asked for."""
        chosen = _chosen(providers, provider_options)
        if chosen[0] == self._providers:
            return
        raise NotImplementedError("onnxruntime.InferenceSession.set_providers: name providers when the session is made")

    def disable_fallback(self):
        """There is none: a provider that does not start is an error."""

    def enable_fallback(self):
        raise NotImplementedError("onnxruntime.InferenceSession.enable_fallback: a provider that does not start is an error here")

    # Running

    def run(self, output_names, input_feed, run_options=None):
        """The outputs that are asked for (None: all), as arrays in that order."""
        feed = input_feed
        missing = [name for name in self._required if name not in feed.keys()]
        if missing:
            raise ValueError(f"Required inputs ({missing}) are missing from input feed ({list(feed.keys())}).")
        words = [0] * (2 * len(self._inputs))
        held = []
        for name, value in feed.items():
            at = self._places.get(name)
            if at is None:
                raise InvalidArgument(f"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Invalid input name: {name}")
            array = self._as_array(value, at)
            tensor = array._t
            held.append(tensor)
            words[2 * at] = tensor.h
            words[2 * at + 1] = number_of(array.dtype)
        names = output_names or list(self._output_places)
        for name in names:
            if name not in self._output_places:
                raise InvalidArgument(f"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Invalid output name:{name}")
        wanted = list(dict.fromkeys(names))
        words += [self._output_places[name] for name in wanted]
        severity = -1 if run_options is None else run_options._severity()
        for i, word in enumerate(words):
            _buffer[i] = word
        checked(_core.ort_run(self._id, len(wanted), severity), -1)
        found = [int(word) for word in _buffer[: 2 * len(wanted)]]
        arrays = {name: wrap(_wrap(found[2 * i]), dtype_of(found[2 * i + 1])) for i, name in enumerate(wanted)}
        return [arrays[name] for name in names]

    def _as_array(self, value, at):
        if isinstance(value, np.ndarray):
            return value
        name = self._inputs[at].name
        if type(value).__name__ == "OrtValue":
            return value.numpy()
        if isinstance(value, list):
            return np.array(value, dtype=dtype_of(self._input_types[at]))
        if isinstance(value, torch.Tensor):
            raise RuntimeError(f"Input must be a list of dictionaries or a single numpy array for input '{name}'.")
        raise RuntimeError(f"Unable to handle object of type {type(value)}")

    def run_async(self, output_names, input_feed, callback, user_data, run_options=None):
        raise NotImplementedError("onnxruntime.InferenceSession.run_async is not available: call run")

    def run_with_ort_values(self, output_names, input_dict_ort_values, run_options=None):
        from onnxruntime._value import OrtValue

        feed = {name: value.numpy() for name, value in input_dict_ort_values.items()}
        return [OrtValue(array) for array in self.run(output_names, feed, run_options)]

    def io_binding(self):
        from onnxruntime._value import IOBinding

        return IOBinding(self)

    def run_with_iobinding(self, iobinding, run_options=None):
        iobinding._run(run_options)

    # What it measured

    def get_profiling_start_time_ns(self):
        raise NotImplementedError("onnxruntime.InferenceSession.get_profiling_start_time_ns is not handed on to here")

    def end_profiling(self):
        """The name of the file with ONNX Runtime's own events, in the folder in which the script runs."""
        if not self._options.enable_profiling:
            return ""
        text = checked(_core.ort_end_profiling(self._id), "")
        stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        name = f"{self._options.profile_file_prefix}_{stamp}.json"
        with open(name, "w") as file:
            file.write(text)
        return name


def output_types(content, folder=None):
    """What ONNX Runtime infers of a model's outputs, by name: (TensorProto.DataType, 0 where it is no tensor; sizes, names, None)."""
    import io

    from onnxruntime._options import GraphOptimizationLevel

    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    request = {"session": options._plain(), "providers": [], "writesOptimized": False, "profiles": False}
    with contextlib.ExitStack() as stack:
        model = stack.enter_context(Reading(io.BytesIO(content)))
        session = _opened(stack, model, "", folder, request)
    try:
        described = json.loads(checked(_core.ort_describe(session), ""))
    finally:
        _core.ort_close(session)
    return {item["name"]: (item["type"], item["shape"]) for item in described["outputs"]}


def _opened(stack, model, shown, folder, request):
    """A session over an open file and the files beside it."""
    beside = {}
    for name in json.loads(checked(_core.ort_files_beside(model, shown), "")):
        beside[name] = stack.enter_context(_beside(folder, name, shown))
    return checked(_core.ort_open(model, shown, json.dumps(request), json.dumps(beside)))


def _chosen(providers, provider_options):
    """Names that can be used, the CPU's last, and the options of each."""
    available = _about.get_available_providers()
    names, options = [], {}
    given = [(item, {}) if isinstance(item, str) else item for item in providers or ()]
    for i, (name, settings) in enumerate(given):
        if name in names:
            warnings.warn(f"Duplicate provider '{name}' encountered, ignoring.", stacklevel=3)
            continue
        if name not in available:
            warnings.warn(
                f"Specified provider '{name}' is not in available provider names.Available providers: '{', '.join(available)}'", stacklevel=3
            )
            continue
        settings = settings or (provider_options[i] if provider_options else {})
        if settings and name != "CPUExecutionProvider":
            raise NotImplementedError(f"onnxruntime: options of {name} are not handed on to ONNX Runtime here: {', '.join(settings)}")
        names.append(name)
        options[name] = {str(key): str(value) for key, value in settings.items()}
    names = [name for name in names if name != "CPUExecutionProvider"] + ["CPUExecutionProvider"]
    return names, {name: {} for name in names}


@contextlib.contextmanager
def _model_file(path, content):
    import io

    if path is None:
        with Reading(io.BytesIO(content)) as file_id:
            yield file_id
        return
    try:
        reading = Reading(path)
    except FileNotFoundError:
        raise NoSuchFile(
            f"[ONNXRuntimeError] : 3 : NO_SUCHFILE : Load model from {path} failed:Load model {path} failed. File doesn't exist"
        ) from None
    except IsADirectoryError:
        raise InvalidArgument(
            f"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Load model from {path} failed:{path} is a folder: expected a file"
        ) from None
    with reading as file_id:
        yield file_id


def _beside(folder, name, shown):
    """A file that holds weights of the model, which must lie in the model's folder."""
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    def refuse(why):
        raise Fail(f"[ONNXRuntimeError] : 1 : FAIL : {f'Load model from {shown} failed:' if shown else ''}{why}")

    if folder is None:
        refuse(f"initializers lie in '{name}': expected a model that is given by its path, or in one piece")
    place = folder
    for part in name.replace("\\", "/").split("/"):
        place = os.path.join(place, part)
        if os.path.islink(place):
            refuse(f"'{name}' is a link: expected a file in the model's folder")
    if not os.path.isfile(place):
        refuse(f"'{name}' is missing beside the model")
    return Reading(place)
