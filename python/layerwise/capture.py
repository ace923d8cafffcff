"""What classes of a file are given where something whole is built: by a function that makes a model, or by a class that
uses them, in this file or in one that imports it. Each such root is built and called once, without computing, and everything
below it is watched."""

import ast
import dataclasses
import inspect
import os
import time
import types

import torch

from layerwise.callers import budget, callers_of, stamp
from layerwise.makers import may_make_a_model
from layerwise.plan import Plan, Choice, call, on_device
from layerwise.specs import SpecError, describe_tensor, evaluate, namespace_of, shapes_device
from layerwise.trials import is_about_meta
from layerwise.writing import name_of, write

_Module = torch.nn.Module
_MOST_SECONDS = 1.2
_MOST_TEXT = 1500
_MOST_ROOTS = 40
# Of each other file; a file with a hundred functions that make models shows most of it in the first ones.
_MOST_ELSEWHERE = 2
# Larger models are not built with real values only to see what they hand on.
_MOST_REAL_PARAMETERS = 5_000_000
_KEPT = "_layerwise_captures"


class Captured:
    """The first instance of a class, and its first call."""

    def __init__(self, why):
        self.why = why
        # Constructor arguments as texts, None where one cannot be written down.
        self.init = None
        # Text that gives the instance itself: "resnet18().layer1[0]"; for a part of a class that is built of guesses the last
        # resort.
        self.path = None
        self.is_last_resort = False
        self.inputs = {}
        self.is_called = False


class Root:
    """Something whole that may build classes: a function that makes a model, or a class that uses others."""

    def __init__(self, kind, name, reach, module, file):
        # "function": needs no arguments; "maker": they have to be found; "class".
        self.kind = kind
        self.name = name
        # Names of the file's classes and functions that it speaks of, directly or not.
        self.reach = reach
        self.module = module
        self.file = file


def captures_of(module, file, infer):
    """The Captures of a module, made once for the callers that it has. `infer(module, file, name, plan=None)` gives the Plan of a root."""
    found, now = vars(module).get(_KEPT), stamp(file.path)
    if found is None or found.stamp != now:
        found = Captures(module, file, infer, now)
        setattr(module, _KEPT, found)
    return found


class Captures:
    def __init__(self, module, file, infer, stamp):
        # Of the files that say something about this one.
        self.stamp = stamp
        self.module = module
        self.file = file
        self.infer = infer
        self.classes = {
            name: value
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, _Module) and value.__module__ == module.__name__
        }
        self.found = {}
        self.roots = None
        self.elsewhere = set()
        self.left = _MOST_SECONDS
        # The root that is being watched.
        self.running = None

    def of(self, name):
        """What was seen of a class, looking further until something is; None."""
        if name not in self.classes:
            return None
        if self.running is not None:
            if self.running == name and not self._is_known(name):
                # Its own callers know what it is given.
                self._of_callers(name)
            return self.found.get(name)
        if self.roots is None:
            self.roots = roots_of(self.module, self.file, self.classes)
        while not self._is_known(name) and self.roots and self.left > 0:
            position = next((k for k, root in enumerate(self.roots) if name in root.reach), None)
            if position is None:
                break
            root = self.roots.pop(position)
            if root.name != name:
                self._look(root)
        if not self._is_known(name):
            self._of_callers(name)
        return self.found.get(name)

    def _of_callers(self, name):
        """The same in the files that use this one; they have a budget of their own."""
        began = time.perf_counter()
        with budget:
            self._of_all(name)
        if self.running is not None:
            self.left += time.perf_counter() - began

    def _of_all(self, name):
        for caller in callers_of(self.module, self.file, name):
            aliases = caller.names_of(self.classes[name])
            words = {alias.rpartition(".")[2] for alias in aliases}
            roots = [root for root in roots_of(caller.module, caller.file, words, is_maker=True) if words & root.reach]
            for root in roots[:_MOST_ELSEWHERE]:
                key = (caller.file.path, root.name)
                if key in self.elsewhere:
                    continue
                self.elsewhere.add(key)
                self._look(root)
                if self._is_known(name) or not budget.is_left:
                    return

    def _look(self, root):
        began = time.perf_counter()
        before, self.running = self.running, root.name if root.module is self.module else ""
        try:
            self._run(root)
        finally:
            self.running = before
            if root.module is self.module:
                self.left -= time.perf_counter() - began

    def _is_known(self, name):
        return name in self.found and self.found[name].is_called

    def _without_weights(self, root):
        """The call of a function that makes a model, without weights that would have to be fetched: (text, arguments)."""
        words = {}
        for name, parameter in inspect.signature(vars(root.module)[root.name]).parameters.items():
            if "weights" in name and parameter.default not in (None, False, parameter.empty):
                words[name] = None
            elif name == "pretrained" and parameter.default is True:
                words[name] = False
        return f"{root.name}({', '.join(f'{name}={value}' for name, value in words.items())})", words

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

    def _run(self, root):
        device = shapes_device()
        with _Watched(self) as watched:
            try:
                plan, model, text = self._built(root, watched, device)
                watched.name(model, text, root.kind == "class")
                try:
                    self._call(root.kind, model, plan, device, watched, text)
                except Exception as error:
                    if root.kind != "class" or device == "cpu" or not is_about_meta(error) or _is_large(model):
                        raise
                    # It looks at values, which shapes alone have none of.
                    watched.instances.clear()
                    self._call(root.kind, plan.build("cpu"), plan, "cpu", watched, text)
            except Exception:
                # The root may be broken, or beyond our guesses; what was seen until then still counts.
                return

    def _built(self, root, watched, device):
        """(plan, model, text that makes it) of a root; raises where it makes none."""
        is_own = root.module is self.module
        place = "" if is_own else f"{os.path.basename(root.file.path)}:"
        target = vars(root.module)[root.name]
        if root.kind == "function":
            text, words = self._without_weights(root)
            watched.why = f"as {text} builds it" if is_own else f"as {text} in {place.removesuffix(':')} builds it"
            with on_device(device):
                model = target(**words)
            cls = type(model)
            if not isinstance(model, _Module) or vars(root.module).get(cls.__name__) is not cls:
                raise SpecError(f"{root.name} makes no model of the file's")
            plan = Plan(root.module, cls, "class")
            plan.init["self"] = Choice("self", text, "call", watched.why)
            watched.is_on = False
            self.infer(root.module, root.file, cls.__name__, plan)
            if not is_own:
                text = f"{root.module.__name__}.{text}"
        else:
            watched.is_on = False
            watched.root = root.name if is_own else None
            plan = self.infer(root.module, root.file, root.name)
            line = (root.file.classes.get(root.name) or root.file.functions[root.name]).lineno
            watched.why = f"as {root.name} in {place or 'line '}{line} builds it"
            watched.is_on = True
            model = plan.build(device)
            text = _written_call(target, plan, self.module)
        watched.is_on = True
        return plan, model, text


def _written_call(target, plan, reader):
    """Text that makes the model of a plan, for a reader in another module; None where none can be written."""
    name = name_of(target, reader)
    space = namespace_of(plan.module)
    words = []
    for key, choice in plan.init.items():
        if choice.origin == "default":
            continue
        if key == "self":
            return None
        text = choice.text if plan.module is reader else write(evaluate(choice.text, space, key), None, reader)
        if text is None:
            return None
        words.append(f"{key}={text}")
    return name and f"{name}({', '.join(words)})"


def roots_of(module, file, wanted, is_maker=False):
    """Roots of a file that reach one of the names wanted: functions that make models first, then outer classes. With `is_maker`
    functions whose arguments have to be found count, too."""
    mentions, wanted = {}, set(wanted)
    for name, node in [*file.functions.items(), *file.classes.items(), *_tables(file).items()]:
        parts = list(ast.walk(node))
        mentions[name] = {part.id for part in parts if isinstance(part, ast.Name)}
        mentions[name] |= {part.attr for part in parts if isinstance(part, ast.Attribute)} & wanted

    def reach(name, seen):
        for other in mentions.get(name, ()):
            if other not in seen and (other in mentions or other in wanted):
                seen.add(other)
                reach(other, seen)
        return seen

    reached = {name: reach(name, set()) for name in mentions}
    makers, users = [], []
    for name, node in file.functions.items():
        if not wanted & reached[name]:
            continue
        if _makes(module, name, node):
            makers.append(Root("function", name, reached[name], module, file))
        elif is_maker and may_make_a_model(vars(module).get(name), name):
            makers.append(Root("maker", name, reached[name], module, file))
    for name in file.classes:
        value = vars(module).get(name)
        if isinstance(value, type) and issubclass(value, _Module) and value.__module__ == module.__name__:
            users.append(Root("class", name, reached[name], module, file))
    # A root that reaches more shows more; the order of the file decides among equals.
    users.sort(key=lambda root: -len(root.reach & wanted))
    return [*makers, *users][:_MOST_ROOTS]


def _tables(file):
    """What the file gives names to: a dict of classes speaks of them, and so does who reads it."""
    found = {}
    for node in file.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:
                found.setdefault(target.id, node.value)
    return found


def _makes(module, name, node):
    """May the function be called without arguments, and does it return something that it calls for?"""
    function = vars(module).get(name)
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
        found.init = written(inspect.signature(original), (None, *positional), words, self._known(), self.captures.module)
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

    def name(self, model, root, is_last_resort=False):
        """Where the noted instances are to be found in a whole model."""
        if root is None:
            return
        paths = {id(part): path for path, part in model.named_modules()}
        for name, instance in self.instances.items():
            path = paths.get(id(instance))
            if path is not None:
                steps = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in path.split(".") if step)
                self.captures.found[name].path = root + steps
                self.captures.found[name].is_last_resort = is_last_resort


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
    return _UNKNOWN if isinstance(value, (types.FunctionType, _Module)) or write(value) is None else value


def written(signature, positional, words, known, reader):
    """Arguments as texts by name for a reader in a module, or None."""
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
            text = write(item, known, reader)
            if text is None or len(text) > _MOST_TEXT or not _gives(text, item, reader):
                return None
            texts[key] = text
    return texts


def _gives(text, value, reader):
    """Does the text of an object with fields give it again? Constructors may do more than keep their arguments."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return True
    try:
        return vars(evaluate(text, namespace_of(reader), "")) == vars(value)
    except Exception:
        # Slots, comparisons of tensors: nothing is known, as before.
        return True


def is_usable(module, texts):
    """May the texts be evaluated here? A class of another file has no name in this one."""
    space = namespace_of(module)
    try:
        for name, text in texts.items():
            evaluate(text, space, name)
    except SpecError:
        return False
    return True
