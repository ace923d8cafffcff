"""A module whose forward is made from a graph."""

import copy
import linecache

import torch
from torch.fx.graph import Graph

__all__ = ["GraphModule", "reduce_graph_module"]

_USER_PRESERVED_ATTRIBUTES_KEY = "_user_preserved_attributes"
_n_compiled = 0


def _copy_attr(from_module, to_module, target):
    """Give to_module the attribute at the dotted path, with empty modules on the way."""
    *prefix, field = target.split(".")
    for item in prefix:
        source = getattr(from_module, item)
        place = getattr(to_module, item, None)
        if source is place:
            return
        if place is None:
            place = torch.nn.Module()
            setattr(to_module, item, place)
        from_module, to_module = source, place
    value = getattr(from_module, field)
    if isinstance(value, torch.Tensor) and not isinstance(value, torch.nn.Parameter):
        to_module.register_buffer(field, value)
    else:
        setattr(to_module, field, value)


def _assign_attr(from_obj, to_module, target):
    *prefix, field = target.split(".")
    for item in prefix:
        place = getattr(to_module, item, None)
        if place is None:
            place = torch.nn.Module()
            setattr(to_module, item, place)
        to_module = place
    if isinstance(from_obj, torch.Tensor) and not isinstance(from_obj, torch.nn.Parameter):
        to_module.register_buffer(field, from_obj)
    else:
        setattr(to_module, field, from_obj)


def _forward_from_src(src, globals_):
    global _n_compiled
    _n_compiled += 1
    name = f"<eval_with_key>.{_n_compiled}"
    namespace = dict(globals_)
    exec(compile(src, name, "exec"), namespace)
    # Tracebacks show its lines.
    linecache.cache[name] = (len(src), None, src.splitlines(True), name)
    return namespace["forward"]


class _CodeOnlyModule(torch.nn.Module):
    """A module of attributes alone, whose forward is code."""

    def __init__(self, body):
        super().__init__()
        self.__dict__ = body


def reduce_graph_module(body, import_block):
    fn = _forward_from_src(import_block + body["_code"], {"torch": torch})
    _CodeOnlyModule.forward = fn
    from torch.fx._symbolic_trace import Tracer

    com = _CodeOnlyModule(body)
    return GraphModule(com, Tracer().trace(com))


class GraphModule(torch.nn.Module):
    """Holds a graph, the attributes that it names, and a forward that runs it. `recompile()` after changing the graph."""

    def __new__(cls, *args, **kwargs):
        # forward lies on the class, so each instance has a class of its own.
        for base in cls.__mro__:
            if base.__qualname__ == "GraphModuleImpl":
                continue
            cls = base
            break

        class GraphModuleImpl(cls):
            pass

        GraphModuleImpl.__module__ = cls.__module__
        return super().__new__(GraphModuleImpl)

    def __init__(self, root, graph, class_name="GraphModule"):
        super().__init__()
        self.__class__.__name__ = class_name
        if isinstance(root, torch.nn.Module):
            if hasattr(root, "training"):
                self.training = root.training
            for node in graph.nodes:
                if node.op in ("get_attr", "call_module"):
                    _copy_attr(root, self, node.target)
        elif isinstance(root, dict):
            wanted = []
            for node in graph.nodes:
                if node.op not in ("get_attr", "call_module"):
                    continue
                if node.target not in root:
                    raise RuntimeError(
                        f"Node {node} referenced target {node.target} but that target was not provided in ``root``!"
                    )
                wanted.append(node.target)
            for target in sorted(wanted, key=lambda t: t.count(".")):
                _assign_attr(root[target], self, target)
        else:
            raise RuntimeError("Unsupported type " + str(root) + " passed for root!")
        self.graph = graph
        self._tracer_cls = graph._tracer_cls if graph._tracer_cls and "<locals>" not in graph._tracer_cls.__qualname__ else None
        self.meta = {}

    @property
    def graph(self):
        return self._graph

    @graph.setter
    def graph(self, g):
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        self._graph = g
        g.owning_module = self
        self.recompile()

    @property
    def code(self):
        if not hasattr(self, "_code"):
            raise RuntimeError("Code has not been generated! Please report a bug to PyTorch")
        return self._code

    def recompile(self):
        python_code = self._graph.python_code(root_module="self")
        self._code = python_code.src
        type(self).forward = _forward_from_src(self._code, python_code.globals)
        return python_code

    def add_submodule(self, target, m):
        *prefix, field = target.split(".")
        mod = self
        for item in prefix:
            found = getattr(mod, item, None)
            if found is None:
                found = torch.nn.Module()
                setattr(mod, item, found)
            if not isinstance(found, torch.nn.Module):
                return False
            mod = found
        mod.add_module(field, m)
        return True

    def delete_submodule(self, target):
        *path, field = target.split(".")
        mod = self
        for item in path:
            if not hasattr(mod, item):
                return False
            mod = getattr(mod, item)
            if not isinstance(mod, torch.nn.Module):
                return False
        if not hasattr(mod, field) or not isinstance(getattr(mod, field), torch.nn.Module):
            return False
        delattr(mod, field)
        return True

    def delete_all_unused_submodules(self):
        used = set()
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                words = node.target.split(".")
                used.update(".".join(words[: i + 1]) for i in range(len(words)))
                if node.op == "call_module":
                    try:
                        used.update(f"{node.target}.{name}" for name, _ in self.get_submodule(node.target).named_modules() if name)
                    except AttributeError:
                        continue
        for name in [name for name, _ in self.named_modules() if name and name not in used]:
            self.delete_submodule(name)

    def __deepcopy__(self, memo):
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        holder = torch.nn.Module()
        holder.__dict__ = copy.deepcopy({k: v for k, v in self.__dict__.items() if k != "_graph"}, memo)
        GraphModule.__init__(made, holder, copy.deepcopy(self._graph), type(self).__name__)
        made.meta = copy.copy(self.meta)
        for name, value in holder.__dict__.items():
            made.__dict__.setdefault(name, value)
        return made

    def __copy__(self):
        made = GraphModule(self, self.graph)
        made.meta = self.meta
        return made

    def __str__(self):
        return f"{super().__str__()}\n{self._code}\n# To see more debug info, please use `graph_module.print_readable()`"

    def print_readable(self, print_output=True, **options):
        body = "\n".join("    " + line for line in self._code.lstrip("\n").splitlines())
        text = f"class {type(self).__name__}(torch.nn.Module):\n{body}\n"
        if print_output:
            print(text)
        return text
