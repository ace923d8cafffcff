"""no_grad and its kin: context managers that are decorators too."""

import functools
import inspect

import _core
from _direct import set_grad_enabled as _set_directly


_inference_depth = 0


def is_inference_mode_enabled():
    return _inference_depth > 0


def is_grad_enabled():
    return bool(_core.grad_enabled())


def _set(on):
    """What was on before."""
    before = _set_directly(on)
    return bool(_core.set_grad_enabled(on)) if before is NotImplemented else before


class _Mode:
    """Sets grad mode on entry, restores it on exit. As a decorator it wraps functions, generators and classes' calls."""

    def __enter__(self):
        # As _set does, without a frame of its own: it stands around many a small call.
        before = _set_directly(self._on)
        self._previous = _set(self._on) if before is NotImplemented else before
        return self

    def __exit__(self, *exc):
        if _set_directly(self._previous) is NotImplemented:
            _set(self._previous)
        return False

    def __call__(self, function):
        clone = self._clone
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generate(*args, **kwargs):
                # The mode holds while the generator runs, not while its user does.
                generator = function(*args, **kwargs)
                sent = None
                while True:
                    with clone():
                        try:
                            value = generator.send(sent)
                        except StopIteration as stop:
                            return stop.value
                    sent = yield value

            return generate

        @functools.wraps(function)
        def call(*args, **kwargs):
            with clone():
                return function(*args, **kwargs)

        return call

    def _clone(self):
        return type(self)()


class no_grad(_Mode):
    _on = False

    def __new__(cls, function=None):
        self = object.__new__(cls)
        # Used as a bare decorator: @torch.no_grad
        return self if function is None else self(function)


class enable_grad(_Mode):
    _on = True

    def __new__(cls, function=None):
        self = object.__new__(cls)
        return self if function is None else self(function)


class inference_mode(_Mode):
    def __init__(self, mode=True):
        self._on = not mode
        self.mode = mode
        if callable(mode):
            self._on = False

    def __new__(cls, mode=True):
        self = object.__new__(cls)
        if callable(mode):
            self._on = False
            self.mode = True
            return self(mode)
        return self

    def __enter__(self):
        global _inference_depth
        if self.mode is False:
            self._previous = _core.grad_enabled()
            return self
        _inference_depth += 1
        return super().__enter__()

    def __exit__(self, *exc):
        global _inference_depth
        if self.mode is not False:
            _inference_depth -= 1
        return super().__exit__(*exc)

    def _clone(self):
        return inference_mode(True if callable(self.mode) else self.mode)


class set_grad_enabled(_Mode):
    """Takes effect at once, and is undone on exit when used with `with`."""

    def __init__(self, mode):
        self._on = bool(mode)
        self._previous = _core.set_grad_enabled(self._on)

    def __enter__(self):
        return self

    def __call__(self, function):
        _core.set_grad_enabled(bool(self._previous))
        return super().__call__(function)

    def _clone(self):
        return set_grad_enabled(self._on)


for _cls in (no_grad, enable_grad, inference_mode, set_grad_enabled):
    _cls.__module__ = "torch"
