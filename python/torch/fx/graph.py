"""A graph: nodes in the order of their execution, and the Python code that does what they say."""

import builtins
import collections
import contextlib
import copy
import keyword
import math
import re

import torch
from torch.fx.node import Node, _get_qualified_name, map_arg

__all__ = ["CodeGen", "Graph", "PythonCode"]

_binary = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "floordiv": "{} // {}", "truediv": "{} / {}", "div": "{} / {}", "mod": "{} % {}",
    "pow": "{} ** {}", "lshift": "{} << {}", "rshift": "{} >> {}", "and_": "{} & {}", "or_": "{} | {}", "xor": "{} ^ {}",
    "getitem": "{}[{}]", "matmul": "{} @ {}", "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "gt": "{} > {}", "le": "{} <= {}",
    "ge": "{} >= {}", "pos": "+{}", "neg": "-{}", "invert": "~{}",
}
_in_place = {
    "iadd": "{} += {}", "iand": "{} &= {}", "ifloordiv": "{} //= {}", "ilshift": "{} <<= {}", "imod": "{} %= {}", "imul": "{} *= {}",
    "imatmul": "{} @= {}", "ior": "{} |= {}", "ipow": "{} **= {}", "irshift": "{} >>= {}", "isub": "{} -= {}", "itruediv": "{} /= {}",
    "ixor": "{} ^= {}", "setitem": "{}[{}] = {}",
}
_own_globals = {"inf": math.inf, "nan": math.nan, "NoneType": type(None), "torch": torch, "device": torch.device}

PythonCode = collections.namedtuple("PythonCode", ["src", "globals"])


def _snake_case(text):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", text).lower() if not text.islower() else text


class _Namespace:
    """Names that are not taken: neither by nodes nor by Python."""

    def __init__(self):
        self._taken = {}
        self._used_names = set()
        self._counts = collections.defaultdict(int)
        self._by_object = {}

    def create_name(self, candidate, obj=None):
        if obj is not None and id(obj) in self._by_object:
            return self._by_object[id(obj)][1]
        candidate = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = f"_{candidate}"
        match = re.match(r"(.*)_(\d+)$", candidate)
        base, number = (match.group(1), int(match.group(2))) if match else (candidate, None)
        candidate = base if number is None else f"{base}_{number}"
        if not number:
            number = self._counts[base]
        while candidate in self._used_names or self._is_illegal(candidate, obj):
            number += 1
            candidate = f"{base}_{number}"
        self._used_names.add(candidate)
        self._counts[base] = number
        if obj is not None:
            self._by_object[id(obj)] = (obj, candidate)
        return candidate

    def associate_name_with_obj(self, name, obj):
        self._by_object[id(obj)] = (obj, name)

    def _is_illegal(self, name, obj):
        if name in keyword.kwlist:
            return True
        if name in builtins.__dict__:
            return obj is not builtins.__dict__[name]
        return name in _own_globals and obj is not _own_globals[name]


class _node_list:
    """The nodes of a graph, first to last or last to first; the graph may change meanwhile."""

    def __init__(self, graph, direction="_next"):
        self.graph = graph
        self.direction = direction

    def __len__(self):
        return self.graph._len

    def __iter__(self):
        current = getattr(self.graph._root, self.direction)
        while current is not self.graph._root:
            if not current._erased:
                yield current
            current = getattr(current, self.direction)

    def __reversed__(self):
        return _node_list(self.graph, "_prev" if self.direction == "_next" else "_next")


class CodeGen:
    """Writes a graph as a Python function."""

    def __init__(self):
        self._body_transformer = None

    def process_inputs(self, *inputs):
        return inputs

    def process_outputs(self, outputs):
        return outputs

    def generate(self, graph, root_module):
        names = _Namespace()
        for node in graph.nodes:
            names._used_names.add(node.name)
        globals_ = {}

        def global_name(hint, value):
            hint = hint.replace("torch.torch", "torch")
            if value in (torch.dtype,) or hint.startswith("torch.") and _reachable(hint, value):
                globals_.setdefault("torch", torch)
                return hint
            if getattr(builtins, hint, None) is value:
                return hint
            name = names.create_name(hint.replace(".", "_"), value)
            globals_[name] = value
            return name

        def text(arg):
            if isinstance(arg, Node):
                return arg.name
            if isinstance(arg, tuple) and hasattr(arg, "_fields"):
                return f"{global_name(type(arg).__name__, type(arg))}({', '.join(text(a) for a in arg)})"
            if isinstance(arg, tuple):
                return f"({', '.join(text(a) for a in arg)}{',' if len(arg) == 1 else ''})"
            if isinstance(arg, list):
                return f"[{', '.join(text(a) for a in arg)}]"
            if isinstance(arg, dict):
                return "{" + ", ".join(f"{k!r}: {text(v)}" for k, v in arg.items()) + "}"
            if isinstance(arg, slice):
                return f"slice({text(arg.start)}, {text(arg.stop)}, {text(arg.step)})"
            if isinstance(arg, (torch.dtype, torch.memory_format, torch.layout)):
                globals_.setdefault("torch", torch)
                return str(arg)
            if isinstance(arg, torch.device):
                globals_.setdefault("device", torch.device)
                return repr(arg)
            if isinstance(arg, torch.Size):
                globals_.setdefault("torch", torch)
                return repr(arg)
            if isinstance(arg, float) and not math.isfinite(arg):
                globals_.update(inf=math.inf, nan=math.nan)
                return repr(arg)
            if callable(arg) and not isinstance(arg, type):
                return global_name(_get_qualified_name(arg), arg)
            return repr(arg)

        def call(args, kwargs):
            return ", ".join([*(text(a) for a in args), *(f"{k} = {text(v)}" for k, v in kwargs.items())])

        parameters, body = [], []
        last_uses = _last_uses(graph)
        for node in graph.nodes:
            line = None
            if node.op == "placeholder":
                default = "" if not node.args else f" = {text(node.args[0])}"
                parameters.append(f"{node.target}{default}")
                raw = node.target.replace("*", "")
                line = f"{node.name} = {raw}" if raw != node.name else None
                if line is None:
                    continue
            elif node.op == "call_method":
                line = f"{node.name} = {_method_of(text(node.args[0]))}.{node.target}({call(node.args[1:], node.kwargs)})"
            elif node.op == "call_function":
                line = self._function_line(node, text, call, global_name)
            elif node.op == "call_module":
                line = f"{node.name} = {_format_target('self', node.target)}({call(node.args, node.kwargs)})"
            elif node.op == "get_attr":
                line = f"{node.name} = {_format_target('self', node.target)}"
            elif node.op == "output":
                line = f"return {text(node.args[0])}"
            dropped = last_uses.get(node, [])
            if dropped and node.op != "output":
                line += ";  " + " = ".join([*(n.name for n in dropped), "None"])
            body.append(line)
        body = body or ["pass"]
        if self._body_transformer is not None:
            body = [line for line in self._body_transformer([line + "\n" for line in body])]
            body = [line.rstrip("\n") for line in body]
        lines = "\n".join("    " + line for line in body)
        source = f"\n\n\ndef forward({', '.join([root_module, *parameters])}):\n{lines}\n    "
        return PythonCode(source, globals_)

    def _function_line(self, node, text, call, global_name):
        module = getattr(node.target, "__module__", "")
        name = getattr(node.target, "__name__", str(node.target))
        if module == "_operator" and name in _binary and not node.kwargs:
            return f"{node.name} = {_binary[name].format(*(text(a) for a in node.args))}"
        if module == "_operator" and name in _in_place and not node.kwargs:
            return f"{_in_place[name].format(*(text(a) for a in node.args))};  {node.name} = {text(node.args[0])}"
        qualified = _get_qualified_name(node.target)
        if (
            qualified == "getattr" and isinstance(node.args, tuple) and len(node.args) == 2 and isinstance(node.args[1], str)
            and node.args[1].isidentifier()
        ):
            return f"{node.name} = {_method_of(text(node.args[0]))}.{node.args[1]}"
        return f"{node.name} = {global_name(qualified, node.target)}({call(node.args, node.kwargs)})"


def _reachable(path, value):
    found = torch
    for word in path.split(".")[1:]:
        found = getattr(found, word, None)
    return found is value


def _method_of(text):
    return f"({text})" if re.match(r"-?\d", text) else text


def _format_target(base, target):
    result = base
    for word in target.split("."):
        result = f"{result}.{word}" if word.isidentifier() else f'getattr({result}, "{word}")'
    return result


def _last_uses(graph):
    """For each node the nodes that nobody uses after it."""
    seen, result = set(), {}
    for node in reversed(list(graph.nodes)):
        dead = []

        def note(used, dead=dead):
            if used not in seen:
                seen.add(used)
                dead.append(used)
            return used

        map_arg(node.args, note)
        map_arg(node.kwargs, note)
        if not node.users and node.op not in ("placeholder", "output"):
            dead.append(node)
        result[node] = dead
    return result


class Graph:
    """Nodes made one after the other: graph.placeholder("x"), graph.call_function(torch.relu, (x,)), graph.output(y)."""

    def __init__(self, owning_module=None, tracer_cls=None, tracer_extras=None):
        self._root = Node(self, "", "root", "", (), {})
        self._len = 0
        self._graph_namespace = _Namespace()
        self._owning_module = owning_module
        self._tracer_cls = tracer_cls
        self._tracer_extras = tracer_extras
        self._codegen = CodeGen()
        self._insert = self._root.prepend

    @property
    def owning_module(self):
        return self._owning_module

    @owning_module.setter
    def owning_module(self, module):
        self._owning_module = module

    @property
    def nodes(self):
        return _node_list(self)

    def find_nodes(self, *, op, target=None, sort=True):
        return [n for n in self.nodes if n.op == op and (target is None or n.target == target)]

    def output_node(self):
        return next(n for n in reversed(self.nodes) if n.op == "output")

    def _target_to_str(self, target):
        name = target if isinstance(target, str) else target.__name__
        if isinstance(target, str):
            name = target
        if name.startswith("__") and name.endswith("__") and len(name) > 4:
            name = name[2:-2]
        return _snake_case(name)

    def create_node(self, op, target, args=None, kwargs=None, name=None, type_expr=None):
        args = () if args is None else args
        kwargs = {} if kwargs is None else kwargs
        if not isinstance(args, tuple):
            raise AssertionError("args must be a tuple")
        if not isinstance(kwargs, dict):
            raise AssertionError("kwargs must be a dict")
        candidate = name if name is not None else self._target_to_str(target)
        node = Node(self, self._graph_namespace.create_name(candidate), op, target, args, kwargs, type_expr)
        self._insert(node)
        self._len += 1
        return node

    def erase_node(self, to_erase):
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in the graph: {to_erase.users}!"
            )
        if to_erase.graph != self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            return
        to_erase._unlink()
        to_erase._erased = True
        self._len -= 1
        to_erase._set((), {})

    @contextlib.contextmanager
    def _inserting(self, insert):
        before, self._insert = self._insert, insert
        try:
            yield self
        finally:
            self._insert = before

    def inserting_before(self, n=None):
        """Inside `with`, new nodes go before n (before the first without n)."""
        if n is None:
            return self._inserting(self._root.append)
        if n.graph != self:
            raise AssertionError("Node to insert before is not in graph.")
        return self._inserting(n.prepend)

    def inserting_after(self, n=None):
        if n is None:
            return self._inserting(self._root.prepend)
        if n.graph != self:
            raise AssertionError("Node to insert after is not in graph.")
        return self._inserting(n.append)

    def placeholder(self, name, type_expr=None, default_value=...):
        args = () if default_value is ... else (default_value,)
        return self.create_node("placeholder", name, args, type_expr=type_expr)

    def get_attr(self, qualified_name, type_expr=None):
        return self.create_node("get_attr", qualified_name, (), {}, type_expr=type_expr)

    def call_module(self, module_name, args=None, kwargs=None, type_expr=None):
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(self, method_name, args=None, kwargs=None, type_expr=None):
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(self, the_function, args=None, kwargs=None, type_expr=None, name=None):
        return self.create_node("call_function", the_function, args, kwargs, name=name, type_expr=type_expr)

    def output(self, result, type_expr=None):
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def node_copy(self, node, arg_transform=lambda x: x):
        args = map_arg(node.args, arg_transform)
        kwargs = map_arg(node.kwargs, arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = copy.copy(node.meta)
        return made

    def graph_copy(self, g, val_map, return_output_node=False):
        """Append the nodes of another graph; gives what its output was."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo=None):
        memo = {} if memo is None else memo
        made = Graph(tracer_cls=self._tracer_cls)
        values = {}
        result = made.graph_copy(self, values, return_output_node=True)
        made._codegen = self._codegen
        if result is not None:
            value, old = result
            made.output(value, type_expr=old.type).meta = copy.copy(old.meta)
        memo[id(self)] = made
        return made

    def python_code(self, root_module="self", **options):
        return self._codegen.generate(self, root_module)

    def set_codegen(self, codegen):
        self._codegen = codegen

    def process_inputs(self, *args):
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out):
        return self._codegen.process_outputs(out)

    def __str__(self):
        names = []
        lines = [node.format_node(names) for node in self.nodes]
        return "graph():" + "".join("\n    " + line for line in lines)

    def print_tabular(self):
        rows = [[n.op, n.name, str(n.target), str(n.args), str(n.kwargs)] for n in self.nodes]
        heads = ["opcode", "name", "target", "args", "kwargs"]
        widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(5)]
        for row in [heads, ["-" * w for w in widths], *rows]:
            print("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip())

    def lint(self):
        """Is the order possible, and does every target exist?"""
        seen = set()
        for node in self.nodes:
            for used in node.all_input_nodes:
                if used.graph is not self:
                    raise RuntimeError(f"Argument '{used}' of Node '{node}' does not belong to this Graph, but was used as an argument!")
                if used not in seen:
                    raise RuntimeError(
                        f"Argument '{used}' of Node '{node}' was used before it has been defined! Please check that Nodes in the graph "
                        f"are topologically ordered\n{self}"
                    )
            if node.op in ("get_attr", "call_module") and self.owning_module is not None:
                found = self.owning_module
                for word in node.target.split("."):
                    if not hasattr(found, word):
                        raise RuntimeError(f"Node {node} target {node.target} references nonexistent attribute {word} of {found}")
                    found = getattr(found, word)
            seen.add(node)
        names = [n.name for n in seen]
        if len(set(names)) != len(names):
            raise RuntimeError("Node redefined name")

    def eliminate_dead_code(self, is_impure_node=None):
        """Remove nodes that nobody uses; True where there were any."""
        self.lint()
        changed = False
        for node in reversed(list(self.nodes)):
            impure = node.is_impure() if is_impure_node is None else is_impure_node(node)
            if not impure and not node.users:
                self.erase_node(node)
                changed = True
        return changed

    def on_generate_code(self, make_transformer):
        self._codegen._body_transformer = make_transformer(self._codegen._body_transformer)
        return contextlib.nullcontext()
