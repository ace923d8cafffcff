"""Watches user code while it runs: what each line assigned and returned, which modules it called, and for how long.

Only the code objects of the user's own files are watched, so library code runs at full speed. Keeps shapes, never
tensors, beyond the line at hand.
"""

import sys
import time
import types

import torch

_TOOL = 4
_MOST_HINTS = 5000
_MOST_ITEMS = 8
# Lines between two looks at the clock.
_LINES_PER_LOOK = 64

_monitoring = sys.monitoring
_events = _monitoring.events
# Loops within one line are seen by their jumps.
_CLOCK = _events.LINE | _events.JUMP
_getframe = sys._getframe
_clock = time.perf_counter


class OutOfTime(BaseException):
    """The budget is spent. No Exception, so that `except Exception` in user code lets it pass."""


class Hint:
    """The shapes of one name in one statement."""

    __slots__ = ("statement", "name", "node", "first", "last", "passes", "layer")

    def __init__(self, statement, name, node, described):
        self.statement = statement
        self.name = name
        self.node = node
        self.first = self.last = described
        self.passes = 1
        self.layer = None


class Watch:
    """The one watcher of this interpreter: code is registered once, what is wanted of it changes from run to run."""

    def __init__(self):
        self.tables = {}
        self.known = {}
        self.deadline = None
        self.left = _LINES_PER_LOOK
        self.is_on = False
        self.recorder = None
        self.last = {}

    def start(self):
        if self.is_on:
            return
        if _monitoring.get_tool(_TOOL) is not None:
            # A snapshot or another life may hold it.
            _monitoring.free_tool_id(_TOOL)
        _monitoring.use_tool_id(_TOOL, "layerwise")
        _monitoring.register_callback(_TOOL, _events.LINE, self._on_line)
        _monitoring.register_callback(_TOOL, _events.JUMP, self._on_jump)
        _monitoring.register_callback(_TOOL, _events.PY_START, self._on_start)
        _monitoring.register_callback(_TOOL, _events.PY_RETURN, self._on_return)
        self.is_on = True

    def stop(self):
        if not self.is_on:
            return
        _monitoring.free_tool_id(_TOOL)
        self.is_on = False
        self.known.clear()
        self.tables.clear()
        self.last.clear()

    def add(self, code, table):
        """Watch a code object and all inside of it; `table` gives its statements by line, None: only the clock."""
        # Code compiled anew is equal to what it was before, and yet another object.
        if id(code) in self.known:
            return
        self.known[id(code)] = code
        if table is None:
            _monitoring.set_local_events(_TOOL, code, _CLOCK)
        else:
            self.tables[id(code)] = table
            _monitoring.set_local_events(_TOOL, code, _CLOCK | _events.PY_START | _events.PY_RETURN)
        for constant in code.co_consts:
            if type(constant) is types.CodeType:
                # A lambda or a generator stands within a statement of somebody else.
                self.add(constant, None if constant.co_name.startswith("<") else table)

    def look_at_clock(self):
        self.left = _LINES_PER_LOOK
        if self.deadline is not None and _clock() > self.deadline:
            raise OutOfTime

    def _on_line(self, code, line):
        self.left -= 1
        if self.left < 0:
            self.look_at_clock()
        recorder = self.recorder
        if recorder is None:
            return
        table = self.tables.get(id(code))
        if table is None:
            return
        frame = _getframe(1)
        key = id(frame)
        before = self.last.get(key)
        statement = table.get(line)
        if statement is before:
            return
        # The head of a loop is seen once more when nothing is left to loop over.
        if before is not None and before.targets and (before.kind != "loop" or before.enters(line)):
            recorder.assigned(frame, before)
        self.last[key] = statement

    def _on_jump(self, code, _from, _to):
        self.left -= 1
        if self.left < 0:
            self.look_at_clock()

    def _on_start(self, code, _offset):
        # A frame may lie where one that ended by an exception lay.
        self.last.pop(id(_getframe(1)), None)

    def _on_return(self, code, _offset, value):
        recorder = self.recorder
        if recorder is None:
            return
        frame = _getframe(1)
        statement = self.last.pop(id(frame), None)
        if statement is None:
            return
        if statement.kind == "return":
            recorder.returned(statement, value)
        elif statement.targets and statement.kind != "loop":
            recorder.assigned(frame, statement)


watch = Watch()


class Recorder:
    """What one run showed."""

    def __init__(self):
        self.found = {}
        self.latest = None

    def __enter__(self):
        watch.last.clear()
        watch.recorder = self
        return self

    def __exit__(self, *_):
        watch.recorder = None
        watch.last.clear()
        self.latest = None

    @property
    def hints(self):
        return self.found.values()

    def assigned(self, frame, statement):
        names = frame.f_locals
        for name, attribute, node in statement.targets:
            value = names.get(name)
            if value is None:
                continue
            if attribute is not None:
                # An attribute may be a property with side effects: only what stands in the instance is read.
                value = _stored(value, attribute)
                name = f"{name}.{attribute}"
            self._keep(statement, name, node, value)
        self.latest = None

    def returned(self, statement, value):
        self._keep(statement, "return", None, value)
        self.latest = None

    def _keep(self, statement, name, node, value):
        if isinstance(value, torch.Tensor):
            self._add(statement, name, node, value)
        elif isinstance(value, (tuple, list)):
            fields = getattr(value, "_fields", None)
            for index, item in enumerate(value[:_MOST_ITEMS]):
                if isinstance(item, torch.Tensor):
                    self._add(statement, f"{name}.{fields[index]}" if fields else f"{name}[{index}]", node, item)
        elif isinstance(value, dict):
            for key in list(value)[:_MOST_ITEMS]:
                item = value[key]
                if isinstance(item, torch.Tensor):
                    self._add(statement, f"{name}[{key!r}]", node, item)

    def _add(self, statement, name, node, tensor):
        described = describe(tensor)
        key = (statement, name)
        hint = self.found.get(key)
        if hint is None:
            if len(self.found) >= _MOST_HINTS:
                return
            hint = self.found[key] = Hint(statement, name, node, described)
        else:
            hint.passes += 1
            hint.last = described
        latest = self.latest
        if latest is not None and latest[0] is tensor:
            hint.layer = latest[1]


def _stored(value, attribute):
    found = getattr(value, "__dict__", None)
    if type(found) is not dict:
        return None
    if attribute in found:
        return found[attribute]
    for part in ("_parameters", "_buffers"):
        inner = found.get(part)
        if type(inner) is dict and attribute in inner:
            return inner[attribute]
    return None


_dtypes = {}


def describe(tensor):
    """(shape, dtype, device) as plain data."""
    dtype = tensor.dtype
    text = _dtypes.get(dtype)
    if text is None:
        text = _dtypes[dtype] = str(dtype).removeprefix("torch.")
    return tuple(tensor.shape), text, str(tensor.device)
