"""Which modules user code calls, with what, and where each was constructed. Takes the place of Module.__call__ while a
target runs, and of Module.__init__ while it is built; both are put back at the end."""

import sys

import torch

from layerwise.analysis.recorder import describe

try:
    import _core
except ImportError:
    _core = None

_Module = torch.nn.Module
_original_init = _Module.__init__
_original_call = _Module.__call__
_getframe = sys._getframe
_MOST_TENSORS = 16
_MOST_DEPTH = 4


class Call:
    """The calls of modules that one expression makes: first pass in full, the others counted."""

    __slots__ = ("code", "instruction", "module", "inputs", "outputs", "passes", "scope")

    def __init__(self, code, instruction, module, scope):
        self.code = code
        self.instruction = instruction
        self.module = module
        self.scope = scope
        self.inputs = []
        self.outputs = []
        self.passes = 1


class Construction:
    """Watches modules being constructed: `places` maps a module's id to (code, instruction) in user code."""

    def __init__(self, codes):
        self.codes = codes
        self.places = {}
        # Ids stay theirs as long as somebody holds the modules.
        self.held = []

    def __enter__(self):
        codes, places, held = self.codes, self.places, self.held

        def watched_init(module, *positional, **words):
            _original_init(module, *positional, **words)
            frame = _getframe(1)
            # Through the __init__ of its own class and of those above, to whoever asked for the instance.
            while frame is not None and frame.f_code.co_name == "__init__" and _first(frame) is module:
                frame = frame.f_back
            while frame is not None and frame.f_code not in codes:
                frame = frame.f_back
            if frame is not None:
                places[id(module)] = (frame.f_code, frame.f_lasti)
                held.append(module)

        _Module.__init__ = watched_init
        return self

    def __exit__(self, *_):
        _Module.__init__ = _original_init


def _first(frame):
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


class CallWatch:
    """Watches calls of modules that user code makes; `parents` gives the scope around each scope."""

    def __init__(self, codes, recorder):
        self.codes = codes
        self.recorder = recorder
        self.calls = {}
        self.parents = []
        self.stack = []

    def __enter__(self):
        codes, recorder, calls, parents, stack = self.codes, self.recorder, self.calls, self.parents, self.stack
        enter, leave = _core.scope_enter, _core.scope_exit

        def watched_call(module, *positional, **words):
            frame = _getframe(1)
            code = frame.f_code
            if code not in codes:
                return _original_call(module, *positional, **words)
            scope = len(parents)
            parents.append(stack[-1] if stack else -1)
            key = (code, frame.f_lasti)
            call = calls.get(key)
            is_first = call is None
            if is_first:
                call = calls[key] = Call(code, frame.f_lasti, module, scope)
                collect(positional, call.inputs)
                collect(words, call.inputs)
            else:
                call.passes += 1
            stack.append(scope)
            enter(scope)
            try:
                result = _original_call(module, *positional, **words)
            finally:
                leave()
                stack.pop()
            if is_first:
                collect(result, call.outputs)
            recorder.latest = (result, module)
            return result

        _Module.__call__ = watched_call
        return self

    def __exit__(self, *_):
        _Module.__call__ = _original_call


def collect(value, found, depth=0):
    """Descriptions of the tensors in a value, in order."""
    if isinstance(value, torch.Tensor):
        if len(found) < _MOST_TENSORS:
            found.append(describe(value))
    elif depth < _MOST_DEPTH:
        if isinstance(value, dict):
            for item in value.values():
                collect(item, found, depth + 1)
        elif isinstance(value, (tuple, list)):
            for item in value[:_MOST_TENSORS]:
                collect(item, found, depth + 1)


def tensors_of(value, found, depth=0):
    """The tensors in a result, also those in the fields of objects."""
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif depth < _MOST_DEPTH + 2:
        if isinstance(value, dict):
            for item in value.values():
                tensors_of(item, found, depth + 1)
        elif isinstance(value, (tuple, list)):
            for item in value:
                tensors_of(item, found, depth + 1)
        elif hasattr(value, "__dataclass_fields__"):
            for field in value.__dataclass_fields__:
                tensors_of(getattr(value, field, None), found, depth + 1)
    return found


def parameters_of(module):
    count = size = 0
    for parameter in module.parameters():
        n = parameter.numel()
        count += n
        size += n * parameter.element_size()
    return count, size
