"""Shapes per source line while user code runs: what each line assigned, and what each function returned.

Watches lines of the user's files only, so library code runs at full speed; keeps shapes, never tensors.
"""
import ast
import sys

import torch

from layerwise import failures

_TOOL = 4
_MOST_HINTS = 5000


class Recorder:
    """Use as a context; afterwards `hints` holds protocol ShapeHints in the order of evaluation."""

    def __init__(self, files):
        # Absolute names of the files whose lines are wanted.
        self.files = frozenset(files)
        self.found = {}
        self.names = {}
        self.sources = {}
        self.last = {}
        self.uses_monitoring = hasattr(sys, "monitoring")

    def __enter__(self):
        if self.uses_monitoring:
            monitoring = sys.monitoring
            events = monitoring.events
            monitoring.use_tool_id(_TOOL, "layerwise shapes")
            monitoring.register_callback(_TOOL, events.LINE, self._on_line)
            monitoring.register_callback(_TOOL, events.PY_RETURN, self._on_return)
            monitoring.register_callback(_TOOL, events.PY_UNWIND, self._on_unwind)
            monitoring.set_events(_TOOL, events.LINE | events.PY_RETURN | events.PY_UNWIND)
            monitoring.restart_events()
        else:
            self.before = sys.gettrace()
            sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        if self.uses_monitoring:
            monitoring = sys.monitoring
            monitoring.set_events(_TOOL, 0)
            for event in (monitoring.events.LINE, monitoring.events.PY_RETURN, monitoring.events.PY_UNWIND):
                monitoring.register_callback(_TOOL, event, None)
            monitoring.free_tool_id(_TOOL)
        else:
            sys.settrace(self.before)
        self.last.clear()

    @property
    def hints(self):
        return list(self.found.values())

    # Python 3.12 and later: local events of the interpreter, switched off for everybody else's code.

    def _on_line(self, code, line):
        if code.co_filename not in self.files:
            return sys.monitoring.DISABLE
        self._step(sys._getframe(1), line)

    def _on_return(self, code, _offset, value):
        if code.co_filename not in self.files:
            return sys.monitoring.DISABLE
        self._leave(sys._getframe(1), value)

    def _on_unwind(self, code, _offset, _error):
        # Unwinding cannot be switched off per function.
        if code.co_filename in self.files:
            self._leave(sys._getframe(1), None)

    # Older Pythons.

    def _trace(self, frame, event, value):
        if frame.f_code.co_filename not in self.files:
            return None
        if event == "line":
            self._step(frame, frame.f_lineno)
        elif event == "return":
            self._leave(frame, value)
        return self._trace

    def _step(self, frame, line):
        key = id(frame)
        before = self.last.get(key)
        if before is not None:
            self._assigned(frame, before)
        self.last[key] = line

    def _leave(self, frame, value):
        line = self.last.pop(id(frame), None)
        if line is None:
            return
        self._assigned(frame, line)
        statement = self._statement(frame.f_code.co_filename, line)
        if statement is not None and statement.is_return:
            self._keep(frame.f_code.co_filename, statement, "return", value)

    def _assigned(self, frame, line):
        statement = self._statement(frame.f_code.co_filename, line)
        if statement is None or not statement.targets:
            return
        found = frame.f_locals
        for name, attribute in statement.targets:
            value = found.get(name)
            if attribute is not None and value is not None:
                # An attribute may be a property with side effects: only what stands in the instance is read.
                value = getattr(value, "__dict__", {}).get(attribute)
            self._keep(frame.f_code.co_filename, statement, name if attribute is None else f"{name}.{attribute}", value)

    def _keep(self, file, statement, name, value):
        if isinstance(value, torch.Tensor):
            self._add(file, statement, name, value)
        elif isinstance(value, (tuple, list)) and len(value) <= 8:
            for index, item in enumerate(value):
                if isinstance(item, torch.Tensor):
                    self._add(file, statement, f"{name}[{index}]", item)
        elif isinstance(value, dict) and len(value) <= 16:
            for key, item in value.items():
                if isinstance(item, torch.Tensor):
                    self._add(file, statement, f"{name}[{key!r}]", item)

    def _add(self, file, statement, name, tensor):
        key = (file, statement.line, name)
        shape = list(tensor.shape)
        hint = self.found.get(key)
        if hint is None:
            if len(self.found) >= _MOST_HINTS:
                return
            self.found[key] = {
                "source": {"file": file, "line": statement.line, "endLine": statement.end_line},
                "name": name,
                "shape": shape,
                "dtype": str(tensor.dtype).removeprefix("torch."),
                "device": str(tensor.device),
                "passes": 1,
            }
            return
        hint["passes"] += 1
        if shape != hint["shape"] and "first" not in hint:
            hint["first"] = hint["shape"]
        hint["shape"] = shape
        hint["dtype"] = str(tensor.dtype).removeprefix("torch.")

    def _statement(self, file, line):
        lines = self.names.get(file)
        if lines is None:
            lines = self.names[file] = _statements(file)
        return lines.get(line)


class _Statement:
    __slots__ = ("line", "end_line", "targets", "is_return")

    def __init__(self, node, targets, is_return):
        self.line = node.lineno
        # The hint of a loop or `with` stands behind its head.
        body = getattr(node, "body", None)
        self.end_line = body[0].lineno - 1 if body and body[0].lineno > node.lineno else node.end_lineno
        self.targets = targets
        self.is_return = is_return


def _statements(file):
    """For every line of the file the innermost statement on it."""
    try:
        with open(file, "rb") as handle:
            tree = ast.parse(handle.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        if isinstance(node, ast.Assign):
            targets = [name for target in node.targets for name in _names(target)]
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For)):
            targets = _names(node.target)
        elif isinstance(node, ast.With):
            targets = [
                name for item in node.items if item.optional_vars is not None for name in _names(item.optional_vars)
            ]
        elif isinstance(node, ast.Return):
            targets = []
        else:
            continue
        statement = _Statement(node, targets, isinstance(node, ast.Return))
        last = node.lineno if getattr(node, "body", None) else node.end_lineno
        for line in range(node.lineno, last + 1):
            # ast.walk goes from the outside in: the innermost statement stays.
            found[line] = statement
    return found


def _names(target):
    if isinstance(target, ast.Name):
        return [(target.id, None)]
    if isinstance(target, ast.Starred):
        return _names(target.value)
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for item in target.elts for name in _names(item)]
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        return [(target.value.id, target.attr)]
    return []


def user_files(main_file):
    """The file itself, and the user's files that it has imported."""
    found = {main_file}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and failures.is_user_file(file):
            found.add(file)
    return found
