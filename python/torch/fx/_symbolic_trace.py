"""Tracing: a function runs once on stand-ins; what it calls on the way becomes the graph."""

import builtins
import functools
import inspect
import math

import torch
from torch import _intercept
from torch.fx.graph import Graph
from torch.fx.graph_module import GraphModule

from torch.fx.proxy import ParameterProxy, TracerBase, record_call, tracer_of

__all__ = ["Tracer", "symbolic_trace", "wrap", "is_fx_tracing"]

# (globals, name) of functions that `wrap` made leaves, and how many traces are running.
_wrapped = {}
_running = 0


def is_fx_tracing():
    return _running > 0


is_fx_symbolic_tracing = is_fx_tracing


def wrap(fn_or_name):
    """At the top level of a module: the function of that name is not traced through but called in the graph."""
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            "Unsupported type for global function! Must be either a callable or string name"
        )
    name = fn_or_name.__name__ if callable(fn_or_name) else fn_or_name
    frame = inspect.currentframe().f_back
    if frame.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    _wrapped[id(frame.f_globals), name] = frame.f_globals
    return fn_or_name


def _leaf(function):
    """`function`, recorded when an argument is a stand-in."""

    @functools.wraps(function)
    def recorded(*args, **kwargs):
        tracer = tracer_of((*args, *kwargs.values()))
        if tracer is None:
            return function(*args, **kwargs)
        return tracer.create_proxy("call_function", function, args, kwargs)

    recorded.__fx_already_patched = True
    return recorded


def _record_torch(function, call, args, kwargs):
    if tracer_of((*args, *kwargs.values())) is None:
        return call(*args, **kwargs)
    return record_call(function, args, kwargs)


class _Patches:
    """Changes of names and attributes that are undone together."""

    def __init__(self):
        self._undo = []
        self._visited = set()

    def replace_name(self, namespace, name, value):
        existed = name in namespace
        before = namespace.get(name)
        namespace[name] = value
        self._undo.append(lambda: namespace.__setitem__(name, before) if existed else namespace.pop(name))

    def replace_method(self, cls, name, value):
        before = cls.__dict__[name]
        setattr(cls, name, value)
        self._undo.append(lambda: setattr(cls, name, before))

    def first_visit(self, thing):
        found = id(thing) in self._visited
        self._visited.add(id(thing))
        return not found

    def undo(self):
        while self._undo:
            self._undo.pop()()


class Tracer(TracerBase):
    """trace(root) gives a Graph. Subclasses decide what is a leaf (is_leaf_module) and may change how calls are recorded."""

    def __init__(self, autowrap_modules=(math,), autowrap_functions=(), param_shapes_constant=False):
        super().__init__()
        self._autowrap_function_ids = {
            id(value) for module in autowrap_modules for name, value in vars(module).items()
            if not name.startswith("_") and callable(value)
        }
        self._autowrap_function_ids.update(id(f) for f in autowrap_functions)
        self._autowrap_search = list(autowrap_modules)
        self.param_shapes_constant = param_shapes_constant
        self.submodule_paths = None
        self.root_module_name = ""

    def create_arg(self, a):
        if isinstance(a, torch.nn.Parameter):
            for name, p in self.root.named_parameters():
                if a is p:
                    return self.create_node("get_attr", name, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, torch.Tensor):
            for name, p in self.root.named_buffers():
                if a is p:
                    return self.create_node("get_attr", name, (), {})
            found = self.tensor_attrs.get(id(a))
            if found is not None:
                return self.create_node("get_attr", found, (), {})
            return self.create_node("get_attr", self._keep_constant(a, "_tensor_constant"), (), {})
        if isinstance(a, torch.nn.Module):
            return self.create_node("get_attr", self.path_of_module(a), (), {})
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            args = tuple(self.create_arg(v) for v in a)
            return self.create_node("call_function", a.__class__, args, {})
        return super().create_arg(a)

    def _keep_constant(self, value, prefix):
        i = 0
        while hasattr(self.root, f"{prefix}{i}"):
            i += 1
        name = f"{prefix}{i}"
        self.tensor_attrs[id(value)] = name
        setattr(self.root, name, value)
        return name

    def is_leaf_module(self, m, module_qualified_name):
        return m.__module__.startswith(("torch.nn", "torch.ao.nn")) and not isinstance(m, torch.nn.Sequential)

    def path_of_module(self, mod):
        if self.submodule_paths:
            path = self.submodule_paths.get(mod)
            if path is None:
                raise NameError("module is not installed as a submodule")
            return path
        for name, p in self.root.named_modules():
            if mod is p:
                return name
        raise NameError("module is not installed as a submodule")

    def call_module(self, m, forward, args, kwargs):
        path = self.path_of_module(m)
        if not self.is_leaf_module(m, path):
            return forward(*args, **kwargs)
        return self.create_proxy("call_module", path, args, kwargs)

    def getattr(self, attr, attr_val, parameter_proxy_cache):
        """What self.<attr> of a module gives while tracing."""

        def stand_in(collection):
            for name, p in collection:
                if attr_val is not p:
                    continue
                if name not in parameter_proxy_cache:
                    options = {}
                    if self.param_shapes_constant:
                        options["proxy_factory_fn"] = lambda node: ParameterProxy(self, node, name, attr_val)
                    parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {}, **options)
                return parameter_proxy_cache[name]
            return None

        found = None
        if isinstance(attr_val, torch.nn.Parameter):
            found = stand_in(self.root.named_parameters())
        elif self.proxy_buffer_attributes and isinstance(attr_val, torch.Tensor):
            found = stand_in(self.root.named_buffers())
        return attr_val if found is None else found

    def create_args_for_root(self, root_fn, is_module, concrete_args=None):
        """The stand-ins of the arguments; what concrete_args names stays as it is given, and is checked in the graph."""
        fn = inspect.unwrap(root_fn)
        code = fn.__code__
        names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        args = [self.root] if is_module else []
        if is_module:
            if not names:
                raise RuntimeError("``self`` argument cannot be part of *args expansion!")
            names = names[1:]
        positional = code.co_argcount - len(args)
        parameters = inspect.signature(fn).parameters
        keywords = {}
        n_concrete = 0
        for i, name in enumerate(names):
            if concrete_args is not None and name in concrete_args:
                n_concrete += 1
                value = concrete_args[name]
                given = self.create_proxy("placeholder", f"{name}_{n_concrete}", () if value is None else (value,), {})
                self._check_concrete(given, name, value)
            else:
                default = parameters[name].default
                value = self.create_proxy("placeholder", name, () if default is inspect.Parameter.empty else (default,), {})
            if i < positional:
                args.append(value)
            else:
                keywords[name] = value
        if code.co_flags & inspect.CO_VARARGS:
            args.append(self.create_proxy("placeholder", "*" + code.co_varnames[len(names) + int(is_module)], (), {}))
        if code.co_flags & inspect.CO_VARKEYWORDS:
            at = len(names) + int(is_module) + bool(code.co_flags & inspect.CO_VARARGS)
            args.append(self.create_proxy("placeholder", "**" + code.co_varnames[at], (), {}))
        return root_fn, args, keywords

    def _check_concrete(self, given, name, value):
        if type(value) in (bool, int, float):
            torch._assert(given == value, f"{name} has been specialized to have value {value} but got another value")

    def trace(self, root, concrete_args=None):
        global _running
        if isinstance(root, torch.nn.Module):
            self.root = root
            fn = getattr(type(root), self.traced_func_name)
            self.root_module_name = root._get_name()
            self.submodule_paths = {mod: name for name, mod in root.named_modules()}
        else:
            self.root = torch.nn.Module()
            fn = root
        self.graph = Graph(tracer_cls=getattr(self, "__class__", None))
        self.tensor_attrs = {}

        def collect(module, prefix):
            for name, value in module.__dict__.items():
                if isinstance(value, torch.Tensor):
                    self.tensor_attrs[id(value)] = ".".join([*prefix, name])
            for name, child in module.named_children():
                collect(child, [*prefix, name])

        collect(self.root, [])
        patches = _Patches()
        functions = _intercept.public_functions()
        for function in functions:
            _intercept.push(function, _record_torch)
        _intercept.push(torch._assert, _record_torch)
        _running += 1
        try:
            fn, args, keywords = self.create_args_for_root(fn, isinstance(root, torch.nn.Module), concrete_args)
            self._patch(patches, fn)
            result = fn(*args, **keywords)
            self.create_node("output", "output", (self.create_arg(result),), {})
        finally:
            _running -= 1
            patches.undo()
            for function in functions:
                _intercept.pop(function)
            _intercept.pop(torch._assert)
        return self.graph

    def _patch(self, patches, fn):
        """Leaves among modules, parameters and wrapped functions are seen by these changes; torch's functions by interception."""
        tracer = self
        cache = {}
        plain_call, plain_getattr = torch.nn.Module.__call__, torch.nn.Module.__getattr__

        def module_call(mod, *args, **kwargs):
            def forward(*args, **kwargs):
                return plain_call(mod, *args, **kwargs)

            tracer._wrap_globals(patches, getattr(getattr(mod, "forward", mod), "__globals__", {}))
            return tracer.call_module(mod, forward, args, kwargs)

        def module_getattr(mod, attr):
            return tracer.getattr(attr, plain_getattr(mod, attr), cache)

        patches.replace_method(torch.nn.Module, "__call__", module_call)
        patches.replace_method(torch.nn.Module, "__getattr__", module_getattr)
        for (_, name), namespace in _wrapped.items():
            original = namespace.get(name, getattr(builtins, name, None))
            if original is not None and not hasattr(original, "__fx_already_patched"):
                patches.replace_name(namespace, name, _leaf(original))
        self._wrap_globals(patches, getattr(inspect.unwrap(fn), "__globals__", {}))
        for module in self._autowrap_search:
            self._wrap_globals(patches, module.__dict__)

    def _wrap_globals(self, patches, namespace):
        if not patches.first_visit(namespace):
            return
        for name, value in list(namespace.items()):
            if name.startswith("_") or not callable(value) or id(value) not in self._autowrap_function_ids:
                continue
            patches.replace_name(namespace, name, _leaf(value))


def symbolic_trace(root, concrete_args=None):
    """The GraphModule of a module or a function."""
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = root.__class__.__name__ if isinstance(root, torch.nn.Module) else root.__name__
    return GraphModule(tracer.root, graph, name)
