"""torch.jit as PyTorch behaves with PYTORCH_JIT=0: scripting and tracing give the Python object itself. There is no TorchScript, so
what reads or writes it says so.
"""

import typing

from torch._missing import _refusing
from torch.jit import annotations

_NO_SCRIPT = "there is no TorchScript here; models run as the Python they are written in. Save a state_dict instead"

Final = typing.Final
load = _refusing("torch.jit", "load", _NO_SCRIPT)
save = _refusing("torch.jit", "save", _NO_SCRIPT)
Error = RuntimeError


def is_scripting():
    return False


def is_tracing():
    return False


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    return obj


def trace(func, example_inputs=None, optimize=None, check_trace=True, **options):
    return func


def trace_module(mod, inputs, optimize=None, check_trace=True, **options):
    return mod


def script_method(fn):
    return fn


def script_if_tracing(fn):
    return fn


_script_if_tracing = script_if_tracing


def export(fn):
    return fn


def unused(fn):
    return fn


def ignore(drop=False, **kwargs):
    """As `@ignore` and as `@ignore(drop=True)`."""
    return drop if callable(drop) else lambda fn: fn


def _overload(func):
    return func


def _overload_method(func):
    return func


def interface(obj):
    return obj


def annotate(the_type, the_value):
    return the_value


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    if mod.training:
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before freezing.")
    return mod


def optimize_for_inference(mod, other_methods=None):
    return mod


def run_frozen_optimizations(mod, *args, **kwargs):
    return None


def enable_onednn_fusion(enabled):
    pass


def onednn_fusion_enabled():
    return False


def set_fusion_strategy(strategy):
    return []


class Future:
    """What fork gives: done when it is made, for the call ran at once."""

    def __init__(self, value):
        self._value = value

    def wait(self):
        return self._value

    def value(self):
        return self._value

    def done(self):
        return True

    def then(self, callback):
        return Future(callback(self))


def fork(func, *args, **kwargs):
    return Future(func(*args, **kwargs))


def wait(future):
    return future.wait()


def isinstance(obj, target_type):
    """The builtin, taught about List[int] and its kin."""
    origin = typing.get_origin(target_type)
    if origin is None:
        return _isinstance(obj, target_type)
    if origin is typing.Union:
        return any(isinstance(obj, t) for t in typing.get_args(target_type))
    if not _isinstance(obj, origin):
        return False
    wanted = typing.get_args(target_type)
    if origin is dict:
        return all(isinstance(k, wanted[0]) and isinstance(v, wanted[1]) for k, v in obj.items())
    if origin is tuple:
        return len(obj) == len(wanted) and all(isinstance(v, t) for v, t in zip(obj, wanted))
    return all(isinstance(v, wanted[0]) for v in obj)


from builtins import isinstance as _isinstance




def __getattr__(name):
    # Modules are needed for these, which load later than this file.
    if name in ("ScriptModule", "RecursiveScriptModule", "TopLevelTracedModule", "TracedModule"):
        from torch import nn

        kind = type(name, (nn.Module,), {"__doc__": "A module: no scripted ones exist here.", "__module__": __name__})
        globals()[name] = kind
        return kind
    if name == "ScriptFunction":
        globals()[name] = type(name, (), {"__doc__": "No function is one.", "__module__": __name__})
        return globals()[name]
    raise AttributeError(f"module 'torch.jit' has no attribute {name!r}")
