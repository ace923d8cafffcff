"""What classes of a file are given where something whole is built: by a function that makes a model, or by a class that
uses them. Each such root is built and called once, without computing, and everything below it is watched."""

import ast
import inspect
import time
import types

import torch

from layerwise.evidence import write
from layerwise.plan import Plan, Choice, call, on_device
from layerwise.specs import SpecError, describe_tensor, evaluate, namespace_of, shapes_device
from layerwise.trials import is_about_meta

_Module = torch.nn.Module
_MOST_SECONDS = 1.2
_MOST_TEXT = 1500
_MOST_ROOTS = 40
# Larger models are not built with real values only to see what they hand on.
_MOST_REAL_PARAMETERS = 5_000_000
_KEPT = "_layerwise_captures"


class Captured:
    """The first instance of a class, and its first call."""

    def __init__(self, why):
        self.why = why
        # Constructor arguments as texts, None where one cannot be written down.
        self.init = None
        # Text that gives the instance itself: "resnet18().layer1[0]".
        self.path = None
        self.inputs = {}
        self.is_called = False


def captures_of(module, file):
    """The Captures of a module, made once."""
    found = vars(module).get(_KEPT)
    if found is None:
        found = Captures(module, file)
        setattr(module, _KEPT, found)
    return found


class Captures:
    def __init__(self, module, file):
        self.module = module
        self.file = file
        self.classes = {
            name: value
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, _Module) and value.__module__ == module.__name__
        }
        self.found = {}
        self.roots = None
        self.left = _MOST_SECONDS
        self.is_busy = False

    def of(self, name):
        """What was seen of a class, looking further until something is; None."""
        if self.is_busy:
            return self.found.get(name)
        if self.roots is None:
            self.roots = self._find_roots()
        while not self._is_known(name) and self.roots and self.left > 0:
            position = next((k for k, root in enumerate(self.roots) if name in root[1]), None)
            if position is None:
                break
            kind, _, root = self.roots.pop(position)
            if root == name:
                continue
            began = time.perf_counter()
            self.is_busy = True
            try:
                self._run(kind, root)
            finally:
                self.is_busy = False
                self.left -= time.perf_counter() - began
        return self.found.get(name)

    def _is_known(self, name):
        return name in self.found and self.found[name].is_called

    def _find_roots(self):
        """(kind, names of classes that it may build, name): functions that make models first, then outer classes."""
        mentions = {}
        for name, node in [*self.file.functions.items(), *self.file.classes.items()]:
            mentions[name] = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}

        def reach(name, seen):
            for other in mentions.get(name, ()):
                if other not in seen and other in mentions:
                    seen.add(other)
                    reach(other, seen)
            return seen

        reached = {name: reach(name, set()) for name in mentions}
        found = []
        for name, node in self.file.functions.items():
            if self.classes.keys() & reached[name] and self._makes(name, node):
                found.append(("function", reached[name], name))
        for name in self.classes:
            if name in reached:
                found.append(("class", reached[name], name))
        # A root that reaches more shows more; the order of the file decides among equals.
        makers = [root for root in found if root[0] == "function"]
        users = [root for root in found if root[0] == "class"]
        users.sort(key=lambda root: -len(root[1] & self.classes.keys()))
        return [*makers, *users][:_MOST_ROOTS]

    def _makes(self, name, node):
        """May the function be called without arguments, and does it return something that it calls for?"""
        function = vars(self.module).get(name)
        if not callable(function) or name.startswith(("test", "main", "train")):
            return False
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return False
        optional = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        if any(part.default is part.empty and part.kind not in optional for part in parameters):
            return False
        return any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(node))

    def _without_weights(self, root):
        """The call of a function that makes a model, without weights that would have to be fetched: (text, arguments)."""
        words = {}
        for name, parameter in inspect.signature(vars(self.module)[root]).parameters.items():
            if "weights" in name and parameter.default not in (None, False, parameter.empty):
                words[name] = None
            elif name == "pretrained" and parameter.default is True:
                words[name] = False
        return f"{root}({', '.join(f'{name}={value}' for name, value in words.items())})", words

    def _call(self, kind, model, plan, device, watched, text):
        arguments = plan.arguments(device)
        with torch.no_grad():
            try:
                call(model, arguments)
            except Exception:
                if kind == "class":
                    raise
                # Some want targets while they train.
                call(model.eval(), arguments)
                watched.name(model, f"{text}.eval()")

    def _run(self, kind, root):
        from layerwise import infer

        device = shapes_device()
        with _Watched(self) as watched:
            try:
                text = ""
                if kind == "function":
                    text, words = self._without_weights(root)
                    watched.why = f"as {text} builds it"
                    with on_device(device):
                        model = vars(self.module)[root](**words)
                    if not isinstance(model, _Module):
                        return
                    watched.name(model, text)
                    cls = type(model)
                    if self.classes.get(cls.__name__) is not cls:
                        return
                    plan = Plan(self.module, cls, "class")
                    plan.init["self"] = Choice("self", text, "call", watched.why)
                    watched.is_on = False
                    infer.infer_inputs(self.module, self.file, cls.__name__, plan)
                else:
                    watched.is_on = False
                    watched.root = root
                    plan = infer.infer(self.module, self.file, root)
                    line = self.file.classes[root].lineno if root in self.file.classes else 0
                    watched.why = f"as {root} in line {line} builds it"
                    watched.is_on = True
                    model = plan.build(device)
                watched.is_on = True
                try:
                    self._call(kind, model, plan, device, watched, text)
                except Exception as error:
                    if kind == "function" or device == "cpu" or not is_about_meta(error) or _is_large(model):
                        raise
                    # It looks at values, which shapes alone have none of.
                    watched.instances.clear()
                    self._call(kind, plan.build("cpu"), plan, "cpu", watched, text)
            except SpecError:
                return
            except Exception:
                # The root may be broken, or beyond our guesses; what was seen until then still counts.
                return


def _is_large(model):
    return sum(parameter.numel() for parameter in model.parameters()) > _MOST_REAL_PARAMETERS


class _Watched:
    """While entered, constructions and calls of the file's classes are noted."""

    def __init__(self, captures):
        self.captures = captures
        self.why = ""
        # A class says nothing new about itself.
        self.root = None
        self.is_on = True
        self.before = {}
        self.instances = {}

    def __enter__(self):
        for name, cls in self.captures.classes.items():
            self.before[cls] = cls.__dict__.get("__init__")
            cls.__init__ = self._init(name, cls, cls.__init__)
        self.original_call = _Module.__call__
        watched, original = self, self.original_call

        def watched_call(module, *positional, **words):
            if watched.is_on:
                watched.called(module, positional, words)
            return original(module, *positional, **words)

        _Module.__call__ = watched_call
        return self

    def __exit__(self, *_):
        _Module.__call__ = self.original_call
        for cls, init in self.before.items():
            if init is None:
                del cls.__init__
            else:
                cls.__init__ = init

    def _init(self, name, cls, original):
        watched = self

        def watched_init(module, *positional, **words):
            result = original(module, *positional, **words)
            if watched.is_on and type(module) is cls:
                watched.built(name, original, module, positional, words)
            return result

        # The signature is asked for while arguments are looked for.
        watched_init.__wrapped__ = original
        return watched_init

    def built(self, name, original, module, positional, words):
        found = self.captures.found.get(name)
        if found is not None and found.is_called or name in self.instances or name == self.root:
            return
        found = self.captures.found[name] = Captured(self.why)
        found.init = written(inspect.signature(original), (None, *positional), words, self._known())
        self.instances[name] = module

    def _known(self):
        """Texts for instances of the file's own classes."""
        found = {}
        for name, instance in self.instances.items():
            captured = self.captures.found[name]
            if captured.init is not None:
                text = f"{name}({', '.join(f'{key}={text}' for key, text in captured.init.items())})"
                if len(text) < _MOST_TEXT:
                    found[id(instance)] = text
        return found

    def called(self, module, positional, words):
        name = type(module).__name__
        if self.captures.classes.get(name) is not type(module):
            return
        found = self.captures.found.get(name)
        if found is None or found.is_called or self.instances.get(name) not in (None, module):
            return
        found.is_called = True
        try:
            bound = inspect.signature(type(module).forward).bind(None, *positional, **words)
        except TypeError:
            return
        for argument, value in list(bound.arguments.items())[1:]:
            kind = bound.signature.parameters[argument].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                for key, item in value.items():
                    self._keep(found, key, item)
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                self._keep(found, argument, value)

    def _keep(self, found, name, value):
        plain = described(value)
        if plain is not _UNKNOWN and plain is not None:
            found.inputs[name] = plain

    def name(self, model, root):
        """Where the noted instances are to be found in a whole model."""
        if root is None:
            return
        paths = {id(part): path for path, part in model.named_modules()}
        for name, instance in self.instances.items():
            path = paths.get(id(instance))
            if path is not None:
                steps = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in path.split(".") if step)
                self.captures.found[name].path = root + steps


_UNKNOWN = object()


def described(value, depth=0):
    """A value with TensorSpecs in the place of tensors; _UNKNOWN for what cannot be written down."""
    if isinstance(value, torch.Tensor):
        return describe_tensor(value)
    if depth < 3 and type(value) in (list, tuple):
        parts = [described(item, depth + 1) for item in value]
        return _UNKNOWN if _UNKNOWN in parts else type(value)(parts)
    if depth < 3 and isinstance(value, dict):
        parts = {key: described(item, depth + 1) for key, item in value.items()}
        return _UNKNOWN if any(part is _UNKNOWN for part in parts.values()) else parts
    return value if write(value) is not None and not isinstance(value, types.FunctionType) else _UNKNOWN


def written(signature, positional, words, known):
    """Arguments as texts by name, or None."""
    try:
        bound = signature.bind(*positional, **words).arguments
    except TypeError:
        return None
    texts = {}
    for name, value in list(bound.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            if value:
                return None
            continue
        items = value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
        for key, item in items.items():
            text = write(item, known)
            if text is None or len(text) > _MOST_TEXT:
                return None
            texts[key] = text
    return texts


def is_usable(module, texts):
    """May the texts be evaluated here? A class of another file has no name in this one."""
    space = namespace_of(module)
    try:
        for name, text in texts.items():
            evaluate(text, space, name)
    except SpecError:
        return False
    return True
