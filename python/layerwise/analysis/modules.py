"""Loads the analysed file and keeps what it imports: a user's module is read again only when its text, or that of
something it holds on to, has changed."""

import contextlib
import importlib
import importlib._bootstrap_external as _external
import linecache
import os
import sys
import types

from layerwise import failures, runner
from layerwise.analysis.recorder import watch

# Code of every user file by its name: what calls of modules and the clock are watched in.
_texts = {}
_code = {}


class Loaded:
    """The file as a module, and the code objects in it."""

    def __init__(self, module, codes):
        self.module = module
        self.codes = codes


_loaded = {}
# The file that is being imported: perhaps its own package gets there first.
_wanted = None


def load(source, root):
    """Import a SourceFile under its own name; raises what its top level raises."""
    known = _loaded.get(source.path)
    if known is not None and known[0] is source and not _drop_changed(source.path):
        if sys.modules.get(known[1].module.__name__) is known[1].module:
            return known[1]
    _drop_changed(source.path)
    _loaded.pop(source.path, None)
    _enter(source.path)
    name, top = runner.module_name(source.path, root)
    if top not in sys.path:
        sys.path.insert(0, top)
    existing = sys.modules.get(name)
    try:
        module, codes = _import(source, name)
    except Exception:
        if existing is not None and getattr(existing, "__file__", None) == source.path and _is_same(existing, source):
            # What registers itself by name does so once.
            sys.modules[name] = existing
            module, codes = existing, _codes_of(existing, source)
        elif _drop_all():
            # What is registered already lives in a module that was kept: from the start, then.
            module, codes = _import(source, name)
        else:
            raise
    loaded = Loaded(module, codes)
    _loaded[source.path] = (source, loaded)
    return loaded


@contextlib.contextmanager
def noted():
    """While entered, what is imported is remembered by its text and watched by the clock."""
    before = _external.SourceLoader.source_to_code
    _external.SourceLoader.source_to_code = _compiled
    try:
        yield
    finally:
        _external.SourceLoader.source_to_code = before


def _import(source, name):
    with noted():
        return _imported(source, name)


def _imported(source, name):
    global _wanted
    _wanted = source
    try:
        package = name.rpartition(".")[0]
        if package:
            was_there = name in sys.modules
            importlib.import_module(package)
            module = sys.modules.get(name)
            if not was_there and getattr(module, "__file__", None) == source.path:
                # Its package has imported it a moment ago.
                return module, codes_in(source.code())
        module = _module(name, source.path)
        sys.modules[name] = module
        code = source.code()
        watch.add(code, source.statements)
        try:
            exec(code, module.__dict__)
        except BaseException:
            sys.modules.pop(name, None)
            raise
    finally:
        _wanted = None
    return module, codes_in(code)


def _is_same(module, source):
    """Was the module made from the text that the editor holds?"""
    known = _texts.get(source.path)
    if known is not None:
        return known.decode("utf-8-sig", "replace") == source.text
    return not failures.is_user_file(source.path)


def _codes_of(module, source):
    """Watches the functions of a module that is there already."""
    found = set()
    for value in list(vars(module).values()):
        parts = vars(value).values() if isinstance(value, type) else (value,)
        for part in parts:
            code = getattr(getattr(part, "__func__", part), "__code__", None)
            if code is not None and code.co_filename == source.path:
                watch.add(code, source.statements)
                codes_in(code, found)
    return found


def _drop_all():
    """Forgets all user modules; True if there were any."""
    names = [name for name, module in sys.modules.items() if _is_users(module)]
    for name in names:
        del sys.modules[name]
    return bool(names)


def _is_users(module):
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and failures.is_user_file(file)


def codes_in(code, found=None):
    """A code object and all inside of it."""
    found = set() if found is None else found
    found.add(code)
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            codes_in(constant, found)
    return found


def _module(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    return importlib.util.module_from_spec(spec)


def _enter(path):
    sys.argv = [path]
    folder = os.path.dirname(path)
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    try:
        os.chdir(folder)
    except OSError:
        pass
    linecache.clearcache()
    importlib.invalidate_caches()


def _compiled(loader, data, path, *rest, **words):
    """In place of the import system's own: code is compiled once per text, and the clock runs in it."""
    if _wanted is not None and path == _wanted.path:
        code = _wanted.code()
        watch.add(code, _wanted.statements)
        return code
    if not failures.is_user_file(path):
        return _original(loader, data, path, *rest, **words)
    text = bytes(data)
    if _texts.get(path) != text:
        _code[path] = _original(loader, data, path, *rest, **words)
        _texts[path] = text
    watch.add(_code[path], None)
    return _code[path]


_original = _external.SourceLoader.source_to_code


def _drop_changed(path):
    """Forgets user modules whose files have changed, and those that hold on to one of them. True if there were any."""
    users = {}
    for name, module in list(sys.modules.items()):
        if _is_users(module) and module.__file__ != path:
            users[name] = module
    stale = {name for name, module in users.items() if _has_changed(module.__file__)}
    growing = True
    while growing:
        growing = False
        for name, module in users.items():
            if name not in stale and _depends(module, stale):
                stale.add(name)
                growing = True
    for name in stale:
        sys.modules.pop(name, None)
    return bool(stale)


def _has_changed(file):
    known = _texts.get(file)
    try:
        with open(file, "rb") as handle:
            return handle.read() != known
    except OSError:
        return True


def _depends(module, stale):
    for value in list(vars(module).values()):
        if isinstance(value, types.ModuleType):
            if value.__name__ in stale:
                return True
        elif getattr(value, "__module__", None) in stale:
            return True
    return False


def forget():
    """For a new life of the interpreter."""
    _loaded.clear()
