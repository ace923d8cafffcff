"""The table of operators: which function does what an operator of ONNX says. Holds names only; the functions are in ops/."""

from layerwise.onnx.file import Texts
from layerwise.onnx.values import Known, as_tensor


class Entry:
    __slots__ = ("function", "raw", "until")

    def __init__(self, function, raw, until):
        self.function = function
        # Positions of inputs that may stay Known numbers; True: all of them.
        self.raw = raw
        # Last version of the operator set that the function speaks; None: all.
        self.until = until


_entries = {}
# Operators on Known numbers alone: they answer None where a tensor is needed after all.
_on_known = {}
# Ones that get the whole run: subgraphs are theirs.
_with_run = {}


def operator(*names, raw=(), until=None, domain=""):
    """A function of (node, *inputs): inputs that are left out are None. A tuple stands for several outputs."""

    def add(function):
        for name in names:
            versions = _entries.setdefault((domain, name), [])
            versions.append(Entry(function, raw, until))
            versions.sort(key=lambda entry: (entry.until is None, entry.until))
        return function

    return add


def on_known(*names):
    def add(function):
        for name in names:
            _on_known[name] = function
        return function

    return add


def control(*names):
    """A function of (node, run, *inputs)."""

    def add(function):
        for name in names:
            _with_run[name] = function
        return function

    return add


def is_known(operator):
    key = (operator.domain, operator.op)
    return key in _entries or (operator.domain == "" and operator.op in _with_run)


def least_inputs(found):
    """How many inputs an operator has at least."""
    entry = _entry(found)
    function = _with_run.get(found.op) if found.domain == "" and found.op in _with_run else entry and entry.function
    if function is None:
        return 0
    code = function.__code__
    # The node comes first, and for some the run.
    return code.co_argcount - len(function.__defaults__ or ()) - (2 if function in _with_run.values() else 1)


def names():
    """Every operator that is done, as "Add" or "com.microsoft.Gelu"."""
    found = {f"{domain}.{name}" if domain else name for domain, name in _entries}
    return sorted(found | set(_with_run))


def call(node, run, inputs):
    """The outputs of one node, as a list."""
    found = node.operator
    if any(isinstance(item, Texts) for item in inputs):
        node.refuse("strings are not computed with here")
    if found.domain == "":
        if found.op in _with_run:
            return _listed(_with_run[found.op](node, run, *inputs))
        if found.op in _on_known and all(item is None or isinstance(item, Known) for item in inputs):
            answer = _on_known[found.op](node, *inputs)
            if answer is not None:
                return _listed(answer)
    entry = _entry(found)
    if entry is None:
        where = f" (node '{node.name}')" if node.name else ""
        raise NotImplementedError(f"the ONNX operator {found} is not done here{where}")
    if entry.raw is not True:
        inputs = [
            item if position in entry.raw else as_tensor(item, run.device) for position, item in enumerate(inputs)
        ]
    return _listed(entry.function(node, *inputs))


def _entry(found):
    for entry in _entries.get((found.domain, found.op), ()):
        if entry.until is None or found.version <= entry.until:
            return entry
    return None


def _listed(answer):
    return list(answer) if isinstance(answer, tuple) else [answer]
