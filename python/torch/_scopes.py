"""Which module and which of the user's lines an op belongs to. Asked for only while something is being traced."""

import json
import sys

import _core

# True while a trace runs: Module.__call__ then reports entry and exit.
on = False

_modules = []
_ids = {}
_sources = []
_source_ids = {}


def start():
    """Begin: forget earlier modules and lines."""
    global on
    on = True
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


def _is_user(filename):
    return not filename.startswith(("/lib/", "<")) and "/site-packages/" not in filename


def where():
    """The innermost user line of the running call as a number from 1, 0 where there is none; doubled, plus 1 in optimizers."""
    frame = sys._getframe(1)
    in_optimizer = 0
    while frame is not None:
        code = frame.f_code
        filename = code.co_filename
        if _is_user(filename):
            key = (id(code), frame.f_lasti)
            known = _source_ids.get(key)
            if known is None:
                _sources.append((code, frame.f_lasti))
                known = _source_ids[key] = len(_sources)
            return 2 * known + in_optimizer
        if "/torch/optim/" in filename:
            in_optimizer = 1
        frame = frame.f_back
    return in_optimizer


def sources():
    """Places by number: [file, line, end line, column, end column], columns in UTF-8 bytes; -1 where unknown."""
    out = []
    for code, instruction in _sources:
        positions = list(code.co_positions())
        line, end_line, column, end_column = positions[instruction >> 1] if instruction >> 1 < len(positions) else (None,) * 4
        out.append([code.co_filename, line or code.co_firstlineno, end_line or -1, -1 if column is None else column,
                    -1 if end_column is None else end_column, code.co_name])
    return json.dumps(out)


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
    return json.dumps(out)


def named_tensors():
    """Parameters and buffers of the modules that were called: [handle, name, is it a parameter]."""
    out = []
    seen = set()
    for module in _modules:
        for is_parameter, named in ((True, module.named_parameters()), (False, module.named_buffers())):
            for name, t in named:
                if t.h not in seen:
                    seen.add(t.h)
                    out.append([t.h, name, is_parameter])
    return json.dumps(out)


def _definition(cls):
    code = getattr(getattr(cls, "forward", None), "__code__", None)
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None) or (code.co_filename if code else "")
    if not file or not _is_user(file):
        return "", -1
    line = getattr(cls, "__firstlineno__", None)
    return file, line if line is not None else code.co_firstlineno if code else -1
