"""Module, the base of every layer: what it registers, how attributes find it, and what a call does."""

from collections import OrderedDict

import torch

from ... import _scopes
from ..parameter import Buffer, Parameter
from . import _hooks
from ._hooks import (
    ModuleHooks,
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_buffer_registration_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    _has_any_global_hook,
    _WrappedHook,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._state import _EXTRA_STATE_KEY_SUFFIX, ModuleState, _IncompatibleKeys
from ._traverse import ModuleTraversal

__all__ = [
    "register_module_forward_pre_hook",
    "register_module_forward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_backward_hook",
    "register_module_full_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
    "Module",
]


def _addindent(text, n_spaces):
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * n_spaces + line for line in rest)])


def _forward_unimplemented(self, *input):
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


def _run_registration_hooks(hooks, module, name, value):
    for hook in hooks.values():
        replaced = hook(module, name, value)
        if replaced is not None:
            value = replaced
    return value


def _empty_state():
    """What every module holds from birth, in the order that PyTorch gives its __dict__."""
    return {
        "training": True,
        "_parameters": {},
        "_buffers": {},
        "_non_persistent_buffers_set": set(),
        "_backward_pre_hooks": OrderedDict(),
        "_backward_hooks": OrderedDict(),
        "_is_full_backward_hook": None,
        "_forward_hooks": OrderedDict(),
        "_forward_hooks_with_kwargs": OrderedDict(),
        "_forward_hooks_always_called": OrderedDict(),
        "_forward_pre_hooks": OrderedDict(),
        "_forward_pre_hooks_with_kwargs": OrderedDict(),
        "_state_dict_hooks": OrderedDict(),
        "_state_dict_pre_hooks": OrderedDict(),
        "_load_state_dict_pre_hooks": OrderedDict(),
        "_load_state_dict_post_hooks": OrderedDict(),
        "_modules": {},
    }


# CPython keeps an object's values in the object itself until somebody asks for its __dict__: from then on each of its attributes
# takes three times as long. What modules do all the time therefore does without.
_put = object.__setattr__
_KEPT = frozenset(("_parameters", "_modules", "_buffers"))


class Module(ModuleHooks, ModuleState, ModuleTraversal):
    """Base of all layers and models: assign parameters, buffers and modules as attributes, and define `forward`."""

    dump_patches = False
    call_super_init = False
    _compiled_call_impl = None

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                name = next(iter(kwargs))
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument '{name}'")
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        for name, empty in _empty_state().items():
            _put(self, name, empty)
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward = _forward_unimplemented

    def _call_impl(self, *args, **kwargs):
        if _scopes.on:
            _scopes.enter(self)
            try:
                return self._dispatch_call(args, kwargs)
            finally:
                _scopes.exit()
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _global_forward_hooks
            or _global_forward_pre_hooks
            or _global_backward_hooks
            or _global_backward_pre_hooks
        ):
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    __call__ = _call_impl
    _wrapped_call_impl = _call_impl

    def _dispatch_call(self, args, kwargs):
        has_hooks = self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        if has_hooks or _has_any_global_hook():
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _slow_forward(self, *input, **kwargs):
        return self.forward(*input, **kwargs)

    def compile(self, *args, **kwargs):
        self._compiled_call_impl = torch.compile(self._call_impl, *args, **kwargs)

    def register_buffer(self, name, tensor, persistent=True):
        if not hasattr(self, "_buffers"):
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, torch.Tensor):
            raise TypeError(
                f"cannot assign '{torch.typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = _run_registration_hooks(_global_buffer_registration_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        if not hasattr(self, "_parameters"):
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is None:
            self._parameters[name] = None
            return
        if not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{torch.typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. "
                f"To express '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        self._parameters[name] = _run_registration_hooks(_global_parameter_registration_hooks, self, name, param)

    def add_module(self, name, module):
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{torch.typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = _run_registration_hooks(_global_module_registration_hooks, self, name, module)

    def register_module(self, name, module):
        self.add_module(name, module)

    def _check_name(self, kind, name, registered):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {torch.typename(name)}")
        if kind == "module":
            if hasattr(self, name) and name not in registered:
                raise KeyError(f"attribute '{name}' already exists")
            if "." in name:
                raise KeyError(f'module name can\'t contain ".", got: {name}')
        elif "." in name:
            raise KeyError(f'{kind} name can\'t contain "."')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in registered:
            raise KeyError(f"attribute '{name}' already exists")

    def __getattr__(self, name):
        if name not in _KEPT:
            try:
                # Spelled out: every layer comes by here for its weight.
                kept = self._parameters
                if name in kept:
                    return kept[name]
                kept = self._modules
                if name in kept:
                    return kept[name]
                kept = self._buffers
                if name in kept:
                    return kept[name]
            except AttributeError:
                # Before Module.__init__() there are none of them.
                pass
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        if isinstance(value, torch.Tensor):
            if isinstance(value, Parameter):
                self._forget(name, "_parameters", "cannot assign parameters before Module.__init__() call")
                self.register_parameter(name, value)
                return
            if isinstance(value, Buffer):
                self._forget(name, "_buffers", "cannot assign buffer before Module.__init__() call")
                self.register_buffer(name, value, value.persistent)
                return
        elif isinstance(value, Module):
            self._forget(name, "_modules", "cannot assign module before Module.__init__() call")
            self._modules[name] = _run_registration_hooks(_global_module_registration_hooks, self, name, value)
            return
        if name not in _KEPT and hasattr(self, "_parameters"):
            if name in self._parameters:
                self._refuse_unless_none(name, value, "parameter", "torch.nn.Parameter")
                self.register_parameter(name, value)
                return
            if name in self._modules:
                self._refuse_unless_none(name, value, "child module", "torch.nn.Module")
                self._modules[name] = _run_registration_hooks(_global_module_registration_hooks, self, name, value)
                return
            if name in self._buffers:
                if not isinstance(value, torch.Tensor):
                    self._refuse_unless_none(name, value, "buffer", "torch.nn.Buffer, torch.Tensor")
                self._buffers[name] = _run_registration_hooks(_global_buffer_registration_hooks, self, name, value)
                return
        super().__setattr__(name, value)

    def _forget(self, name, kept, message):
        """Take `name` out of wherever else it lives, because it is about to be registered under `kept`."""
        if not hasattr(self, kept):
            raise AttributeError(message)
        for other in _KEPT:
            if other != kept:
                getattr(self, other).pop(name, None)
        if hasattr(type(self), name):
            # What the class has by this name stays as it is, and says nothing about the object.
            self.__dict__.pop(name, None)
        else:
            try:
                object.__delattr__(self, name)
            except AttributeError:
                pass
        if kept != "_buffers" or name not in self._buffers:
            self._non_persistent_buffers_set.discard(name)

    def _refuse_unless_none(self, name, value, kind, wanted):
        if value is not None:
            raise TypeError(f"cannot assign '{torch.typename(value)}' as {kind} '{name}' ({wanted} or None expected)")

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __getstate__(self):
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)
        return state

    def __setstate__(self, state):
        for name, value in (state | {name: empty for name, empty in _empty_state().items() if name not in state}).items():
            if hasattr(type(self), name):
                self.__dict__[name] = value
            else:
                _put(self, name, value)

    def __dir__(self):
        names = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[0].isdigit())

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()]
        if not child_lines and len(extra_lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(extra_lines + child_lines) + "\n)"

    def _replicate_for_data_parallel(self):
        replica = type(self).__new__(type(self))
        replica.__dict__ = self.__dict__.copy()
        for name in ("_parameters", "_buffers", "_modules"):
            replica.__dict__[name] = replica.__dict__[name].copy()
        replica._parameters = {}
        replica._is_replica = True
        return replica


def __getattr__(name):
    # This one is rebound when the first global backward hook is registered, so it is read where it lives.
    if name == "_global_is_full_backward_hook":
        return _hooks._global_is_full_backward_hook
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
