"""The graph of a module's forward for calls like one that was seen: tensors vary, everything else is fixed. A graph is used
only where it computes what the module computes; control flow on values, hooks inside and other arguments forbid one."""

import copy
import inspect

import torch
from torch import fx
from torch.fx.node import map_arg

from layerwise.values import tensors_in

_FIXED = (bool, int, float, str, type(None))
# Methods and functions that write into their first argument, and what they compute.
_IN_PLACE = {
    "relu_": "relu", "add_": "add", "iadd": "add", "clamp_": "clamp", "hardtanh_": "hardtanh", "relu6_": "relu6", "mul_": "mul",
    "imul": "mul", "sigmoid_": "sigmoid", "tanh_": "tanh", "sub_": "sub", "isub": "sub", "div_": "div", "itruediv": "div",
    "clamp_min_": "clamp_min", "clamp_max_": "clamp_max", "leaky_relu_": "leaky_relu", "silu_": "silu", "elu_": "elu",
}


class NotTraceable(Exception):
    """Why a module has no graph, in a few words."""


class Pattern:
    """How a module is called: names of the arguments that are tensors, values of the others."""

    def __init__(self, tensors, fixed):
        self.tensors = list(tensors)
        self.fixed = dict(fixed)

    @classmethod
    def of(cls, module, positional, words):
        tensors, fixed = [], {}
        for name, value in _bound(module, positional, words).items():
            if isinstance(value, torch.Tensor):
                tensors.append(name)
            elif type(value) in _FIXED:
                fixed[name] = value
            else:
                raise NotTraceable(f"its argument {name} is a {type(value).__name__}")
        if not tensors:
            raise NotTraceable("it takes no tensor")
        return cls(tensors, fixed)

    def values(self, module, positional, words):
        """The tensors of a call in order; None where it is called in another way."""
        try:
            bound = _bound(module, positional, words)
        except (TypeError, NotTraceable):
            return None
        if bound.keys() != {*self.tensors, *self.fixed}:
            return None
        if any(type(bound[name]) is not type(value) or bound[name] != value for name, value in self.fixed.items()):
            return None
        values = [bound[name] for name in self.tensors]
        return values if all(isinstance(value, torch.Tensor) for value in values) else None

    def leading(self, module):
        """Is a call with just the tensors, by position, of this pattern?"""
        parameters = list(inspect.signature(_forward(module)).parameters.values())
        if [part.name for part in parameters[: len(self.tensors)]] != self.tensors:
            return False
        rest = parameters[len(self.tensors) :]
        return all(part.default is self.fixed.get(part.name, part.empty) for part in rest)

    def plain(self):
        return {"tensors": self.tensors, "fixed": self.fixed}

    @classmethod
    def read(cls, plain):
        return cls(plain["tensors"], plain["fixed"])


def _forward(module):
    """What its class computes, whatever stands in the instance."""
    return type(module).forward.__get__(module)


def _bound(module, positional, words):
    signature = inspect.signature(_forward(module))
    if any(part.kind in (part.VAR_POSITIONAL, part.VAR_KEYWORD) for part in signature.parameters.values()):
        raise NotTraceable("it takes any number of arguments")
    bound = signature.bind(*positional, **words)
    bound.apply_defaults()
    return bound.arguments


class _Tracer(fx.Tracer):
    """Stops at modules with numbers of their own, at torch's and at ours."""

    def __init__(self, pattern, leaves):
        super().__init__()
        self._pattern = pattern
        self._leaves = leaves
        self._stack = []
        # Modules whose forward was traced through, and {node: the modules it was called in}.
        self.opened = []
        self.places = {}

    def is_leaf_module(self, m, module_qualified_name):
        if m in self._leaves or m.__module__.startswith("layerwise."):
            return True
        return super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m, forward, args, kwargs):
        path = self.path_of_module(m)
        if self.is_leaf_module(m, path):
            return self.create_proxy("call_module", path, args, kwargs)
        if has_hooks(m):
            raise NotTraceable(f"a hook of {path} changes what it does")
        self.opened.append(path)
        self._stack.append(path)
        try:
            return forward(*args, **kwargs)
        finally:
            self._stack.pop()

    def create_node(self, *args, **kwargs):
        node = super().create_node(*args, **kwargs)
        self.places[node] = tuple(self._stack)
        return node

    def create_args_for_root(self, root_fn, is_module, concrete_args=None):
        words = dict(self._pattern.fixed)
        for name in self._pattern.tensors:
            words[name] = self.create_proxy("placeholder", name, (), {})
        return root_fn, [self.root], words


def has_hooks(module):
    return bool(module._forward_hooks or module._forward_pre_hooks)


class Traced:
    """A graph without writes in place, over `root`. Nodes have the names that the same module gives them the next time."""

    def __init__(self, root, graph, pattern, opened, places):
        self.root = root
        self.graph = graph
        self.pattern = pattern
        self.opened = opened
        self.places = places


def traced(module, pattern, leaves):
    """Traced; raises NotTraceable. `leaves` are modules that are not looked into."""
    if has_hooks(module):
        raise NotTraceable("a hook changes what it does")
    tracer = _Tracer(pattern, leaves)
    # A copy over the same children: constants that tracing finds are put on it, and its forward is that of its class.
    root = copy.copy(module)
    root.__dict__.pop("forward", None)
    try:
        with torch.no_grad():
            graph = tracer.trace(root)
    except NotTraceable:
        raise
    except fx.proxy.TraceError:
        raise NotTraceable("its control flow depends on values") from None
    except Exception as error:
        # Anything may happen to code that is handed stand-ins.
        raise NotTraceable(f"{type(error).__name__}: {error}") from None
    for node in list(graph.nodes):
        _without_writing(node, root)
    return Traced(root, graph, pattern, tracer.opened, tracer.places)


def _without_writing(node, root):
    """In place of a write: a result of its own, which later readers of what was written to read."""
    if node.op == "output" or not node.args:
        return
    if node.op == "call_method" and node.target in _IN_PLACE:
        node.target = _IN_PLACE[node.target]
    elif node.op == "call_function" and getattr(node.target, "__name__", "") in _IN_PLACE:
        name = _IN_PLACE[node.target.__name__]
        node.op, node.target = "call_method", name
    elif node.kwargs.get("inplace") is True:
        node.kwargs = {**node.kwargs, "inplace": False}
    elif node.op == "call_module" and getattr(root.get_submodule(node.target), "inplace", False) is True:
        # It may write: what it wrote to is what it gives.
        pass
    else:
        if node.op == "call_method" and node.target.endswith("_") or getattr(node.target, "__name__", "") == "setitem":
            raise NotTraceable(f"it writes with {getattr(node.target, '__name__', node.target)}")
        return
    written = node.args[0]
    later = _after(node)
    written.replace_all_uses_with(node, delete_user_cb=lambda user: user in later)


def _after(node):
    found = set()
    node = node.next
    while node.op != "root":
        found.add(node)
        node = node.next
    return found


def run(traced_graph, values, see=None):
    """What the graph gives for tensors, node by node, with modules as they stand; see(node, value) of everything."""
    root = traced_graph.root
    held = {}
    given = iter(values)
    last = _last_uses(traced_graph.graph)
    for node in traced_graph.graph.nodes:
        args = map_arg(node.args, held.__getitem__)
        kwargs = map_arg(node.kwargs, held.__getitem__)
        if node.op == "placeholder":
            result = next(given)
        elif node.op == "get_attr":
            result = attribute(root, node.target)
        elif node.op == "call_module":
            result = root.get_submodule(node.target)(*args, **kwargs)
        elif node.op == "call_function":
            result = node.target(*args, **kwargs)
        elif node.op == "call_method":
            result = getattr(args[0], node.target)(*args[1:], **kwargs)
        else:
            return args[0]
        held[node] = result
        if see is not None:
            see(node, result)
        for done in last.get(node, ()):
            del held[done]


def attribute(root, path):
    found = root
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _last_uses(graph):
    """{node: the nodes that nobody reads after it}"""
    seen, last = set(), {}
    for node in reversed(graph.nodes):
        for source in (*node.all_input_nodes, node):
            if source not in seen:
                seen.add(source)
                last.setdefault(node, []).append(source)
    return last


def computes_the_same(traced_graph, values, wanted):
    """Does the graph give what the module gave?"""
    with torch.no_grad():
        found = tensors_in(run(traced_graph, values))
    wanted = tensors_in(wanted)
    if len(found) != len(wanted):
        return False
    for one, other in zip(wanted, found):
        if one.shape != other.shape or one.dtype is not other.dtype:
            return False
        if one.numel() and not torch.equal(one, other):
            size = one.abs().max().item() if one.is_floating_point() else 0
            if not size or not (one - other).abs().max().item() <= 1e-5 * size:
                return False
    return True
