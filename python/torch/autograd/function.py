"""torch.autograd.Function: operations whose backward is written in Python."""

import functools

import _core
from torch.autograd import graph
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

    def _hand_over(self):
        """Under hooks on saved tensors, what was saved goes through them."""
        self._restore = [None if t is None else graph._pack(t) for t in self._saved]
        if any(self._restore):
            self._saved = None

    @property
    def saved_tensors(self):
        if self._saved is None:
            return tuple(None if restore is None else restore() for restore in self._restore)
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
        if graph._active:
            ctx._hand_over()
        single = not isinstance(outputs, tuple)
        results = [outputs] if single else list(outputs)
        hidden = {id(t) for t in ctx._non_differentiable}
        places = [i for i, t in enumerate(results) if isinstance(t, TensorBase) and id(t) not in hidden]
        recorded = _record(cls, ctx, tensors, results, places)
        written = {id(t) for t in ctx._dirty}
        for i, t in zip(places, recorded):
            # An input that was written to stays the object that it is.
            if id(results[i]) not in written:
                results[i] = t
        return results[0] if single else tuple(results)


def _record(cls, ctx, inputs, results, places):
    """Put the call on the tape. Gradients come for the outputs at `places`; the others' are None, or zeros."""
    context_id = _new_id()
    outputs = [results[i] for i in places]
    written = {id(t) for t in ctx._dirty}
    for t in ctx._dirty:
        if not any(t is o for o in outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified "
                "inplace must all be outputs of the Function."
            )
        if t.requires_grad and t.is_leaf and not t._is_view():
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
    shapes = [(t.shape, t.dtype, t.device) if isinstance(t, TensorBase) else None for t in results]

    def run(grads):
        given = dict(zip(places, grads))
        grads = [given.get(i) for i in range(len(shapes))]
        if ctx._materialize:
            import torch

            grads = [torch.zeros(s[0], dtype=s[1], device=s[2]) if g is None and s else g for g, s in zip(grads, shapes)]
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
    for t in outputs:
        _buffer[at] = id(t) in written
        at += 1
    n = _core.record_function(cls.__name__ + "Backward", context_id, len(inputs), len(outputs))
    if n < 0:
        _raise()
    return [_wrap(int(h)) for h in _buffer[:n]]


def once_differentiable(function):
    """For a backward that is not made of differentiable operations: differentiating its results is an error."""

    @functools.wraps(function)
    def wrapper(ctx, *args):
        from torch.autograd.grad_mode import is_grad_enabled, no_grad

        with no_grad():
            outputs = function(ctx, *args)
        if not is_grad_enabled() or not any(isinstance(a, TensorBase) and a.requires_grad for a in args):
            return outputs
        found = outputs if isinstance(outputs, tuple) else (outputs,)
        refused = tuple(
            _Refused.apply(o.detach().requires_grad_()) if isinstance(o, TensorBase) and o.is_floating_point() else o for o in found
        )
        return refused if isinstance(outputs, tuple) else refused[0]

    return wrapper


class _Refused(Function):
    @staticmethod
    def forward(ctx, value):
        return value

    @staticmethod
    def backward(ctx, *grads):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class NestedIOFunction(Function):
    """Functions of nests of tensors: not needed where Python arguments are passed as they are."""


class InplaceFunction(Function):
    """A function that may write to its input; `inplace` says whether it does."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace
