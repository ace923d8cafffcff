"""What a file says about the arguments of its classes: calls, and the shapes written in annotations and comments.

Evaluates literals, names, arithmetic, small config objects and tensor factories (on the meta device). It never runs
the user's functions; an expression that it cannot follow is simply no evidence.
"""
import ast
import builtins
import dataclasses
import inspect
import operator
import os
import sys
import types

# `ast.unparse` imports it when first called: in the snapshot it costs no first run anything.
import _ast_unparse  # noqa: F401
import torch

from layerwise import settings
from layerwise.failures import is_user_file
from layerwise.specs import DTYPES, TensorSpec, describe_tensor
from layerwise.writing import SIMPLE, write

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
            text = None if isinstance(value, torch.nn.Module) else write(value)
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
        told = self._told(node, name)
        if told is not None:
            return told
        if isinstance(node.func, ast.Name) and node.func.id in self.file.functions and node.func.id not in self.scope:
            return self._followed(self.file.functions[node.func.id], node)
        function = self(node.func)
        positional = [self(argument) for argument in node.args]
        words = words_of(node, self)
        if any(isinstance(part.value, TensorSpec) for part in [*positional, *words.values()]):
            raise Unknown("tensors into a call")
        if function.value not in _BUILTINS.values() and not self._is_config(function.value):
            raise Unknown(function.text)
        with torch.device("meta"):
            value = function.value(
                *[part.value for part in positional], **{key: part.value for key, part in words.items()}
            )
        if type(value) in (range, *SIMPLE, list, tuple, dict):
            return known(list(value) if type(value) is range else value)
        written = [part.text for part in positional] + [f"{key}={part.text}" for key, part in words.items()]
        return Known(value, f"{function.text}({', '.join(written)})")

    def _told(self, node, name):
        """What a script gets from outside: parsed arguments, files of settings. None for any other call."""
        try:
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("parse_args", "parse_known_args"):
                tree = ast.Module(self.file.body, [])
                found = settings.parsed(tree, node, lambda part: self(part).value)
                return known(found if node.func.attr == "parse_args" else (found, []))
            if name == "hydra.main":
                words = {word.arg: self(word.value).value for word in node.keywords}
                return known(settings.hydra(self.file.path, words.get("config_path"), words.get("config_name") or "config"))
            if name in settings.LOADERS and node.args:
                return known(settings.loaded(self._opened(node.args[0]), name))
        except settings.Unreadable as error:
            raise Unknown(str(error)) from None
        return None

    def _opened(self, node):
        """The path that an expression opens, or is."""
        if isinstance(node, ast.Name) and isinstance(self.scope.get(node.id), ast.Call):
            node = self.scope[node.id]
        if isinstance(node, ast.Call) and self.file.resolve(node.func) == "open":
            node = node.args[0]
        path = str(self(node).value)
        return next((place for place in (path, os.path.join(os.path.dirname(self.file.path), path)) if os.path.isfile(place)), path)

    def _followed(self, function, node):
        """A function of the file that does nothing but make a value: what it returns."""
        returned = [part.value for part in _walk_scope(function.body) if isinstance(part, ast.Return)]
        if len(returned) != 1 or returned[0] is None:
            raise Unknown(function.name)
        names = _parameters(function)
        if len(node.args) > len(names):
            raise Unknown(function.name)
        given = dict(zip(names, (self(argument) for argument in node.args)))
        given.update(words_of(node, self))
        scope = {**_defaults(function), **_assignments(function.body), **given}
        inner = Evaluator(self.file, self.module, {**_assignments(self.file.body), **scope})
        inner.depth = self.depth
        return inner(returned[0])

    def _is_config(self, function):
        """Classes may be called: their constructors are what the file would run anyway."""
        if not isinstance(function, type):
            return False
        home = function.__module__
        if home in (self.module.__name__, "types") or home.startswith("torch.nn"):
            return True
        return is_user_file(getattr(sys.modules.get(home), "__file__", None))

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
                told = [part for part in node.decorator_list if isinstance(part, ast.Call) and self._is_hydra(part)]
                if told and _parameters(node):
                    inner[_parameters(node)[0]] = told[0]
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

    def _is_hydra(self, decorator):
        return self.file.resolve(decorator.func) == "hydra.main"

    def _constructor(self, node):
        """The call that builds one of the file's classes, or that of a function of its own or of another file, under `.to(...)`
        and the like."""
        while isinstance(node, ast.Call):
            name = self.file.resolve(node.func)
            if name in self.file.classes or name in self.file.functions:
                return node
            if name and ast.unparse(node.func).partition(".")[0] in self.file.aliases and not name.startswith("torch."):
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
    """Names that are given a value, the first one counts; of those that a loop or `with` sets only opened files are known."""
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
        elif isinstance(node, ast.With):
            for item in node.items:
                made = item.context_expr
                if isinstance(item.optional_vars, ast.Name) and isinstance(made, ast.Call) and ast.unparse(made.func) == "open":
                    found.setdefault(item.optional_vars.id, item.context_expr)
    return found


def words_of(node, evaluator):
    """The keyword arguments of a call, those behind ** included; raises Unknown."""
    found = {}
    for word in node.keywords:
        value = evaluator(word.value)
        if word.arg is not None:
            found[word.arg] = value
            continue
        if not isinstance(value.value, dict):
            raise Unknown("**")
        found.update({key: known(item) for key, item in value.value.items()})
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
    words = words_of(call.node, evaluator)
    try:
        bound = signature.bind(*positional, **words)
    except TypeError as error:
        raise Unknown(str(error)) from None
    found = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            raise Unknown("variable arguments")
        found.update(value if kind is inspect.Parameter.VAR_KEYWORD else {name: value})
    return found
