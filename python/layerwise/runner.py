"""Runs a script as `python FILE` does, and loads a file as a module for one of its classes or functions."""

import importlib
import importlib.machinery
import importlib.util
import linecache
import os
import re
import sys
import types

from layerwise import failures

# Told of each file's code before it runs: (code, path).
on_compiled = None
# The workspace, as far as one is known: scripts may import from it, and run in it.
_root = None


def use_root(root):
    global _root
    _root = root


def root():
    """The folder of the workspace, None where none is known."""
    return _root


def run_script(path, arguments=(), working_folder=None):
    """Run a file as `__main__`: {"exitCode": int} and, for an uncaught exception, {"failure": Failure}, not printed."""
    _enter(path, arguments, working_folder)
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__builtins__ = sys.modules["builtins"]
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    sys.modules["__main__"] = main
    try:
        code = _compile(path)
        exec(code, main.__dict__)
        result = {"exitCode": 0}
    except SystemExit as exit:
        result = {"exitCode": _exit_code(exit)}
    except BaseException as error:
        failures.release(error, main.__dict__)
        result = {"exitCode": 130 if isinstance(error, KeyboardInterrupt) else 1}
        result["failure"] = failures.describe(error)
        if _ran_own_hook(error):
            del result["failure"]["traceback"]
    return finish(result)


def load_module(path, root=None, working_folder=None):
    """Import a file under its own name, packages included, and return the module."""
    _enter(path, (), working_folder)
    name, top = module_name(path, root)
    if top not in sys.path:
        sys.path.insert(0, top)
    importlib.invalidate_caches()
    package, _, _ = name.rpartition(".")
    if package:
        # Modules of a package are imported from above it: its copy.py is not Python's.
        folder = os.path.dirname(path)
        if sys.path[0] != folder:
            sys.path[:] = [place for place in sys.path if place != folder] + [folder]
        was_there = name in sys.modules
        importlib.import_module(package)
        module = sys.modules.get(name)
        if not was_there and _is_of(module, path):
            # Its package has imported it a moment ago; what registers itself by name does so once.
            return module
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        code = _compile(path)
        exec(code, module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def loaded_module(path, root=None):
    """The module of a file, imported unless it has been: its classes are those that other modules know."""
    module = sys.modules.get(module_name(path, root)[0])
    return module if _is_of(module, path) else load_module(path, root)


def _is_of(module, path):
    return getattr(module, "__file__", None) == path


def module_name(path, root=None):
    """The dotted name of a file and the folder it is imported from: packages are folders with an __init__.py, and those
    that the file's relative imports take for packages."""
    folder, file = os.path.split(path)
    parts = [os.path.splitext(file)[0]]
    n_named = _relative_levels(path)
    is_top = False
    while not is_top and (len(parts) <= n_named or os.path.isfile(os.path.join(folder, "__init__.py"))):
        # The root may be a package itself; what lies above it cannot be seen.
        is_top = folder == root
        folder, part = os.path.split(folder)
        parts.append(part)
    if parts[0] == "__init__" and len(parts) > 1:
        parts = parts[1:]
    return ".".join(reversed(parts)), folder


def _relative_levels(path):
    """How many packages the file's relative imports go through: 2 for `from ..data import x`."""
    try:
        found = re.findall(rb"^[ \t]*from[ \t]+(\.+)", _read(path), re.MULTILINE)
    except OSError:
        return 0
    return max(map(len, found), default=0)


def drop_user_modules():
    """Forget what was imported from the user's files, so that the next run reads them again."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and failures.is_user_file(file):
            del sys.modules[name]
    linecache.clearcache()
    importlib.invalidate_caches()


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            # The user's own stream object may be broken; his program would only lose its output.
            pass


def finish(result):
    """What CPython does on its way out: registered functions, then the streams."""
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        print(failures.text_of(error), end="", file=sys.stderr)
    flush()
    return result


def _enter(path, arguments, working_folder):
    sys.argv = [path, *arguments]
    folder = os.path.dirname(path)
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    if _root is not None and _root not in sys.path:
        sys.path.insert(1, _root)
    try:
        os.chdir(working_folder or _root or folder)
    except OSError:
        os.chdir(folder)
    linecache.clearcache()
    importlib.invalidate_caches()


def _compile(path):
    code = compile(_read(path), path, "exec", dont_inherit=True)
    if on_compiled is not None:
        on_compiled(code, path)
    return code


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _exit_code(exit):
    code = exit.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _ran_own_hook(error):
    """True when the user's own `sys.excepthook` has shown the exception; otherwise whoever asked shows it."""
    hook = sys.excepthook
    if hook is sys.__excepthook__:
        return False
    try:
        hook(type(error), error, error.__traceback__)
        return True
    except BaseException as trouble:
        parts = ("Error in sys.excepthook:", failures.text_of(trouble), "Original exception was:")
        print(*parts, sep="\n", file=sys.stderr)
        return False
