"""Stand-ins of tensors: what is done to one becomes a node of the graph."""

import inspect
import dis
import operator

import torch
from torch import _intercept
from torch.fx import _explicit
from torch.fx.node import Node, base_types

__all__ = ["Attribute", "ParameterProxy", "Proxy", "TraceError", "TracerBase", "GraphAppendingTracer"]


class TraceError(ValueError):
    pass


class TracerBase:
    """Makes nodes, and stand-ins for them."""

    record_stack_traces = False
    check_mutable_operations = False
    trace_asserts = False
    proxy_buffer_attributes = False
    traced_func_name = "forward"

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None):
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node):
        return Proxy(node, self)

    def create_proxy(self, kind, target, args, kwargs, name=None, type_expr=None, proxy_factory_fn=None):
        args = self.create_arg(args)
        kwargs = self.create_arg(kwargs)
        node = self.create_node(kind, target, args, kwargs, name, type_expr)
        return proxy_factory_fn(node) if proxy_factory_fn else self.proxy(node)

    def create_arg(self, a):
        """A value as nodes hold it."""
        if isinstance(a, Proxy):
            return a.node
        if not isinstance(a, Proxy) and hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, torch.Size):
            return torch.Size([self.create_arg(v) for v in a])
        if isinstance(a, tuple):
            items = [self.create_arg(v) for v in a]
            return type(a)(*items) if hasattr(a, "_fields") else tuple(items)
        if isinstance(a, list):
            return [self.create_arg(v) for v in a]
        if isinstance(a, dict):
            for key in a:
                if isinstance(key, Node):
                    raise RuntimeError(f"Keys for dictionaries used as an argument cannot contain a Node. Got key: {key}")
            return {self.create_arg(k): self.create_arg(v) for k, v in a.items()}
        if isinstance(a, slice):
            return slice(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, range):
            return range(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, base_types) or a is None or a is ... or isinstance(a, (Node, torch.Generator)) or callable(a):
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    def to_bool(self, obj):
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj):
        """Iterating is possible only where the source says how many values there are: a, b = x."""
        frame = inspect.currentframe().f_back.f_back
        instruction = next((i for i in dis.get_instructions(frame.f_code) if i.offset == frame.f_lasti), None)
        if instruction is not None and instruction.opname == "UNPACK_SEQUENCE":
            return (obj[i] for i in range(instruction.argval))
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or **kwargs function "
            "argument. See the torch.fx docs on pytorch.org for a more detailed explanation of what types of control flow can be traced, "
            "and check out the Proxy docstring for help troubleshooting Proxy iteration errors"
        )

    def keys(self, obj):
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    def __init__(self, graph):
        self.graph = graph


class Proxy:
    """Holds a node; methods, operators and torch functions called on it append nodes and give stand-ins for their results."""

    def __init__(self, node, tracer=None):
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node

    def __repr__(self):
        return f"Proxy({self.node.name})"

    def __getattr__(self, k):
        # What Python itself looks for is not recorded.
        if k.startswith("__") and k.endswith("__"):
            raise AttributeError(k)
        return Attribute(self, k)

    def __getstate__(self):
        return self.__dict__

    def __setstate__(self, state):
        self.__dict__ = state

    def __deepcopy__(self, memo):
        return self

    def __call__(self, *args, **kwargs):
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self):
        return self.tracer.iter(self)

    def __abs__(self):
        return self.tracer.create_proxy("call_function", operator.abs, (self,), {})

    def __bool__(self):
        return self.tracer.to_bool(self)

    def keys(self):
        return self.tracer.keys(self)

    def __len__(self):
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call "
            "torch.fx.wrap('len') at module scope"
        )

    def __contains__(self, item):
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    @classmethod
    def __torch_function__(cls, orig_method, types, args=None, kwargs=None):
        return record_call(orig_method, args or (), kwargs or {})


def tracer_of(values):
    """The tracer of the first stand-in of a nest; None where there is none."""
    for value in values:
        if isinstance(value, Proxy):
            return value.tracer
        if type(value) in (list, tuple):
            found = tracer_of(value)
            if found is not None:
                return found
        elif type(value) is dict:
            found = tracer_of(value.values())
            if found is not None:
                return found
        elif type(value) is slice:
            found = tracer_of((value.start, value.stop, value.step))
            if found is not None:
                return found
    return None


def record_call(function, args, kwargs):
    tracer = tracer_of((*args, *kwargs.values()))
    name = function.__name__
    is_method = getattr(torch.Tensor, name, None) is function and getattr(torch, name, None) is not function
    if is_method and isinstance(args[0], Proxy):
        return tracer.create_proxy("call_method", name, args, kwargs)
    if name in _explicit.NAMES and getattr(torch.nn.functional, name, None) is function:
        args, kwargs = _spelt_out(function, args, kwargs)
    return tracer.create_proxy("call_function", function, args, kwargs)


def _spelt_out(function, args, kwargs):
    """Arguments without a default by position, all others by name."""
    parameters = inspect.signature(_intercept.original(function)).parameters
    given = dict(zip(parameters, args)) | kwargs
    positional, named = [], {}
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and key in given and not named:
            positional.append(given[key])
        elif key in given or parameter.default is not inspect.Parameter.empty:
            named[key] = given.get(key, parameter.default)
    return tuple(positional), named


class Attribute(Proxy):
    """x.name: fetched when it is used as a value, called as a method when it is called."""

    def __init__(self, root, attr):
        self.root = root
        self.attr = attr
        self.tracer = root.tracer
        self._node = None

    @property
    def node(self):
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args, **kwargs):
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """A parameter whose shape is known while tracing."""

    def __init__(self, tracer, node, name, param):
        super().__init__(node, tracer)
        self.param = param
        self.name = name

    def __repr__(self):
        return f"ParameterProxy({self.name})"

    @property
    def shape(self):
        return self.param.shape

    def size(self):
        return self.param.size()

    def dim(self):
        return self.param.dim()

    @property
    def ndim(self):
        return self.param.ndim

    def numel(self):
        return self.param.numel()

    def nelement(self):
        return self.param.nelement()


def _operator_method(function):
    def apply(*args, **kwargs):
        return tracer_of(args).create_proxy("call_function", function, args, kwargs)

    return apply


def _reflected_method(function):
    def apply(self, other):
        return self.tracer.create_proxy("call_function", function, (other, self), {})

    return apply


for _name in """
    add sub mul floordiv truediv mod pow lshift rshift and_ or_ xor getitem matmul eq ne lt gt le ge pos neg invert
""".split():
    setattr(Proxy, f"__{_name.strip('_')}__", _operator_method(getattr(operator, _name)))
for _name in "add sub mul floordiv truediv mod pow lshift rshift and_ or_ xor matmul".split():
    setattr(Proxy, f"__r{_name.strip('_')}__", _reflected_method(getattr(operator, _name)))
Proxy.__hash__ = object.__hash__


def _set_item(self, key, value):
    raise TypeError("'Proxy' object does not support item assignment")


Proxy.__setitem__ = _set_item
