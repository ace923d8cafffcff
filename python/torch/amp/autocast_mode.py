"""autocast: inside the region, listed functions convert their arguments first. Conversions are on the tape; those of weights are
kept until the outermost region ends, so that a weight used twice is converted once.
"""

import functools
import warnings

import torch
from torch import _intercept
from torch.amp import _policies

__all__ = ["autocast", "autocast_decorator", "custom_bwd", "custom_fwd", "is_autocast_available"]

_HALVES = (torch.bfloat16, torch.float16)


class _State:
    """The settings of one kind of device, and what is installed for them."""

    def __init__(self, device, dtype, policies):
        self.device = device
        self.enabled = False
        self.dtype = dtype
        self.policies = policies
        self.installed = []
        self.functions = None

    def install(self, on):
        if on == bool(self.installed):
            return
        if not on:
            for function in reversed(self.installed):
                _intercept.pop(function)
            self.installed = []
            return
        if self.functions is None:
            self.functions = _functions_of(self.policies)
        for kind, function in self.functions:
            _intercept.push(function, functools.partial(_convert_and_call, self, kind))
            self.installed.append(function)


_states = {
    "cpu": _State("cpu", torch.bfloat16, _policies.CPU),
    "cuda": _State("cuda", torch.float16, _policies.CUDA),
}
_nesting = 0
_cache_enabled = True
_cache = {}
# True while a converted call runs: what it calls in turn is not converted again.
_is_inside = False


def _functions_of(policies):
    owners = [torch, torch.Tensor, torch.nn.functional, torch.linalg, torch.fft, torch.nn.RNNBase]
    found = {}
    for kind, names in policies.items():
        for name in names.split():
            for owner in owners:
                function = vars(owner).get(name)
                if _intercept.can_intercept(function) and not hasattr(function, "__refuses__"):
                    found.setdefault(id(function), (kind, function))
    return list(found.values())


def _is_eligible(value, device):
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dtype is not torch.float64 and value.device.type == device


def _converted(value, dtype, device):
    """`value` in another dtype where autocast may do that."""
    if value.dtype is dtype or not _is_eligible(value, device):
        return value
    is_weight = value.dtype is torch.float32 and dtype in _HALVES and value.requires_grad and value.is_leaf
    if not (is_weight and _cache_enabled) or not torch.is_grad_enabled():
        return value.to(dtype)
    held = _cache.get(id(value))
    if held is None:
        held = _cache[id(value)] = (value, value.to(dtype))
    return held[1]


def _mapped(value, change):
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(_mapped(v, change) for v in value)
    return value


def _tensors(values):
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif type(value) in (list, tuple):
            yield from _tensors(value)


def _has_class_numbers(args, kwargs):
    target = kwargs.get("target", args[1] if len(args) > 1 else None)
    return isinstance(target, torch.Tensor) and target.is_cuda and not target.is_floating_point()


def _convert_and_call(state, kind, function, call, args, kwargs):
    global _is_inside
    if _is_inside or not state.enabled:
        return call(*args, **kwargs)
    if kind == "pads":
        mode = kwargs.get("mode", args[2] if len(args) > 2 else "constant")
        widths = kwargs.get("pad", args[1] if len(args) > 1 else ())
        # Only these kernels of PyTorch are listed: reflection of one or two dims, replication.
        if mode != "replicate" and not (mode == "reflect" and len(widths) <= 4):
            return call(*args, **kwargs)
    if kind == "through" and args[0].mode == "GRU" and state.device == "cpu":
        return call(*args, **kwargs)
    if kind in ("lower", "through"):
        dtype = state.dtype
    elif kind == "first":
        dtype = args[0].dtype
    elif kind == "apart" or (kind == "loss" and _has_class_numbers(args, kwargs)):
        dtype = None
    elif kind in ("full", "pads", "loss"):
        dtype = torch.float32
    else:
        eligible = [t.dtype for t in _tensors((*args, *kwargs.values())) if _is_eligible(t, state.device)]
        if len(set(eligible)) < 2:
            return call(*args, **kwargs)
        dtype = functools.reduce(torch.promote_types, eligible)

    def change(value):
        return value if dtype is None else _converted(value, dtype, state.device)

    args = [_mapped(a, change) for a in args]
    kwargs = {k: _mapped(v, change) if k != "out" else v for k, v in kwargs.items()}
    _is_inside = kind != "through"
    try:
        return call(*args, **kwargs)
    finally:
        _is_inside = False


# The switches behind torch.is_autocast_enabled and its kin


def _state(device_type):
    try:
        return _states[device_type]
    except KeyError:
        raise RuntimeError(f"unsupported autocast device_type '{device_type}'") from None


def is_autocast_available(device_type):
    return device_type in _states


def is_autocast_enabled(device_type="cuda"):
    return _state(device_type).enabled


def set_autocast_enabled(device_type, enabled=None):
    if enabled is None:
        device_type, enabled = "cuda", device_type
    state = _state(device_type)
    state.enabled = bool(enabled)
    state.install(state.enabled)


def get_autocast_dtype(device_type):
    return _state(device_type).dtype


def set_autocast_dtype(device_type, dtype):
    _state(device_type).dtype = dtype


def is_autocast_cpu_enabled():
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled):
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype():
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype):
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype():
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype):
    set_autocast_dtype("cuda", dtype)


def is_autocast_cache_enabled():
    return _cache_enabled


def set_autocast_cache_enabled(enabled):
    global _cache_enabled
    _cache_enabled = bool(enabled)


def clear_autocast_cache():
    _cache.clear()


def autocast_increment_nesting():
    global _nesting
    _nesting += 1
    return _nesting


def autocast_decrement_nesting():
    global _nesting
    _nesting -= 1
    return _nesting


class autocast:
    """A context and a decorator: `with torch.autocast("cpu", dtype=torch.bfloat16): ...`."""

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        # An unknown word is the device's to refuse.
        torch.device(device_type)
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None and device_type in _states else dtype
        self.device = device_type
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        if device_type == "cuda" and enabled and not torch.cuda.is_available():
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2)
            enabled = False
        if enabled and self.fast_dtype not in _HALVES:
            word = device_type.upper()
            warnings.warn(
                f"In {word} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{word} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled

    def __enter__(self):
        state = _states[self.device]
        self._before = (state.enabled, state.dtype, _cache_enabled)
        set_autocast_enabled(self.device, self._enabled)
        state.dtype = self.fast_dtype
        autocast_increment_nesting()
        set_autocast_cache_enabled(self._cache_enabled)
        return self

    def __exit__(self, *exc):
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        enabled, dtype, cached = self._before
        set_autocast_enabled(self.device, enabled)
        set_autocast_dtype(self.device, dtype)
        set_autocast_cache_enabled(cached)
        return False

    def __call__(self, func):
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. Did you mean to use autocast as a context "
                "manager? For example:\n    with torch.autocast(device_type=...):\n        output = model(input)"
            )
        return autocast_decorator(self, func)


def autocast_decorator(autocast_instance, func):
    @functools.wraps(func)
    def decorate_autocast(*args, **kwargs):
        with autocast_instance:
            return func(*args, **kwargs)

    decorate_autocast.__script_unsupported = "@autocast() decorator is not supported in script mode"
    return decorate_autocast


def _cast(value, device_type, dtype):
    """Every floating tensor of a nest in another dtype."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if _is_eligible(value, device_type) else value
    if isinstance(value, dict):
        return {_cast(k, device_type, dtype): _cast(v, device_type, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(v, device_type, dtype) for v in value)
    return value


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """For the forward of an autograd.Function: runs it as autocast stands, or, with cast_inputs, converted and without autocast."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorate_fwd(*args, **kwargs):
        context = args[0]
        context._dtype = get_autocast_dtype(device_type)
        if cast_inputs is None:
            context._fwd_used_autocast = is_autocast_enabled(device_type)
            return fwd(*args, **kwargs)
        was_enabled = is_autocast_enabled(device_type)
        context._fwd_used_autocast = False
        if not was_enabled:
            return fwd(*args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            return fwd(*_cast(args, device_type, cast_inputs), **_cast(kwargs, device_type, cast_inputs))

    return decorate_fwd


def custom_bwd(bwd=None, *, device_type):
    """For the backward of an autograd.Function: runs it under the autocast that its forward had."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorate_bwd(*args, **kwargs):
        with autocast(device_type=device_type, enabled=args[0]._fwd_used_autocast, dtype=args[0]._dtype):
            return bwd(*args, **kwargs)

    return decorate_bwd
