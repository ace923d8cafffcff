"""What a file says about the arguments of its classes: calls, and the shapes written in annotations and comments.

Evaluates literals, names, arithmetic, small config objects and tensor factories (on the meta device). It never runs
the user's functions; an expression that it cannot follow is simply no evidence.
"""
import ast
import builtins
import dataclasses
import functools
import inspect
import operator
import types

import torch

from layerwise.specs import DTYPES, TensorSpec, describe_tensor

_BUILTINS = {
    name: getattr(builtins, name)
    for name in (
        "int",
        "float",
        "bool",
        "str",
        "len",
        "max",
        "min",
        "tuple",
        "list",
        "dict",
        "range",
        "sum",
        "abs",
        "round",
    )
}
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_FACTORIES = {
    "randn",
    "rand",
    "zeros",
    "ones",
    "empty",
    "full",
    "randint",
    "arange",
    "tensor",
    "linspace",
    "eye",
    "randperm",
    "zeros_like",
    "ones_like",
    "randn_like",
    "rand_like",
    "cat",
    "stack",
    "tril",
    "triu",
}
_SIMPLE = (int, float, bool, str, bytes, type(None))
_MOST_NESTED = 30


class Unknown(Exception):
    """The expression cannot be followed."""


@dataclasses.dataclass
class Known:
    """A value and the text that gives it again in the module's namespace."""

    value: object
    text: str


def known(value):
    """A value that can be written down."""
    text = write(value)
    if text is None:
        raise Unknown(type(value).__name__)
    return Known(value, text)


def write(value, names=None):
    """Text that evaluates to the value, or None. `names` maps ids of objects to texts that are known to make them."""
    if names and id(value) in names:
        return names[id(value)]
    if isinstance(value, TensorSpec):
        return value.text()
    if isinstance(value, torch.Tensor):
        return describe_tensor(value).text()
    if type(value) in _SIMPLE:
        return repr(value)
    if isinstance(value, torch.dtype):
        return str(value)
    if type(value) in (list, tuple):
        parts = [write(item, names) for item in value]
        if None in parts:
            return None
        if type(value) is list:
            return f"[{', '.join(parts)}]"
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = {name: write(item, names) for name, item in value._asdict().items()}
        return None if None in parts.values() else f"{type(value).__qualname__}({_keywords(parts)})"
    if type(value) is dict:
        parts = [(write(key, names), write(item, names)) for key, item in value.items()]
        if any(None in part for part in parts):
            return None
        return "{" + ", ".join(f"{key}: {item}" for key, item in parts) + "}"
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        module = getattr(value, "__module__", "") or ""
        name = getattr(value, "__qualname__", "")
        if "<" in name:
            return None
        if module.startswith("torch.nn.modules"):
            return f"nn.{name}"
        if module.startswith("torch.nn.functional"):
            return f"F.{name}"
        return name
    if dataclasses.is_dataclass(value):
        parts = []
        for field in dataclasses.fields(value):
            item = getattr(value, field.name, None)
            if not field.init or not _differs(field, item):
                continue
            text = write(item, names)
            if text is None:
                return None
            parts.append(f"{field.name}={text}")
        return f"{type(value).__qualname__}({', '.join(parts)})"
    if isinstance(value, functools.partial):
        parts = [write(item, names) for item in (value.func, *value.args)]
        words = {key: write(item, names) for key, item in value.keywords.items()}
        if None in parts or None in words.values():
            return None
        parts.extend(f"{key}={text}" for key, text in words.items())
        return f"functools.partial({', '.join(parts)})"
    if isinstance(value, types.SimpleNamespace):
        parts = {name: write(item, names) for name, item in vars(value).items()}
        return None if None in parts.values() else f"SimpleNamespace({_keywords(parts)})"
    return None


def _keywords(texts):
    return ", ".join(f"{name}={text}" for name, text in texts.items())


def _differs(field, item):
    if field.default is not dataclasses.MISSING:
        return field.default != item
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory() != item
    return True


class Evaluator:
    """Evaluates expressions of one scope: local assignments first, then the module's own names."""

    def __init__(self, file, module, scope):
        self.file = file
        self.module = module
        self.scope = scope
        self.depth = 0

    def __call__(self, node):
        self.depth += 1
        try:
            if self.depth > _MOST_NESTED:
                raise Unknown("too deep")
            method = getattr(self, f"_{type(node).__name__.lower()}", None)
            if method is None:
                raise Unknown(type(node).__name__)
            return method(node)
        except Unknown:
            raise
        except Exception as error:
            raise Unknown(str(error)) from None
        finally:
            self.depth -= 1

    def _constant(self, node):
        return known(node.value)

    def _name(self, node):
        if node.id in self.scope:
            found = self.scope[node.id]
            return found if isinstance(found, Known) else self(found)
        if node.id in vars(self.module):
            value = vars(self.module)[node.id]
            if isinstance(value, (type, types.ModuleType, types.FunctionType)):
                return Known(value, node.id)
            text = write(value)
            return Known(describe_tensor(value) if isinstance(value, torch.Tensor) else value, text or node.id)
        if node.id in _BUILTINS:
            return Known(_BUILTINS[node.id], node.id)
        raise Unknown(node.id)

    def _attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id == "self" and f"self.{node.attr}" in self.scope:
            return self(self.scope[f"self.{node.attr}"])
        base = self(node.value)
        if isinstance(base.value, TensorSpec):
            return known(_plain(getattr(_meta(base.value), node.attr)))
        if isinstance(base.value, torch.nn.Module):
            raise Unknown(node.attr)
        value = getattr(base.value, node.attr)
        return Known(value, write(value) or f"{base.text}.{node.attr}")

    def _tuple(self, node):
        parts = [self(item) for item in node.elts]
        comma = "," if len(parts) == 1 else ""
        return Known(tuple(part.value for part in parts), f"({', '.join(part.text for part in parts)}{comma})")

    def _list(self, node):
        parts = [self(item) for item in node.elts]
        return Known([part.value for part in parts], f"[{', '.join(part.text for part in parts)}]")

    def _dict(self, node):
        return known({self(key).value: self(value).value for key, value in zip(node.keys, node.values)})

    def _unaryop(self, node):
        return known(_OPERATORS[type(node.op)](self(node.operand).value))

    def _binop(self, node):
        left, right = _tensors(self(node.left).value), _tensors(self(node.right).value)
        return known(_plain(_OPERATORS[type(node.op)](left, right)))

    def _ifexp(self, node):
        return self(node.body if self(node.test).value else node.orelse)

    def _subscript(self, node):
        base = self(node.value).value
        index = self(node.slice).value
        if isinstance(base, TensorSpec):
            return known(_plain(_meta(base)[index]))
        return known(base[index])

    def _starred(self, node):
        raise Unknown("*")

    def _call(self, node):
        name = self.file.resolve(node.func)
        if name.startswith("torch.") and name.rpartition(".")[2] in _FACTORIES:
            return self._factory(node, name.rpartition(".")[2])
        if isinstance(node.func, ast.Attribute):
            try:
                base = self(node.func.value)
            except Unknown:
                base = None
            if base is not None and isinstance(base.value, TensorSpec):
                return self._method(node, base.value)
            if base is not None and isinstance(base.value, torch.nn.Module):
                # model.to(device), model.eval(): still the model.
                if node.func.attr in ("to", "cuda", "cpu", "eval", "train", "half", "bfloat16", "float"):
                    return base
                raise Unknown(node.func.attr)
        function = self(node.func)
        positional = [self(argument) for argument in node.args]
        words = {word.arg: self(word.value) for word in node.keywords}
        if None in words or any(isinstance(part.value, TensorSpec) for part in [*positional, *words.values()]):
            raise Unknown("tensors into a call")
        if function.value not in _BUILTINS.values() and not self._is_config(function.value):
            raise Unknown(function.text)
        with torch.device("meta"):
            value = function.value(
                *[part.value for part in positional], **{key: part.value for key, part in words.items()}
            )
        if type(value) in (range, *_SIMPLE, list, tuple, dict):
            return known(list(value) if type(value) is range else value)
        written = [part.text for part in positional] + [f"{key}={part.text}" for key, part in words.items()]
        return Known(value, f"{function.text}({', '.join(written)})")

    def _is_config(self, function):
        """Classes may be called: their constructors are what the file would run anyway."""
        return isinstance(function, type) and (
            function.__module__ in (self.module.__name__, "types") or function.__module__.startswith("torch.nn")
        )

    def _factory(self, node, name):
        arguments = [_tensors(self(argument).value) for argument in node.args]
        words = {
            word.arg: word.value for word in node.keywords if word.arg not in ("device", "generator", "pin_memory")
        }
        words = {key: _tensors(self(value).value) for key, value in words.items()}
        result = getattr(torch, name)(
            *arguments, **words, **({} if name in ("cat", "stack", "tril", "triu") else {"device": "meta"})
        )
        spec = describe_tensor(result)
        if spec.high is not None:
            spec.high = _highest(name, arguments, words)
        return Known(spec, spec.text())

    def _method(self, node, spec):
        skipped = {"to", "cuda", "cpu", "requires_grad_", "detach", "clone", "contiguous", "pin_memory"}
        if node.func.attr in skipped:
            for argument in [*node.args, *(word.value for word in node.keywords)]:
                if self.file.resolve(argument).removeprefix("torch.") in DTYPES:
                    changed = describe_tensor(_meta(spec).to(self(argument).value), spec.high)
                    return Known(changed, changed.text())
            return Known(spec, spec.text())
        arguments = [_tensors(self(argument).value) for argument in node.args]
        words = {word.arg: _tensors(self(word.value).value) for word in node.keywords}
        result = getattr(_meta(spec), node.func.attr)(*arguments, **words)
        if not isinstance(result, torch.Tensor):
            return known(_plain(result))
        result = describe_tensor(result, spec.high)
        return Known(result, result.text())


def _highest(name, arguments, words):
    if name == "randint":
        sizes = [value for value in arguments if isinstance(value, int)][:2]
        return words.get("high") or sizes[-1]
    if name in ("arange", "randperm"):
        return max(1, int(max(value for value in [*arguments, *words.values()] if isinstance(value, (int, float)))))
    if name == "tensor":
        flat, queue = [], [arguments[0]]
        while queue:
            item = queue.pop()
            if isinstance(item, (list, tuple)):
                queue.extend(item)
            else:
                flat.append(int(item))
        return max(1, max(flat, default=0) + 1)
    return 2


def _meta(spec):
    return torch.empty(spec.shape, dtype=DTYPES[spec.dtype], device="meta")


def _tensors(value):
    if isinstance(value, TensorSpec):
        return _meta(value)
    if type(value) in (list, tuple):
        return type(value)(_tensors(item) for item in value)
    return value


def _plain(value):
    if isinstance(value, torch.Tensor):
        return describe_tensor(value)
    if isinstance(value, torch.Size):
        return tuple(value)
    return value


@dataclasses.dataclass
class Call:
    """A call in the file, with what is known in its scope."""

    node: ast.Call
    scope: dict
    # The class around it, "" outside of classes.
    owner: str
    is_main: bool


class Calls:
    """All calls of a file by the name of what is called."""

    def __init__(self, file):
        self.file = file
        self.of = {}
        # Class name -> calls of its instances, each with the call that made the instance.
        self.of_instance = {}
        top = _assignments(file.body)
        self._scan(file.body, top, "", True)

    def _scan(self, body, scope, owner, is_main):
        instances = {}
        for name, expression in scope.items():
            made = self._constructor(expression)
            if made is not None:
                instances[name] = made
        for node in _walk_scope(body):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                # What may be left out says nothing about what is given.
                said = {name: value for name, value in _defaults(node).items() if not _is_none(value)}
                said.update(_assignments(node.body))
                inner = {**scope, **said}
                for argument in _parameters(node):
                    if argument not in said:
                        inner.pop(argument, None)
                self._scan(node.body, inner, owner, False)
            elif isinstance(node, ast.ClassDef):
                fields = {}
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                        fields = {f"self.{key}": value for key, value in _attributes(part.body).items()}
                self._scan(node.body, {**scope, **fields}, node.name, False)
            elif isinstance(node, ast.Call):
                name = self.file.resolve(node.func)
                call = Call(node, scope, owner, is_main)
                if name:
                    self.of.setdefault(name, []).append(call)
                made = instances.get(name.removesuffix(".forward")) or self._constructor(node.func)
                if made is not None:
                    cls = self.file.resolve(made.func)
                    self.of_instance.setdefault(cls, []).append((call, made))

    def _constructor(self, node):
        """The call that builds one of the file's classes, or that of a function of its own, under `.to(...)` and the like."""
        while isinstance(node, ast.Call):
            name = self.file.resolve(node.func)
            if name in self.file.classes or name in self.file.functions:
                return node
            if not isinstance(node.func, ast.Attribute):
                return None
            node = node.func.value
        return None

    def constructors(self, name):
        """Calls outside of classes first: they hold numbers, where a model's own parts pass arguments on."""
        return sorted(self.of.get(name, []), key=lambda call: (bool(call.owner), not call.is_main))


def _walk_scope(body):
    """Nodes of a scope; functions and classes are given, not entered."""
    queue = list(reversed(body))
    while queue:
        node = queue.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            queue.extend(reversed(list(ast.iter_child_nodes(node))))


def _assignments(body):
    """Names that are given a value, the first one counts; a name that a loop or `with` sets is unknown."""
    found = {}
    for node in _walk_scope(body):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                found.setdefault(target.id, node.value)
            elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(node.value, (ast.Tuple, ast.List)):
                for name, value in zip(target.elts, node.value.elts):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found.setdefault(node.target.id, node.value)
    return found


def _attributes(body):
    """self.NAME = VALUE"""
    found = {}
    for node in _walk_scope(body):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == "self"
                ):
                    found.setdefault(target.attr, node.value)
    return found


def _parameters(node):
    arguments = node.args
    return [part.arg for part in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]


def _defaults(node):
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    found = {
        part.arg: value
        for part, value in zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults)
    }
    found.update(
        {part.arg: value for part, value in zip(arguments.kwonlyargs, arguments.kw_defaults) if value is not None}
    )
    return found


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def bind(call, signature, evaluator):
    """The arguments of a call by their names, as Known; raises Unknown when one cannot be followed."""
    positional = []
    for argument in call.node.args:
        if isinstance(argument, ast.Starred):
            raise Unknown("*")
        positional.append(evaluator(argument))
    words = {}
    for word in call.node.keywords:
        if word.arg is None:
            raise Unknown("**")
        words[word.arg] = evaluator(word.value)
    try:
        bound = signature.bind(*positional, **words)
    except TypeError as error:
        raise Unknown(str(error)) from None
    found = {}
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise Unknown("variable arguments")
        found[name] = value
    return found
