"""Standing in front of torch's own functions for a while: autocast, tracing and __torch_function__ need to see every call.

Nothing is paid while nobody asks: a function is intercepted by giving it another code object, so that every name under which it
is known (and every module that imported it) sees the same, and gets its own code back afterwards. Refuses builtins and classes.
"""

import types


# What stands in runs with the globals of the function that it replaces: its constants are exchanged for what they name.


def _stand_in(*args, **kwargs):
    arrive = "ARRIVE"
    return arrive("NUMBER", args, kwargs)


def _stand_in_for_classes(*args, **kwargs):
    all_plain = "ALL PLAIN"
    kind = "TYPE"
    call = "ORIGINAL"
    if all_plain(map(kind, args)) and (not kwargs or all_plain(map(kind, kwargs.values()))):
        return call(*args, **kwargs)
    are_lists_plain = "LISTS PLAIN"
    if are_lists_plain(args) and are_lists_plain(kwargs.values()):
        return call(*args, **kwargs)
    call = "ARRIVE"
    return call("NUMBER", args, kwargs)


# Set by torch.overrides, whose handler asks the classes of arguments: says whether all of these types never answer.
_asks_classes = None
_all_plain = None


def ask_classes_by(handler, all_plain):
    """Calls whose arguments are all of plain types pass `handler` by: most calls are such, and it takes longer than they do."""
    global _asks_classes, _all_plain
    _asks_classes, _all_plain = handler, all_plain


def _are_lists_plain(values):
    """Are these of plain types, or lists and tuples of such?"""
    for value in values:
        kind = type(value)
        if not _all_plain(map(type, value) if kind is tuple or kind is list else (kind,)):
            return False
    return True


class _Entry:
    """A function of ours under interception: itself under a second object, and who stands in front, newest last."""

    __slots__ = ("function", "code", "original", "handlers")

    def __init__(self, function):
        self.function = function
        self.code = function.__code__
        self.handlers = []
        original = types.FunctionType(
            self.code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        original.__kwdefaults__ = function.__kwdefaults__
        original.__dict__.update(function.__dict__)
        self.original = original


_entries = []
_numbers = {}


def _entry_of(function):
    number = _numbers.get(id(function))
    if number is None:
        number = _numbers[id(function)] = len(_entries)
        _entries.append(_Entry(function))
    return number, _entries[number]


def can_intercept(function):
    return isinstance(function, types.FunctionType)


def push(function, handler):
    """From now on calls of `function` become handler(function, call, args, kwargs); `call` leads on to what stood there before."""
    global _n_busy
    number, entry = _entry_of(function)
    entry.handlers.append(handler)
    _n_busy += handler is not _asks_classes
    _place(number, entry)


def pop(function):
    """Undo the newest push."""
    global _n_busy
    number, entry = _entry_of(function)
    _n_busy -= entry.handlers.pop() is not _asks_classes
    _place(number, entry)


# How many handlers stand somewhere that see calls on plain tensors, too.
_n_busy = 0


def is_busy():
    """Would some call on plain tensors be intercepted?"""
    return _n_busy > 0


def _place(number, entry):
    """Give the function the code that its handlers ask for."""
    if not entry.handlers:
        entry.function.__code__ = entry.code
        return
    only_classes = entry.handlers == [_asks_classes]
    template = (_stand_in_for_classes if only_classes else _stand_in).__code__
    named = {
        "ARRIVE": _arrive, "NUMBER": number, "ALL PLAIN": _all_plain, "LISTS PLAIN": _are_lists_plain, "TYPE": type,
        "ORIGINAL": entry.original,
    }
    constants = tuple([named.get(value, value) for value in template.co_consts])
    entry.function.__code__ = template.replace(
        co_consts=constants, co_name=entry.code.co_name, co_freevars=entry.code.co_freevars
    )


def original(function):
    """The function without anybody in front of it."""
    number = _numbers.get(id(function))
    return function if number is None else _entries[number].original


def _arrive(number, args, kwargs):
    entry = _entries[number]
    return _pass(entry, len(entry.handlers) - 1, args, kwargs)


def _pass(entry, level, args, kwargs):
    if level < 0:
        return entry.original(*args, **kwargs)

    def call(*args, **kwargs):
        return _pass(entry, level - 1, args, kwargs)

    return entry.handlers[level](entry.function, call, args, kwargs)


_public = None


def public_functions():
    """torch's functions that users call on tensors, and the methods and operators of Tensor, each once."""
    global _public
    if _public is None:
        import torch

        found = {}
        owners = [torch.nn.functional, torch.special, torch.linalg, torch.fft, torch.nn.init, torch, torch.Tensor]
        for owner in owners:
            for name, value in list(vars(owner).items()):
                is_operator = owner is torch.Tensor and name.startswith("__") and name not in _NOT_OPERATORS
                if not isinstance(value, types.FunctionType) or _is_machinery(value.__module__):
                    continue
                if not name.startswith("_") or is_operator:
                    if owner is not torch or name not in _NOT_ON_TENSORS:
                        found.setdefault(id(value), value)
        _public = list(found.values())
    return _public


def _is_machinery(module):
    return module in _MACHINERY or (module or "").startswith("torch._quantized")


# What intercepts cannot be intercepted; and what quantized tensors are made of asks no class, least of all theirs.
_MACHINERY = frozenset(("torch.overrides", "torch._intercept", "torch.amp.autocast_mode"))
_NOT_OPERATORS = frozenset(
    "__new__ __init__ __del__ __getattr__ __dir__ __hash__ __repr__ __format__ __reduce_ex__ __init_subclass__ __setstate__".split()
)
_NOT_ON_TENSORS = frozenset(
    """
    is_tensor is_storage typename compile get_num_threads set_num_threads manual_seed seed initial_seed get_rng_state set_rng_state
    fork_rng set_default_dtype get_default_dtype set_default_device get_default_device set_printoptions is_grad_enabled
    use_deterministic_algorithms broadcast_shapes can_cast promote_types load save set_default_tensor_type
    """.split()
)
