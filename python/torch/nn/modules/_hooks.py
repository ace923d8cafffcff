"""The hooks of modules: those for all modules, those of one module, and how a call runs through them."""

import functools
import warnings
import weakref
from collections import OrderedDict

import torch

from ...utils.hooks import BackwardHook, RemovableHandle

_global_buffer_registration_hooks = OrderedDict()
_global_module_registration_hooks = OrderedDict()
_global_parameter_registration_hooks = OrderedDict()
_global_backward_pre_hooks = OrderedDict()
_global_backward_hooks = OrderedDict()
_global_forward_pre_hooks = OrderedDict()
_global_forward_hooks = OrderedDict()
_global_forward_hooks_always_called = OrderedDict()
_global_forward_hooks_with_kwargs = OrderedDict()
_global_is_full_backward_hook = None


def _add(hooks, hook, extra_dict=None, prepend=False, flags=()):
    handle = RemovableHandle(hooks, extra_dict=extra_dict)
    hooks[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_buffer_registration_hook(hook):
    return _add(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    return _add(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    return _add(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    return _add(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    flags = []
    if with_kwargs:
        flags.append(_global_forward_hooks_with_kwargs)
    if always_call:
        flags.append(_global_forward_hooks_always_called)
    return _add(_global_forward_hooks, hook, extra_dict=flags, flags=flags)


def register_module_backward_hook(hook):
    return _register_global_backward_hook(hook, is_full=False)


def register_module_full_backward_hook(hook):
    return _register_global_backward_hook(hook, is_full=True)


def _register_global_backward_hook(hook, is_full):
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not is_full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    _global_is_full_backward_hook = is_full
    return _add(_global_backward_hooks, hook)


def register_module_full_backward_pre_hook(hook):
    return _add(_global_backward_pre_hooks, hook)


def _has_any_global_hook():
    return bool(
        _global_backward_pre_hooks or _global_backward_hooks or _global_forward_hooks or _global_forward_pre_hooks
    )


class _WrappedHook:
    """A hook that is handed its module first; the module is held weakly so that it can be freed and copied."""

    def __init__(self, hook, module=None):
        self.hook = hook
        functools.update_wrapper(self, hook)
        self.with_module = module is not None
        self.module = weakref.ref(module) if self.with_module else None

    def __call__(self, *args, **kwargs):
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self):
        state = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state):
        self.hook = state["hook"]
        self.with_module = state["with_module"]
        self.module = None
        if self.with_module:
            if state["module"] is None:
                raise RuntimeError("You are trying to revive the hook of a dead Module!")
            self.module = weakref.ref(state["module"])


class ModuleHooks:
    """The hook methods of Module."""

    def register_full_backward_pre_hook(self, hook, prepend=False):
        return _add(self._backward_pre_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook):
        if self._is_full_backward_hook is True:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = False
        return _add(self._backward_hooks, hook)

    def register_full_backward_hook(self, hook, prepend=False):
        if self._is_full_backward_hook is False:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = True
        return _add(self._backward_hooks, hook, prepend=prepend)

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        extra = self._forward_pre_hooks_with_kwargs
        return _add(self._forward_pre_hooks, hook, extra_dict=extra, prepend=prepend, flags=flags)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        flags = []
        if with_kwargs:
            flags.append(self._forward_hooks_with_kwargs)
        if always_call:
            flags.append(self._forward_hooks_always_called)
        extra = [self._forward_hooks_with_kwargs, self._forward_hooks_always_called]
        return _add(self._forward_hooks, hook, extra_dict=extra, prepend=prepend, flags=flags)

    def _get_backward_hooks(self):
        full_hooks = []
        if _global_is_full_backward_hook is True:
            full_hooks.extend(_global_backward_hooks.values())
        if self._is_full_backward_hook is True:
            full_hooks.extend(self._backward_hooks.values())
        other_hooks = []
        if _global_is_full_backward_hook is False:
            other_hooks.extend(_global_backward_hooks.values())
        if self._is_full_backward_hook is False:
            other_hooks.extend(self._backward_hooks.values())
        return full_hooks, other_hooks

    def _get_backward_pre_hooks(self):
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def _maybe_warn_non_full_backward_hook(self, inputs, result, grad_fn):
        if not isinstance(result, torch.Tensor) and not (
            isinstance(result, tuple) and all(isinstance(item, torch.Tensor) for item in result)
        ):
            warnings.warn(
                "Using non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors "
                "is deprecated and will be removed in future versions. This hook will be missing some of the "
                "grad_output. Please use register_full_backward_hook to get the documented behavior.",
                FutureWarning,
                stacklevel=2,
            )

    def _run_pre_hooks(self, args, kwargs):
        own_with_kwargs = self._forward_pre_hooks_with_kwargs
        hooks = [(None, hook) for hook in _global_forward_pre_hooks.values()]
        hooks.extend(self._forward_pre_hooks.items())
        for hook_id, hook in hooks:
            if hook_id in own_with_kwargs:
                changed = hook(self, args, kwargs)
                if changed is None:
                    continue
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                    )
                args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs

    def _forward_hooks_in_order(self):
        """(id, hook, takes keywords, runs even after an error) of the global hooks, then of this module's own."""
        for hook_id, hook in list(_global_forward_hooks.items()):
            always = hook_id in _global_forward_hooks_always_called
            yield hook_id, hook, hook_id in _global_forward_hooks_with_kwargs, always
        for hook_id, hook in list(self._forward_hooks.items()):
            always = hook_id in self._forward_hooks_always_called
            yield hook_id, hook, hook_id in self._forward_hooks_with_kwargs, always

    def _call_with_hooks(self, args, kwargs):
        state = {"args": args, "kwargs": kwargs, "result": None}
        called = set()
        try:
            return self._forward_between_hooks(state, called)
        except Exception:
            self._run_always_called_hooks(state, called)
            raise

    def _forward_between_hooks(self, state, called):
        full_hooks, other_hooks = self._get_backward_hooks()
        backward_pre_hooks = self._get_backward_pre_hooks()
        args, kwargs = self._run_pre_hooks(state["args"], state["kwargs"])
        backward_hook = None
        if full_hooks or backward_pre_hooks:
            backward_hook = BackwardHook(self, full_hooks, backward_pre_hooks)
            args = backward_hook.setup_input_hook(args)
        state["args"], state["kwargs"] = args, kwargs
        result = self.forward(*args, **kwargs)
        state["result"] = result
        for hook_id, hook, with_kwargs, always in self._forward_hooks_in_order():
            if always:
                called.add(hook_id)
            changed = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            if changed is not None:
                result = changed
                state["result"] = result
        if backward_hook is not None:
            if not isinstance(result, (torch.Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                    f"but received {type(result)}",
                    stacklevel=3,
                )
            result = backward_hook.setup_output_hook(result)
        if other_hooks:
            self._register_on_grad_fn(other_hooks, args, result)
        return result

    def _register_on_grad_fn(self, hooks, args, result):
        tensor = result
        while not isinstance(tensor, torch.Tensor):
            tensor = next(iter(tensor.values())) if isinstance(tensor, dict) else tensor[0]
        grad_fn = tensor.grad_fn
        if grad_fn is None:
            return
        for hook in hooks:
            grad_fn.register_hook(_WrappedHook(hook, self))
        self._maybe_warn_non_full_backward_hook(args, result, grad_fn)

    def _run_always_called_hooks(self, state, called):
        """The call failed: hooks that asked to run always still do, and their own errors become warnings."""
        for hook_id, hook, with_kwargs, always in self._forward_hooks_in_order():
            if not always or hook_id in called:
                continue
            try:
                if with_kwargs:
                    changed = hook(self, state["args"], state["kwargs"], state["result"])
                else:
                    changed = hook(self, state["args"], state["result"])
                if changed is not None:
                    state["result"] = changed
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=3,
                )
