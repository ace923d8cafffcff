"""Handles that remove a hook, and the two taps behind a module's full backward hooks.

Registers and calls nothing by itself: modules, tensors and optimizers keep their own dictionaries of hooks.
"""

import weakref
from collections import OrderedDict

import torch

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks", "BackwardHook"]


class RemovableHandle:
    """Takes one hook out of its dictionary, which it holds weakly: a handle keeps no module alive."""

    next_id = 0

    def __init__(self, hooks_dict, *, extra_dict=None):
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        if extra_dict is None:
            extras = []
        elif isinstance(extra_dict, dict):
            extras = [extra_dict]
        else:
            extras = list(extra_dict)
        self.extra_dict_ref = tuple(weakref.ref(extra) for extra in extras)

    def remove(self):
        for ref in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self):
        return (self.hooks_dict_ref(), self.id, tuple(ref() for ref in self.extra_dict_ref))

    def __setstate__(self, state):
        hooks, self.id, *rest = state
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        extras = rest[0] if rest else ()
        self.extra_dict_ref = tuple(weakref.ref(OrderedDict() if extra is None else extra) for extra in extras)
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self):
        return self

    def __exit__(self, type, value, tb):
        self.remove()


def unserializable_hook(f):
    """Mark a hook that is left out when its tensor is pickled."""
    f.__torch_unserializable__ = True
    return f


def warn_if_has_hooks(tensor):
    if not tensor._backward_hooks:
        return
    for hook in tensor._backward_hooks.values():
        if not hasattr(hook, "__torch_unserializable__"):
            import warnings

            warnings.warn(f"backward hook {hook!r} on tensor will not be serialized.", stacklevel=2)


class _Tap(torch.autograd.Function):
    """An identity in forward that shows the gradients to `callback` on their way back and lets it replace them."""

    @staticmethod
    def forward(ctx, callback, *tensors):
        ctx.callback = callback
        ctx.set_materialize_grads(False)
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(ctx, *grads):
        return (None, *ctx.callback(grads))


def _as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


class BackwardHook:
    """Calls a module's full backward hooks with the gradients of its inputs and outputs, once both are known."""

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs = None
        self.n_inputs = -1
        self.n_outputs = -1
        self.input_positions = None
        self.output_positions = None

    def setup_input_hook(self, args):
        args, self.input_positions = self._tap(args, self._on_grad_inputs)
        self.n_inputs = len(args)
        return args

    def setup_output_hook(self, args):
        is_single = isinstance(args, torch.Tensor)
        outputs = (args,) if is_single else args
        if not isinstance(outputs, tuple):
            return args
        outputs, self.output_positions = self._tap(outputs, self._on_grad_outputs)
        self.n_outputs = len(outputs)
        return outputs[0] if is_single else outputs

    def _tap(self, values, callback):
        positions = [i for i, value in enumerate(values) if isinstance(value, torch.Tensor)]
        if not torch.is_grad_enabled() or not any(values[i].requires_grad for i in positions):
            return values, None
        positions = [i for i in positions if values[i].requires_grad]
        tapped = _Tap.apply(callback, *(values[i] for i in positions))
        replaced = list(values)
        for position, tensor in zip(positions, tapped):
            replaced[position] = tensor
        rebuilt = type(values)(*replaced) if hasattr(values, "_fields") else tuple(replaced)
        return rebuilt, positions

    @staticmethod
    def _spread(positions, values, n):
        full = [None] * n
        for position, value in zip(positions, values):
            full[position] = value
        return tuple(full)

    def _on_grad_outputs(self, grads):
        grad_outputs = self._spread(self.output_positions, grads, self.n_outputs)
        for hook in self.user_pre_hooks:
            changed = hook(self.module, grad_outputs)
            if changed is None:
                continue
            changed = _as_tuple(changed)
            if len(changed) != self.n_outputs:
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(changed)}, but expected {self.n_outputs}"
                )
            grad_outputs = changed
        self.grad_outputs = grad_outputs
        if self.input_positions is None:
            self._call_without_grad_inputs()
        return tuple(grad_outputs[i] for i in self.output_positions)

    def _call_without_grad_inputs(self):
        grad_inputs = (None,) * max(self.n_inputs, 0)
        for hook in self.user_hooks:
            changed = hook(self.module, grad_inputs, self.grad_outputs)
            if changed is not None and not all(grad is None for grad in _as_tuple(changed)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires "
                    "gradient should always return None or None for all gradients."
                )
        self.grad_outputs = None

    def _on_grad_inputs(self, grads):
        if self.grad_outputs is None:
            # The output never took part in this backward pass: the gradient reached the input another way.
            return grads
        grad_inputs = self._spread(self.input_positions, grads, self.n_inputs)
        for hook in self.user_hooks:
            changed = hook(self.module, grad_inputs, self.grad_outputs)
            if changed is None:
                continue
            changed = _as_tuple(changed)
            if len(changed) != self.n_inputs:
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(changed)}, but expected {self.n_inputs}"
                )
            grad_inputs = changed
        self.grad_outputs = None
        return tuple(grad_inputs[i] for i in self.input_positions)
