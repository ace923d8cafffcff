"""Shapes per source line of the user's files while they run, for the command line: the same watcher as the analysis of
the language server, over every user file that is imported."""

import importlib._bootstrap_external as _external

from layerwise import failures, runner
from layerwise.analysis import files
from layerwise.analysis.recorder import Recorder, watch

_original = _external.SourceLoader.source_to_code
# Which file a statement stands in.
_files = {}


def listen():
    """From now on all user code that is compiled is watched. Ends with the life of the interpreter."""
    watch.start()
    runner.on_compiled = _watch
    _external.SourceLoader.source_to_code = _compiled


def recorder():
    """A context; afterwards `hints_of` tells what it saw."""
    return Recorder()


def hints_of(found):
    """Protocol ShapeHints, in the order of evaluation."""
    return [_plain(hint) for hint in found.hints]


def _compiled(loader, data, path, *rest, **words):
    code = _original(loader, data, path, *rest, **words)
    if failures.is_user_file(path):
        _watch(code, path)
    return code


def _watch(code, path):
    statements = files.read(path).statements
    _files.update(dict.fromkeys(statements.values(), path))
    watch.add(code, statements)


def _plain(hint):
    shape, dtype, device = hint.last
    statement = hint.statement
    found = {
        "source": {"file": _files[statement], "line": statement.line, "endLine": statement.end_line},
        "name": hint.name,
        "shape": list(shape),
        "dtype": dtype,
        "device": device,
        "passes": hint.passes,
    }
    if hint.first[0] != shape:
        found["first"] = list(hint.first[0])
    return found
