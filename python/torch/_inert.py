"""Parts of torch that libraries mention and that do nothing here, as PyTorch behaves without them."""

import sys
import types


def _identity(function=None, *args, **kwargs):
    """A decorator with or without arguments that changes nothing."""
    return function if callable(function) else lambda f: f


def _false(*args, **kwargs):
    return False


def _module(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], last, module)
    return module



def install(torch_globals):
    jit = _module(
        "torch.jit", is_scripting=_false, is_tracing=_false, unused=_identity, ignore=_identity, export=_identity, script=_identity,
        _script_if_tracing=_identity, script_if_tracing=_identity, _overload_method=_identity, interface=_identity,
        annotate=lambda kind, value: value, isinstance=isinstance, Final=__import__("typing").Final,
    )
    distributed = _module(
        "torch.distributed", is_available=_false, is_initialized=_false, is_nccl_available=_false, is_torchelastic_launched=_false,
        get_rank=lambda group=None: 0, get_world_size=lambda group=None: 1,
    )
    compiler = _module(
        "torch.compiler", disable=_identity, is_compiling=_false, is_exporting=_false, allow_in_graph=_identity,
        is_dynamo_compiling=_false, assume_constant_result=_identity,
    )
    dynamo = _module("torch._dynamo", is_compiling=_false, disable=_identity, allow_in_graph=_identity)
    fx = _module("torch.fx", wrap=_identity)
    onnx = _module("torch.onnx", is_in_onnx_export=_false)
    overrides = _module(
        "torch.overrides", has_torch_function=_false, has_torch_function_unary=_false, has_torch_function_variadic=_false,
        is_tensor_like=lambda value: hasattr(value, "h"),
    )
    torch_globals.update(
        jit=jit, distributed=distributed, compiler=compiler, _dynamo=dynamo, fx=fx, onnx=onnx, overrides=overrides
    )
