"""What other files of the project say about a class or function: who calls it with what, as far as their text tells.

Runs no work of theirs: scripts are read for their definitions. So many files, so long; what cannot be followed is no evidence.
"""

import ast
import os
import time

import torch

from layerwise.definitions import module_named, module_of, modules, root_of
from layerwise.evidence import Evaluator, Known, Unknown, bind
from layerwise.failures import is_user_file
from layerwise.project import project_of, stamp_of, users_of
from layerwise.specs import SpecError, evaluate, namespace_of
from layerwise.targets import FileTargets
from layerwise.writing import write

_MOST_USERS = 8
_MOST_SECONDS = 3.0
_MOST_KEPT = 64
_files = {}
# Callers that cannot be read in time are let alone until they change.
_slow = set()


class Caller:
    """A file that uses another one, and how it calls what it takes from there."""

    def __init__(self, module, file):
        self.module = module
        self.file = file
        self.shown = os.path.basename(file.path)

    def names_of(self, thing):
        """How it calls a class or function: {"Block"}, {"blocks.Block"}."""
        found = set()
        for name, value in list(vars(self.module).items()):
            if value is thing:
                found.add(name)
            elif isinstance(value, type(os)) and vars(value).get(thing.__name__) is thing:
                found.add(f"{name}.{thing.__name__}")
        return found


class Budget:
    """So long may all that one question asks of other files take; when that is over, they have said nothing."""

    def __init__(self):
        self.left = _MOST_SECONDS
        # Of all questions until `share_out` is called again.
        self.rest = self.most = float("inf")
        self.began = 0.0
        # Has the last question been given up?
        self.is_short = False
        self.depth = 0
        # What ends user code at its `deadline`, and the exception that it does so with; without one nothing does.
        self.watch = None
        self.late = ()
        self.before = None

    def share_out(self, seconds, most):
        """All questions that follow may take so long, and one of them no longer than `most`."""
        self.rest, self.most = seconds, most

    def renew(self):
        """Another question, unless it is part of one."""
        if self.depth == 0:
            self.is_short = False
            self.left = min(_MOST_SECONDS, self.most, self.rest)

    def __enter__(self):
        if self.depth == 0:
            self.began = time.perf_counter()
            if self.watch is not None:
                self.before, end = self.watch.deadline, self.began + self.left
                self.watch.deadline = end if self.before is None else min(end, self.before)
        self.depth += 1
        return self

    def __exit__(self, kind, *_):
        self.depth -= 1
        if self.depth > 0:
            return False
        spent = time.perf_counter() - self.began
        self.left -= spent
        self.rest -= spent
        if self.watch is None:
            return False
        self.watch.deadline = self.before
        if kind is None or not issubclass(kind, self.late):
            return False
        self.is_short = True
        return self.before is None or time.perf_counter() < self.before

    @property
    def is_left(self):
        spent = time.perf_counter() - self.began if self.depth else 0
        return spent < self.left


budget = Budget()


def callers_of(module, file, name):
    """The Callers of what a file calls by a name, nearest first; each is loaded when it is its turn."""
    thing = vars(module).get(name)
    path = getattr(module, "__file__", None)
    if thing is None or path is None or not path.endswith(".py"):
        return
    for other, text in users_of(path, name, root_of(path), _MOST_USERS):
        if not budget.is_left:
            budget.is_short = True
            return
        if (other, text) in _slow:
            continue
        try:
            loaded = module_of(other)
        except budget.late:
            _slow.add((other, text))
            raise
        if loaded is None or loaded is module:
            continue
        _renew(module)
        yield Caller(loaded, _read(other, text))


def file_of(name):
    """(module, FileTargets) of a module of the person's, by its dotted name; None for any other."""
    module = module_named(name)
    path = getattr(module, "__file__", None)
    if path is None or not path.endswith(".py") or not is_user_file(path):
        return None
    try:
        with open(path, "rb") as file:
            return module, _read(path, file.read().decode("utf-8-sig", errors="replace"))
    except OSError:
        return None


def look_again(path):
    """From now on the project is as its files are now; otherwise it is looked through once in a while."""
    project_of(root_of(path)).look_again()


def stamp(path):
    """Changes when what other files say about this one may have changed."""
    return stamp_of(path, root_of(path))


def calls_of(module, file, name, signature):
    """{argument: Known} of the first call outside of classes that can be followed, and where it is; (None, "")."""
    thing = vars(module).get(name)
    for caller in callers_of(module, file, name):
        names = caller.names_of(thing)
        found = [call for each in names for call in caller.file.calls.constructors(_resolved(caller.file, each))]
        for call in found:
            if call.owner:
                continue
            bound = _bound(call, signature, caller, module)
            if bound is not None:
                return bound, f"from the call in {caller.shown}:{call.node.lineno}"
    return None, ""


def instance_calls_of(module, file, name, signature):
    """The same for a call of an instance of a class, or of the model that a function makes."""
    thing = vars(module).get(name)
    for caller in callers_of(module, file, name):
        for each in caller.names_of(thing):
            for call, _ in caller.file.calls.of_instance.get(_resolved(caller.file, each), []):
                bound = None if call.owner else _bound(call, signature, caller, module)
                if bound is not None:
                    return bound, f"from the call in {caller.shown}:{call.node.lineno}"
    return None, ""


def configs_of(module, file, name, is_config, fields):
    """(text, where) of an object with these fields, under a name that says config, in what a caller hands on; None."""
    for caller in _all_callers(module, file, name):
        for calls in caller.file.calls.of.values():
            for call in calls:
                if call.owner:
                    continue
                for node in [*call.node.args, *(word.value for word in call.node.keywords)]:
                    if not any(map(is_config, ast.unparse(node).split("."))):
                        continue
                    try:
                        value = Evaluator(caller.file, caller.module, call.scope)(node).value
                    except Unknown:
                        continue
                    has = value.keys() if isinstance(value, dict) else set(dir(value))
                    text = set(fields) <= set(has) and _text(value, module)
                    if text:
                        return text, f"{ast.unparse(node)} of {caller.shown}:{call.node.lineno}"
    return None


def _all_callers(module, file, name):
    """Callers, then callers of what these define: whoever makes the config may be far away."""
    seen, queue = {getattr(module, "__file__", None)}, [(module, file, name)]
    while queue:
        for caller in callers_of(*queue.pop(0)):
            if caller.file.path in seen:
                continue
            seen.add(caller.file.path)
            yield caller
            queue.extend((caller.module, caller.file, each) for each in [*caller.file.functions, *caller.file.classes])


def _bound(call, signature, caller, module):
    """A call's arguments for a reader in the module, or None."""
    try:
        bound = bind(call, signature, Evaluator(caller.file, caller.module, call.scope))
    except Unknown:
        return None
    found = {}
    for name, known in bound.items():
        text = _text(known.value, module)
        if text is None:
            return None
        found[name] = Known(known.value, text)
    return found


def _text(value, module):
    text = write(value, None, module)
    if text is None:
        return None
    try:
        evaluate(text, namespace_of(module), "an argument")
    except SpecError:
        return None
    return text


def _resolved(file, name):
    first, dot, rest = name.partition(".")
    return f"{file.aliases.get(first, first)}{dot}{rest}"


def _renew(module):
    """Modules that were made before this one was read anew hold on to what it was: from now on to what it is."""
    path = module.__file__
    new = {name: value for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    for other in modules():
        if other is module or other.__file__ == path:
            continue
        for name, value in list(vars(other).items()):
            own = new.get(getattr(value, "__qualname__", None))
            if own is None or value is own or type(value) is not type(own):
                continue
            home = getattr(value, "__module__", None)
            if _file_of(value) in ((None, path) if home == module.__name__ else (path,)):
                setattr(other, name, own)


def _file_of(value):
    forward = getattr(value, "forward", None) if isinstance(value, type) and issubclass(value, torch.nn.Module) else value
    code = getattr(forward, "__code__", None)
    return code.co_filename if code is not None else None


def _read(path, text):
    known = _files.get(path)
    if known is not None and known.source == text:
        return known
    if len(_files) >= _MOST_KEPT:
        _files.clear()
    found = _files[path] = FileTargets(text, path)
    return found
