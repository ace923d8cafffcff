"""Which module and which of the user's lines an op belongs to. Asked for only while something is being traced."""

import sys

import _core

# True while a trace runs: Module.__call__ then reports entry and exit.
on = False

_modules = []
_ids = {}
_sources = []
_source_ids = {}
_user_root = ""


def start(user_root):
    """Begin: forget earlier modules; lines count as the user's when their file lies under `user_root`."""
    global on, _user_root
    on = True
    _user_root = user_root
    _modules.clear()
    _ids.clear()
    _sources.clear()
    _source_ids.clear()


def stop():
    global on
    on = False


def enter(module):
    key = id(module)
    known = _ids.get(key)
    if known is None:
        known = _ids[key] = len(_modules)
        _modules.append(module)
    _core.scope_enter(known)


def exit():
    _core.scope_exit()


def where():
    """The innermost user line of the running call, as a small number; -1 where there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_user_root) and not code.co_filename.startswith("/lib/"):
            key = (id(code), frame.f_lasti)
            known = _source_ids.get(key)
            if known is None:
                known = _source_ids[key] = len(_sources)
                _sources.append((code, frame.f_lasti))
            return known
        frame = frame.f_back
    return -1


def sources():
    """Places by number: [file, line, end line, column, end column], columns in UTF-8 bytes; -1 where unknown."""
    out = []
    for code, instruction in _sources:
        positions = list(code.co_positions())
        line, end_line, column, end_column = positions[instruction >> 1] if instruction >> 1 < len(positions) else (None,) * 4
        out.append([code.co_filename, line or code.co_firstlineno, end_line or -1, -1 if column is None else column,
                    -1 if end_column is None else end_column, code.co_name])
    return out


def modules():
    """Modules by number: [path, class, file, line, own parameters, their bytes]."""
    paths = {}
    for root in _modules:
        if id(root) in paths:
            continue
        for path, module in root.named_modules():
            paths.setdefault(id(module), path)
    out = []
    for module in _modules:
        cls = type(module)
        file, line = _definition(cls)
        own = list(module.parameters())
        out.append([paths[id(module)], cls.__name__, file, line, sum(p.numel() for p in own), sum(p.nbytes for p in own)])
    return out


def _definition(cls):
    code = getattr(getattr(cls, "forward", None), "__code__", None)
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None) or (code.co_filename if code else "")
    if not file.startswith(_user_root) or file.startswith("/lib/"):
        return "", -1
    line = getattr(cls, "__firstlineno__", None)
    return file, line if line is not None else code.co_firstlineno if code else -1
