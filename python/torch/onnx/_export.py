"""torch.onnx.export: the model is called a few times while its ops are written down, and becomes an ONNX file."""

import _core
import torch
from torch.onnx.errors import OnnxExporterError, UnsupportedOperatorError

_DEFAULT_OPSET = 18


class ONNXProgram:
    """An exported model; `save` writes it."""

    def __init__(self, content):
        self._content = content

    def save(self, destination, **_):
        with open(destination, "wb") as file:
            file.write(self._content)


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
    """Write `model`, called with `args` and `kwargs`, to `f` as ONNX; without `f` the program is returned.

    `dynamic_shapes` or `dynamic_axes` name the dimensions that may vary. Raises UnsupportedOperatorError where an op
    has no counterpart, with its line.
    """
    import io
    import json

    from layerwise import exporting
    from torch._C import _error_types
    from torch._files import checked, writing

    _error_types["torch.onnx.UnsupportedOperatorError"] = UnsupportedOperatorError

    if custom_translation_table or custom_opsets or export_modules_as_functions:
        raise NotImplementedError("torch.onnx.export: operators of one's own are not exported")
    args = (args,) if isinstance(args, torch.Tensor) else tuple(args)
    if kwargs is None and args and isinstance(args[-1], dict):
        args, kwargs = args[:-1], args[-1]
    arguments = _by_name(model, args, kwargs or {})
    names = _tensor_names(arguments)
    dynamic = _dynamic(dynamic_shapes, dynamic_axes, list(arguments), dict(zip(input_names or (), names)))
    was_training = isinstance(model, torch.nn.Module) and model.training
    if isinstance(model, torch.nn.Module) and int(training) != 2:
        model.eval()
    try:
        recorded = exporting.record_calls(
            lambda values: _call(model, values), arguments, dynamic, input_names or (), output_names or ()
        )
    finally:
        if was_training:
            model.train()
    if "failure" in recorded:
        raise OnnxExporterError(recorded["failure"]["message"])
    name = type(model).__name__ if isinstance(model, torch.nn.Module) else getattr(model, "__name__", "model")
    request = json.dumps(
        {"opset": opset_version or _DEFAULT_OPSET, "name": name, "dimensions": recorded["dimensions"]}
    )
    target = io.BytesIO() if f is None else f
    with writing(target) as file_id:
        checked(_core.onnx_write(file_id, request))
    return ONNXProgram(target.getvalue()) if f is None else None


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


def _tensor_names(arguments):
    from layerwise.probe import collect

    found = []
    for name, value in arguments.items():
        collect(value, name, found)
    return [name for name, _ in found]


def _dynamic(shapes, axes, parameters, by_given_name):
    """{"x": {0: "batch"}} from either way of naming dimensions; what names no input is an output's, and follows."""
    found = {}
    if isinstance(shapes, (tuple, list)):
        shapes = dict(zip(parameters, shapes))
    for name, dims in {**(axes or {}), **(shapes or {})}.items():
        if name not in by_given_name and name not in parameters:
            continue
        if dims is None:
            continue
        items = dims.items() if isinstance(dims, dict) else _positions(dims, name)
        named = {axis: _name(dim, name, axis) for axis, dim in items if dim is not None and not isinstance(dim, int)}
        if named:
            found[by_given_name.get(name, name)] = named
    return found


def _positions(dims, name):
    # dynamic_axes may list axes alone; dynamic_shapes lists one entry for each axis.
    if all(isinstance(axis, int) for axis in dims):
        return [(axis, f"{name}_dim_{axis}") for axis in dims]
    return list(enumerate(dims))


def _name(dim, name, axis):
    if isinstance(dim, str):
        return dim
    shown = getattr(dim, "__name__", None)
    return shown if isinstance(shown, str) else f"{name}_dim_{axis}"
