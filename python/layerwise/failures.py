"""Exceptions as plain data, as every view shows them. Reads source lines; runs nothing of the user's but `str`."""

import gc
import linecache
import os
import traceback

_STANDARD_LIBRARY = "/lib/python3"
_OWN_PACKAGES = "/lib/layerwise/"
_MAX_FRAMES = 200
_MAX_TEXT = 200_000
# A traceback deeper than this is cut to its innermost part before anything looks at it.
_MAX_DEPTH = 2000
_OUTERMOST = 20


def describe(error):
    """A protocol Failure for an exception."""
    if isinstance(error, KeyboardInterrupt):
        kind = "cancelled"
    else:
        kind = "model"
    failure = {"kind": kind, "type": type(error).__name__, "message": message_of(error)}
    try:
        summary = _summarize(error, lookup_lines=False)
        frames = [_frame(entry) for entry in summary.stack if not _is_machinery(entry.filename)]
        failure["frames"] = frames[:_OUTERMOST] + frames[_OUTERMOST:][-_MAX_FRAMES:]
        at = _syntax_error_place(error) or _innermost_user(frames)
        if at:
            failure["at"] = at
        failure["traceback"] = text_of(error)
        hint = hint_for(error)
        if hint:
            failure["hint"] = hint
    except Exception as trouble:
        failure["traceback"] = f"{type(error).__name__}: {failure['message']} (no traceback: {trouble!r})"
    return failure


def message_of(error):
    """The first line of what `str` says, or all of it when it is short."""
    if isinstance(error, SyntaxError) and error.msg:
        return str(error.msg)
    try:
        text = str(error)
    except BaseException as trouble:
        return f"<{type(trouble).__name__} in __str__>"
    if isinstance(error, KeyError) and len(error.args) == 1:
        text = f"key {text} was not found"
    return text or type(error).__name__


def text_of(error):
    """What CPython would print, without the frames by which we called the user's code."""
    summary = _summarize(error)
    _drop_machinery(summary, set())
    text = "".join(summary.format())
    if len(text) > _MAX_TEXT:
        text = text[: _MAX_TEXT // 2] + "\n  [...]\n" + text[-_MAX_TEXT // 2 :]
    return text


def _summarize(error, lookup_lines=True):
    depth = 0
    entry = error.__traceback__
    while entry is not None and depth <= _MAX_DEPTH:
        depth += 1
        entry = entry.tb_next
    if depth <= _MAX_DEPTH:
        return traceback.TracebackException.from_exception(error, lookup_lines=lookup_lines, compact=True)
    summary = traceback.TracebackException.from_exception(
        error, limit=-_MAX_DEPTH // 2, lookup_lines=lookup_lines, compact=True
    )
    outermost = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), limit=_OUTERMOST, lookup_lines=lookup_lines
    )
    summary.stack[:0] = outermost
    return summary


def release(error, namespace=None):
    """Give back the memory that a failed run still holds, so that there is some left to tell about it."""
    if not isinstance(error, MemoryError):
        return
    traceback.clear_frames(error.__traceback__)
    if namespace is not None:
        for name in [name for name in namespace if not name.startswith("__")]:
            del namespace[name]
    gc.collect()


def hint_for(error):
    if isinstance(error, OSError) and error.filename and _is_host_path(str(error.filename)):
        if isinstance(error, PermissionError) or "Read-only" in str(error):
            return "Scripts may write only in trusted folders, and where the command allows it; /tmp is always writable"
    if isinstance(error, ModuleNotFoundError) and "compiled" not in str(error):
        return "Packages come from a virtual environment: pass it with --env, or install the package into .venv"
    return None


def is_user_file(file):
    """Neither ours, nor Python's, nor somebody's installed package."""
    if not file or file.startswith("<frozen"):
        return False
    if file.startswith((_OWN_PACKAGES, _STANDARD_LIBRARY)):
        return False
    return "/site-packages/" not in file


def _is_host_path(file):
    return os.path.isabs(file) and not file.startswith(("/lib/", "/tmp/", "/dev/"))


# Frames between the user's code and ours: how we call it, how it is imported, how Python calls the core.
_MACHINERY = (_OWN_PACKAGES + "layerwise/", "<frozen importlib", "<frozen runpy", "file://", "???")


def _is_machinery(file):
    return file.startswith(_MACHINERY)


def _drop_machinery(summary, seen):
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    kept = [entry for entry in summary.stack if not _is_machinery(entry.filename)]
    summary.stack[:] = kept
    _drop_machinery(summary.__cause__, seen)
    _drop_machinery(summary.__context__, seen)
    for part in summary.exceptions or ():
        _drop_machinery(part, seen)


def _frame(entry):
    frame = {"file": entry.filename, "line": entry.lineno or 0, "function": entry.name}
    frame["isUser"] = is_user_file(entry.filename)
    if entry.end_lineno:
        frame["endLine"] = entry.end_lineno
    if entry.colno is not None:
        frame["col"] = _editor_column(entry.filename, entry.lineno, entry.colno)
    if entry.end_colno is not None:
        frame["endCol"] = _editor_column(entry.filename, entry.end_lineno or entry.lineno, entry.end_colno)
    return frame


def _innermost_user(frames):
    for frame in reversed(frames):
        if frame["isUser"]:
            return {name: frame[name] for name in ("file", "line", "endLine", "col", "endCol") if name in frame}
    return None


def _syntax_error_place(error):
    if not isinstance(error, SyntaxError) or not error.filename:
        return None
    line = error.lineno or 1
    text = error.text or linecache.getline(error.filename, line)
    col = _utf16_length(text[: max((error.offset or 1) - 1, 0)])
    place = {"file": error.filename, "line": line, "col": col}
    end_line = error.end_lineno or line
    place["endLine"] = end_line
    if error.end_offset and error.end_offset > 0 and end_line == line:
        place["endCol"] = max(_utf16_length(text[: error.end_offset - 1]), col + 1)
    else:
        place["endCol"] = col + 1
        place["endLine"] = line
    return place


def _editor_column(file, line, byte_column):
    """CPython counts bytes of UTF-8, editors count UTF-16 units."""
    text = linecache.getline(file, line or 0)
    if not text or text.isascii():
        return byte_column
    return _utf16_length(text.encode("utf-8")[:byte_column].decode("utf-8", "ignore"))


def _utf16_length(text):
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)
