"""torch.library: operators of one's own, registered and called in Python. There is no dispatcher: a call picks the kernel of the
tensors' device, and the registered gradient when one is needed."""

import inspect

from torch import _ops

__all__ = ["Library", "custom_op", "define", "fallthrough_kernel", "impl", "register_autograd", "register_fake", "register_kernel",
           "triton_op", "wrap_triton"]


def fallthrough_kernel():
    raise NotImplementedError("fallthrough_kernel() should never be called.")


class Library:
    """Defines or implements operators of a namespace."""

    def __init__(self, ns, kind, dispatch_key=""):
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise ValueError("Unsupported kind: ", kind)
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema, alias_analysis="", *, tags=()):
        name = schema.split("(")[0].strip()
        _ops.define(self.ns, name.split(".")[0], schema)
        return name

    def impl(self, op_name, fn, dispatch_key="", *, with_keyset=False, allow_override=False):
        name = op_name if isinstance(op_name, str) else op_name._qualified_op_name
        name = name.split("::")[-1].split(".")[0]
        _ops.define(self.ns, name).implementations[dispatch_key or self.dispatch_key] = fn

    def fallback(self, fn, dispatch_key="", *, with_keyset=False):
        return None

    def _destroy(self):
        return None


def _operator(op):
    if isinstance(op, CustomOpDef):
        return op._operator
    if isinstance(op, _ops.Operator):
        return op
    namespace, _, name = op.partition("::")
    return _ops.define(namespace, name.split(".")[0])


def _decorator(register):
    """register(function), now or as a decorator."""

    def apply(function):
        register(function)
        return function

    return apply


def register_fake(op, func=None, /, *, lib=None, _stacklevel=1, allow_override=False):
    operator = _operator(op)
    apply = _decorator(lambda f: operator.implementations.__setitem__("Meta", f))
    return apply if func is None else apply(func)


impl_abstract = register_fake


def register_kernel(op, device_types, func=None, /, *, lib=None):
    operator = _operator(op)
    places = [device_types] if isinstance(device_types, str) else device_types or ["CompositeExplicitAutograd"]

    def register(function):
        for place in places:
            operator.implementations[{"cpu": "CPU", "cuda": "CUDA", "meta": "Meta"}.get(place, place)] = function

    apply = _decorator(register)
    return apply if func is None else apply(func)


def register_autograd(op, backward, /, *, setup_context=None, lib=None):
    _operator(op).gradient = (backward, setup_context)


def register_vmap(op, func=None, /, *, lib=None):
    return (lambda f: f) if func is None else func


def register_autocast(op, device_type, cast_inputs, /, *, lib=None):
    return None


def register_torch_dispatch(op, torch_dispatch_class, func=None, /, *, lib=None):
    return (lambda f: f) if func is None else func


def define(qualname, schema=None, *, lib=None, tags=()):
    _operator(qualname).schema = schema


def impl(qualname, types="default", func=None, *, lib=None):
    if isinstance(qualname, Library):
        # The older form: impl(lib, name, dispatch_key).
        return _decorator(lambda f: qualname.impl(types, f, func or ""))
    places = (types,) if isinstance(types, str) else types
    named = ["CompositeExplicitAutograd" if place == "default" else place for place in places]
    return register_kernel(qualname, named, func)


class CustomOpDef:
    """What custom_op makes: callable, with more to register."""

    def __init__(self, operator, function):
        self._operator, self._init_fn = operator, function
        self.__name__ = operator.__name__
        self._qualname = operator._qualified_op_name

    def __call__(self, *args, **kwargs):
        if kwargs and self._operator.gradient is not None:
            bound = inspect.signature(self._init_fn).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        return self._operator(*args, **kwargs)

    def register_fake(self, fn):
        return register_fake(self._operator, fn)

    def register_kernel(self, device_types, fn=None):
        return register_kernel(self._operator, device_types, fn)

    def register_autograd(self, backward, /, *, setup_context=None):
        register_autograd(self._operator, backward, setup_context=setup_context)

    def register_vmap(self, func=None):
        return (lambda f: f) if func is None else func

    def __repr__(self):
        return f"<CustomOpDef({self._qualname})>"


def custom_op(name, fn=None, /, *, mutates_args=(), device_types=None, schema=None, tags=None):
    def make(function):
        operator = _operator(name)
        operator.schema = schema or ""
        register_kernel(operator, device_types, function)
        return CustomOpDef(operator, function)

    return make if fn is None else make(fn)


def triton_op(name, fn=None, /, *, mutates_args=(), schema=None):
    return custom_op(name, fn, mutates_args=mutates_args, schema=schema)


def wrap_triton(triton_kernel, /):
    raise NotImplementedError("torch.library.wrap_triton is not supported: triton is compiled code")


def get_ctx():
    raise RuntimeError("get_ctx() called outside of a fake implementation")


def opcheck(op, args, kwargs=None, **options):
    raise NotImplementedError("torch.library.opcheck is not supported: there is no compiler whose rules it could check")
