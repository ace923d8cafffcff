"""torch.onnx.export: the model is called a few times while its ops are written down, and becomes an ONNX file."""

import contextlib
import io
import json
import os
import warnings

import _core
import torch
from torch.export import ExportedProgram
from torch.onnx._dimensions import dimensions_of, merged
from torch.onnx._program import ONNXProgram
from torch.onnx.errors import OnnxExporterError, OnnxExporterWarning, UnsupportedOperatorError

_DEFAULT_OPSET = 18
_LOWEST_OPSET = 17


def export(
    model,
    args=(),
    f=None,
    *,
    kwargs=None,
    verbose=None,
    input_names=None,
    output_names=None,
    opset_version=None,
    dynamo=True,
    external_data=True,
    dynamic_shapes=None,
    custom_translation_table=None,
    report=False,
    optimize=True,
    verify=False,
    profile=False,
    dump_exported_program=False,
    artifacts_dir=".",
    fallback=False,
    export_params=True,
    keep_initializers_as_inputs=False,
    dynamic_axes=None,
    training=0,
    operator_export_type=0,
    do_constant_folding=True,
    custom_opsets=None,
    export_modules_as_functions=False,
    autograd_inlining=True,
):
    """Write `model`, called with `args` and `kwargs`, to `f` as ONNX. The ONNXProgram is returned, with `dynamo=False` nothing.

    `dynamic_shapes` or `dynamic_axes` name the dimensions that may vary. Raises UnsupportedOperatorError where an op
    has no counterpart, with its line.
    """
    from torch._C import _error_types
    from torch._files import checked, is_path, writing

    _error_types["torch.onnx.UnsupportedOperatorError"] = UnsupportedOperatorError

    if custom_translation_table or export_modules_as_functions:
        raise NotImplementedError("torch.onnx.export: operators of one's own are not exported")
    if not export_params:
        raise NotImplementedError("torch.onnx.export: export_params=False is not supported: weights are always in the file")
    if keep_initializers_as_inputs:
        warnings.warn("keep_initializers_as_inputs is not followed: weights are initializers of the graph and no inputs.", stacklevel=2)
    if custom_opsets:
        warnings.warn(f"custom_opsets {custom_opsets} is not followed: no operator is taken from other domains.", stacklevel=2)
    exported = None
    if isinstance(model, ExportedProgram):
        # Its own arguments and dims, unless others are given.
        exported = model
        if args is None or isinstance(args, tuple) and not args and kwargs is None:
            args, kwargs = exported.example_inputs
        dynamic_shapes = exported._dynamic_shapes if dynamic_shapes is None else dynamic_shapes
        model = exported.module()
    args = (args,) if isinstance(args, torch.Tensor) else tuple(args)
    if kwargs is None and args and isinstance(args[-1], dict):
        args, kwargs = args[:-1], args[-1]
    kwargs = kwargs or {}
    arguments = _by_name(model, args, kwargs)
    opset = _opset(opset_version)

    def write(target):
        recorded = _record(model, arguments, dynamic_shapes, dynamic_axes, input_names or (), output_names or (), training)
        name = type(model).__name__ if isinstance(model, torch.nn.Module) else getattr(model, "__name__", "model")
        request = json.dumps({"opset": opset, "name": name, "dimensions": recorded["dimensions"]})
        with writing(target) as file_id:
            checked(_core.onnx_write(file_id, request))
        return recorded

    if is_path(f):
        _check_folder(f)
        recorded = write(f)
        source = os.path.abspath(f)
    else:
        buffer = io.BytesIO()
        recorded = write(buffer)
        source = buffer.getvalue()
        if f is not None:
            f.write(source)
    if not (dynamo or verify or f is None):
        return None
    renamed = dict(zip(recorded["inputs"], input_names or ()))

    def named(args, kwargs):
        given = _tensors(_by_name(model, args, kwargs))
        return {renamed.get(place, place): tensor for place, tensor in given}

    def with_weights(state_dict):
        buffer = io.BytesIO()
        with _weights(model, state_dict):
            write(buffer)
        return buffer.getvalue()

    program = ONNXProgram(source, named, exported or (lambda: ExportedProgram(model, args, kwargs, dynamic_shapes)), with_weights)
    if verify:
        was_training = _evaluate(model, training)
        try:
            program.check(model, args, kwargs)
        finally:
            was_training()
    return program if dynamo or f is None else None


@contextlib.contextmanager
def _weights(model, state_dict):
    """The model with other weights for a while."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"apply_weights: expected a model, which has weights by name, and it is {type(model).__name__}")
    held = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for name in state_dict:
        if name not in held:
            warnings.warn(f"Weight '{name}' not found in the model. Skipped applying.", category=OnnxExporterWarning, stacklevel=5)
    known = {name: tensor for name, tensor in state_dict.items() if name in held}
    try:
        model.load_state_dict({**held, **known})
        yield
    finally:
        model.load_state_dict(held)


def _opset(version):
    if version is None:
        return _DEFAULT_OPSET
    if version < _LOWEST_OPSET:
        warnings.warn(
            f"operator set {version} is not written: the file has version {_LOWEST_OPSET}, the lowest there is here.",
            stacklevel=3,
        )
        return _LOWEST_OPSET
    return version


def _check_folder(target):
    if isinstance(target, io.BytesIO):
        return
    folder = os.path.dirname(os.path.abspath(target))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{os.fspath(target)}: there is no folder {folder}")


def _evaluate(model, training):
    """Puts the model into the mode that `training` asks for; what puts it back."""
    if not isinstance(model, torch.nn.Module) or int(training) == 1:
        return lambda: None
    modes = {module: module.training for module in model.modules()}
    model.train(int(training) == 2)

    def restore():
        for module, mode in modes.items():
            module.training = mode

    return restore


def _record(model, arguments, dynamic_shapes, dynamic_axes, input_names, output_names, training):
    from layerwise import exporting

    places = [name for name, _ in _tensors(arguments)]
    if len(input_names) > len(places):
        raise RuntimeError(f"number of input names provided ({len(input_names)}) exceeded number of inputs ({len(places)})")
    dynamic, hinted, unknown = dimensions_of(dynamic_shapes, dynamic_axes, arguments, dict(zip(input_names, places)))
    restore = _evaluate(model, training)

    def attempt(dynamic):
        return exporting.record_calls(lambda values: _call(model, values), arguments, dynamic, input_names, output_names)

    try:
        recorded = attempt(dynamic)
        if "failure" in recorded and len(hinted) > 1:
            # Dimensions without a name of their own may be one and the same.
            recorded = attempt(merged(dynamic, hinted, dict(_tensors(arguments))))
    finally:
        restore()
    if "failure" in recorded:
        raise OnnxExporterError(recorded["failure"]["message"])
    outputs = recorded["outputs"]
    if len(output_names) > len(outputs):
        # What was recorded belongs to no other export.
        while _core.export_forget():
            pass
        raise RuntimeError(f"number of output names provided ({len(output_names)}) exceeded number of outputs ({len(outputs)})")
    for name in unknown:
        if name not in outputs:
            warnings.warn(f"Provided key {name} for dynamic axes is not a valid input/output name", stacklevel=3)
    return recorded


def _tensors(arguments):
    from layerwise.values import collect

    found = []
    for name, value in arguments.items():
        collect(value, name, found)
    return found


def _by_name(model, args, kwargs):
    import inspect

    function = model.forward if isinstance(model, torch.nn.Module) else model
    bound = inspect.signature(function).bind(*args, **kwargs)
    arguments = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            arguments.update(value)
        else:
            arguments[name] = value
    return arguments


def _call(model, values):
    import inspect

    function = model.forward if isinstance(model, torch.nn.Module) else model
    parameters = inspect.signature(function).parameters
    positional, words = [], {}
    # By position as long as no parameter was left out before it.
    expected = list(parameters)
    for name, value in values.items():
        kind = parameters[name].kind if name in parameters else inspect.Parameter.KEYWORD_ONLY
        is_next = len(positional) < len(expected) and expected[len(positional)] == name
        if kind is inspect.Parameter.VAR_POSITIONAL:
            positional.extend(value)
        elif kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) and not words and is_next:
            positional.append(value)
        else:
            words[name] = value
    return model(*positional, **words)
