"""torch.autograd.Function: operations whose backward is written in Python."""

import _core
from torch._C import TensorBase, _buffer, _function_contexts, _new_id, _raise, _wrap


class FunctionCtx:
    """Passed to forward and backward: what is kept between them."""

    def __init__(self):
        self._saved = ()
        self.needs_input_grad = ()
        self._non_differentiable = ()
        self._materialize = True
        self._dirty = ()

    def save_for_backward(self, *tensors):
        self._saved = tensors
        self._versions = [None if t is None else t._version for t in tensors]

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self):
        for t, version in zip(self._saved, getattr(self, "_versions", ())):
            if t is not None and t._version != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"[{t.type()} {list(t.shape)}] is at version {t._version}; expected version {version} instead."
                )
        return self._saved

    def mark_dirty(self, *args):
        self._dirty = args

    def mark_non_differentiable(self, *args):
        self._non_differentiable = args

    def set_materialize_grads(self, value):
        self._materialize = value


class Function(FunctionCtx):
    """Subclass it with static forward and backward, then call `apply`."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError(f"{type(self)} should not be instantiated. Methods on autograd functions are all static.")

    @staticmethod
    def forward(*args, **kwargs):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        from torch.autograd.grad_mode import is_grad_enabled, no_grad

        ctx = type(cls.__name__ + "Backward", (FunctionCtx,), {})()
        tensors = [a if isinstance(a, TensorBase) else None for a in args]
        ctx.needs_input_grad = tuple(t is not None and t.requires_grad for t in tensors)
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                outputs = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, outputs)
            else:
                outputs = cls.forward(ctx, *args, **kwargs)
        if not (is_grad_enabled() and any(ctx.needs_input_grad)):
            return outputs
        if ctx._dirty:
            raise NotImplementedError("Function.mark_dirty on inputs that require grad is not supported yet")
        single = not isinstance(outputs, tuple)
        results = [outputs] if single else list(outputs)
        hidden = {id(t) for t in ctx._non_differentiable}
        places = [i for i, t in enumerate(results) if isinstance(t, TensorBase) and id(t) not in hidden]
        recorded = _record(cls, ctx, tensors, results, places)
        for i, t in zip(places, recorded):
            results[i] = t
        return results[0] if single else tuple(results)


def _record(cls, ctx, inputs, results, places):
    """Put the call on the tape. Gradients come for the outputs at `places`; the others' are None, or zeros."""
    context_id = _new_id()
    outputs = [results[i] for i in places]
    shapes = [(t.shape, t.dtype) if isinstance(t, TensorBase) else None for t in results]

    def run(grads):
        given = dict(zip(places, grads))
        grads = [given.get(i) for i in range(len(shapes))]
        if ctx._materialize:
            import torch

            grads = [torch.zeros(s[0], dtype=s[1]) if g is None and s else g for g, s in zip(grads, shapes)]
        result = cls.backward(ctx, *grads)
        result = list(result) if isinstance(result, tuple) else [result]
        if len(result) > len(inputs) and any(g is not None for g in result[len(inputs):]):
            raise RuntimeError(
                f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {len(inputs)}, got {len(result)})"
            )
        result = result[: len(inputs)]
        if len(result) < len(inputs):
            raise RuntimeError(
                f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {len(inputs)}, got {len(result)})"
            )
        return [g if ctx.needs_input_grad[i] else None for i, g in enumerate(result)]

    _function_contexts[context_id] = run
    at = 0
    for t in (*inputs, *outputs):
        _buffer[at] = 0 if t is None else t.h
        at += 1
    n = _core.record_function(cls.__name__ + "Backward", context_id, len(inputs), len(outputs))
    if n < 0:
        _raise()
    return [_wrap(int(h)) for h in _buffer[:n]]


def once_differentiable(function):
    return function
