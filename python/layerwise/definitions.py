"""The person's other files as modules, without the work that they would start: a script is read for what it defines.

Imports, classes, functions and plain values count; what calls anything else is left out, and so is what fails.
"""

import ast
import builtins
import importlib
import importlib.util
import os
import sys
import types

from layerwise import failures, runner
from layerwise.project import dotted, project_of

# {path: (text, module)} of scripts; whoever imports them by name gets them whole.
_scripts = {}
_PLAIN = set(vars(builtins)) - {"exec", "eval", "input", "open", "print", "__import__", "exit", "quit", "help", "breakpoint"}
_PLAIN_MODULES = {"os", "os.path", "pathlib", "collections", "logging", "typing", "functools", "math", "enum", "dataclasses", "re"}
_WORK = (ast.For, ast.While, ast.With, ast.AsyncFor, ast.AsyncWith, ast.Delete, ast.Raise, ast.Assert, ast.Match)


def module_of(path):
    """The module of a file: that which the run has imported, or else its definitions. None where it cannot be read."""
    root = root_of(path)
    name, top = runner.module_name(path, root)
    there = sys.modules.get(name)
    if getattr(there, "__file__", None) == path:
        return there
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig", errors="replace")
        tree = ast.parse(text, path)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    known = _scripts.get(path)
    if known is not None and known[0] == text and _is_current(known[1]):
        return known[1]
    if top not in sys.path:
        # Last: what the run itself imports is found as it was before.
        sys.path.append(top)
    project = project_of(root)
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    if not _is_script(tree) and all(_is_at_hand(node, path, project) for node in imports):
        try:
            return importlib.import_module(name)
        except (Exception, SystemExit):
            # A package that is not there, for one; what the file defines may do without.
            pass
    module = _defined(tree, name, path, project)
    _scripts[path] = (text, module)
    return module


def root_of(path):
    """The folder that a file's project lies in."""
    root = runner.root()
    return root if root is not None and path.startswith(f"{root}/") else os.path.dirname(path)


def module_named(name):
    """The module of that name, where it has been imported or is a file of the person's; None."""
    found = sys.modules.get(name)
    if found is not None:
        return found
    for _, module in _scripts.values():
        if module.__name__ == name:
            return module
    inner = os.path.join(*name.split("."))
    for base in list(sys.path):
        for path in (os.path.join(base, f"{inner}.py"), os.path.join(base, inner, "__init__.py")):
            if base and failures.is_user_file(path) and os.path.isfile(path):
                return module_of(path)
    return None


def modules():
    """All modules of the person's that are in memory."""
    found = [module for module in list(sys.modules.values()) if _is_users(module)]
    return [*found, *(module for _, module in _scripts.values())]


def forget():
    _scripts.clear()


def _is_users(module):
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and failures.is_user_file(file)


def _is_current(module):
    """Is what it has imported still what the names stand for? What has been edited is imported anew."""
    for value in list(vars(module).values()):
        if isinstance(value, types.ModuleType):
            if _is_users(value) and sys.modules.get(value.__name__) is not value:
                return False
        elif isinstance(value, (type, types.FunctionType)) and value.__module__ != module.__name__:
            home = sys.modules.get(value.__module__)
            if home is None or _is_users(home) and vars(home).get(value.__name__) is not value:
                return False
    return True


def _is_script(tree):
    """Does it start work when it is imported, or when it is run?"""
    return any(isinstance(node, _WORK) or not _is_definition(node) for node in tree.body)


def _is_definition(node):
    if isinstance(node, (ast.If, ast.Try)):
        return isinstance(node, ast.Try) and all(isinstance(part, (ast.Import, ast.ImportFrom)) for part in node.body)
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or _is_plain(node)


def _is_plain(node):
    """A docstring, or values given to names by nothing but Python's own functions."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass)):
        return False
    return all(_is_harmless(part.func) for part in ast.walk(node) if isinstance(part, ast.Call))


def _is_harmless(function):
    if isinstance(function, ast.Name):
        return function.id in _PLAIN or function.id in ("Path", "namedtuple", "TypeVar", "defaultdict", "OrderedDict")
    if not isinstance(function, ast.Attribute):
        return False
    base = ast.unparse(function.value)
    return base.partition(".")[0] in _PLAIN_MODULES or isinstance(function.value, ast.Constant)


def _defined(tree, name, path, project):
    module = types.ModuleType(name)
    module.__file__ = path
    module.__package__ = name.rpartition(".")[0]
    before = sys.modules.get(name)
    # What looks itself up by its module's name while it is made finds it.
    sys.modules[name] = module
    try:
        for node in tree.body:
            if isinstance(node, _WORK) or not (_is_definition(node) or isinstance(node, ast.If) and not _calls_names(node)):
                continue
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_at_hand(node, path, project):
                continue
            try:
                exec(compile(ast.Module([node], []), path, "exec", dont_inherit=True), module.__dict__)
            except (Exception, SystemExit):
                # Its name is missing, which is no evidence.
                continue
    finally:
        if before is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = before
    return module


def _is_at_hand(node, path, project):
    """May it be imported in passing? Packages that nobody has loaded yet can take ten seconds."""
    if isinstance(node, ast.Import):
        names = [name.name for name in node.names]
    else:
        names = dotted("." * node.level + (node.module or ""), [name.name for name in node.names])
    return all(map(_is_light, project.foreign(path, names)))


def _is_light(name):
    if name in sys.modules or name in sys.stdlib_module_names:
        return True
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    # What is not installed says so at once.
    return spec is None or spec.origin is not None and "/site-packages/" not in spec.origin


def _calls_names(node):
    """`if __name__ == "__main__"` and whatever else decides at run time what to start."""
    return any(isinstance(part, (*_WORK, ast.Expr)) for part in ast.walk(node) if part is not node) or "__name__" in ast.unparse(node.test)
