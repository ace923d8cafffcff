"""__torch_function__: classes that want to see the calls of torch's functions on their instances, and modes that see every call.

Nobody is asked until a class with a __torch_function__ of its own exists or a mode is entered (see _intercept.py). Functions written
for one's own library use has_torch_function and handle_torch_function as in PyTorch.
"""

import contextlib
import functools

from torch import _intercept
from torch._C import TensorBase

__all__ = [
    "TorchFunctionMode", "get_default_nowrap_functions", "handle_torch_function", "has_torch_function", "has_torch_function_unary",
    "has_torch_function_variadic", "is_tensor_like", "is_tensor_method_or_property", "resolve_name", "wrap_torch_function",
]

_subclass_calls = True
_is_armed = False


def _disabled_torch_function_impl(func, types, args=(), kwargs=None):
    """For classes whose results are plain tensors: Parameter is one."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


def _default_torch_function(cls, func, types, args=(), kwargs=None):
    """What Tensor itself does: the function runs, and tensors among its results become instances of the class."""
    if not all(issubclass(cls, t) for t in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
    return _as_class(result, cls)


def _as_class(value, cls):
    import torch

    if type(value) is torch.Tensor and cls is not torch.Tensor:
        return value.as_subclass(cls)
    if isinstance(value, (list, tuple)):
        return type(value)(_as_class(v, cls) for v in value) if type(value) in (list, tuple) else value
    return value


class DisableTorchFunctionSubclass(contextlib.ContextDecorator):
    """Inside, no class is asked."""

    def __enter__(self):
        global _subclass_calls
        self._before, _subclass_calls = _subclass_calls, False

    def __exit__(self, *exc):
        global _subclass_calls
        _subclass_calls = self._before


DisableTorchFunction = DisableTorchFunctionSubclass


def _asks(cls):
    import torch

    if cls is torch.Tensor or cls is torch.nn.Parameter:
        return False
    method = getattr(cls, "__torch_function__", None)
    if method is None or method is _disabled_torch_function_impl:
        return False
    return _is_armed or getattr(method, "__func__", None) is not _default_torch_function


def _overloaded(values):
    """The arguments whose classes ask to be called, subclasses first."""
    found = []
    for value in values:
        if type(value) in (list, tuple):
            candidates = _overloaded(value)
        else:
            candidates = [value] if _asks(type(value)) else []
        for candidate in candidates:
            if any(type(candidate) is type(f) for f in found):
                continue
            at = next((i for i, f in enumerate(found) if issubclass(type(candidate), type(f))), len(found))
            found.insert(at, candidate)
    return found


def has_torch_function(relevant_args):
    return bool(_overloaded(relevant_args))


def has_torch_function_unary(value):
    return _asks(type(value))


def has_torch_function_variadic(*values):
    return bool(_overloaded(values))


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    overloaded = _overloaded(relevant_args)
    types = tuple(type(a) for a in overloaded)
    for argument in overloaded:
        result = type(argument).__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{getattr(public_api, '__module__', '')}.{getattr(public_api, '__name__', public_api)}"
    raise TypeError(f"no implementation found for '{name}' on types that implement __torch_function__: {[t for t in types]}")


def _ask_classes(function, call, args, kwargs):
    if not _subclass_calls:
        return call(*args, **kwargs)
    if not _overloaded((*args, *kwargs.values())):
        return call(*args, **kwargs)
    return handle_torch_function(function, (*args, *kwargs.values()), *args, **kwargs)


def _plain_types():
    """Types that are never asked and hold nothing that would be. Lists and tuples are looked into."""
    import torch

    numbers = {bool, int, float, complex, str, type(None), slice, type(Ellipsis)}
    return frozenset(numbers | {torch.Tensor, torch.nn.Parameter, torch.Size, torch.dtype, torch.device, torch.memory_format})


def arm():
    """From now on classes are asked: one of them has a __torch_function__ of its own, or wants results of its own kind."""
    global _is_armed
    if _is_armed:
        return
    _is_armed = True
    _intercept.ask_classes_by(_ask_classes, _plain_types().issuperset)
    for function in _intercept.public_functions():
        _intercept.push(function, _ask_classes)


def wrap_torch_function(dispatcher):
    """A decorator: dispatcher(*args) names the arguments that may override the function."""

    def inner(func):
        @functools.wraps(func)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapped

    return inner


class TorchFunctionMode:
    """Inside `with mode:` every public torch function becomes mode.__torch_function__(func, types, args, kwargs)."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def __enter__(self):
        for function in _intercept.public_functions():
            _intercept.push(function, self._arrive)
        self._is_active = True
        return self

    def __exit__(self, *exc):
        for function in _intercept.public_functions():
            _intercept.pop(function)

    def _arrive(self, function, call, args, kwargs):
        if not self._is_active:
            return call(*args, **kwargs)
        types = tuple(type(a) for a in _overloaded((*args, *kwargs.values())))

        @functools.wraps(function)
        def onwards(*args, **kwargs):
            return call(*args, **kwargs)

        # The mode's own calls do not come back to it.
        self._is_active = False
        try:
            return self.__torch_function__(function, types, args, kwargs)
        finally:
            self._is_active = True


def is_tensor_like(inp):
    return isinstance(inp, TensorBase) or hasattr(inp, "__torch_function__")


def get_default_nowrap_functions():
    return set()


def is_tensor_method_or_property(func):
    import torch

    return any(value is func for value in vars(torch.Tensor).values()) or getattr(func, "__name__", "") == "__get__"


def resolve_name(f):
    return f"{getattr(f, '__module__', 'torch')}.{getattr(f, '__qualname__', f)}"


def _on_subclass(cls, **options):
    super(TensorBase, cls).__init_subclass__(**options)
    if "__torch_function__" in cls.__dict__ and cls.__dict__["__torch_function__"] is not _disabled_torch_function_impl:
        arm()


def install(tensor):
    """Give Tensor what it does when it is asked, and let classes made of it be noticed."""
    tensor.__torch_function__ = classmethod(_default_torch_function)
    tensor.__init_subclass__ = classmethod(_on_subclass)
