"""The crossing to the runtime: handles, wire formats and errors. Everything else in torch stands on these few functions."""

import array
import builtins
import collections
import json
import types
import warnings
import weakref

import _core
import _direct
from layerwise import lifecycle

_SCRATCH_WORDS = 8192
# Dropped handles are returned through the scratch block from this word on.
_DROP_AT = 64
_MOST_DEAD = 64

_buffer = array.array("d", bytes(8 * _SCRATCH_WORDS))


def _scratch_address():
    return _buffer.buffer_info()[0]


@lifecycle.on_start
def _begin():
    _core.set_scratch(_scratch_address())
    _ids.clear()
    _dead.clear()
    _hooks.clear()
    _function_contexts.clear()


_core.set_scratch(_scratch_address())

# Handles that Python was given beside a tensor that it has already; returned in batches.
_dead = []
_core_free = _core.free


def _return_dead():
    while True:
        batch = _dead[: _SCRATCH_WORDS - _DROP_AT]
        del _dead[: len(batch)]
        for i, handle in enumerate(batch):
            _buffer[_DROP_AT + i] = handle
        if _core_free(len(batch)):
            n = _core.take_dead_hooks()
            for hook_id in _buffer[_DROP_AT : _DROP_AT + n]:
                _hooks.pop(int(hook_id), None)
        if not _dead:
            return


class TensorBase:
    """What a tensor is made of: a handle of the runtime, and what was learned about it. `torch.Tensor` adds the rest."""

    __slots__ = ("h", "_shape", "_dtype", "_grad", "__weakref__", "__dict__")


# The runtime reads and writes the handle where it lies, and is told when its tensor goes: src/runtime/direct.ts.
_direct.make_plain_int(TensorBase.__dict__["h"])
TensorBase.__del__ = _direct.end_of(TensorBase, types.GeneratorType.__del__)


# Set by torch._tensor, which needs this module first.
_tensor_class = TensorBase
_new = object.__new__


def _set_tensor_class(cls):
    global _tensor_class
    _tensor_class = cls


def _wrap(h):
    """A tensor for a handle that Python now owns. 0 is an error."""
    if h == 0:
        _raise()
    t = _new(_tensor_class)
    t.h = h
    t._shape = None
    t._dtype = None
    return t


def _wrap_as(cls, h):
    if h == 0:
        _raise()
    t = _new(cls)
    t.h = h
    t._shape = None
    t._dtype = None
    return t


def _wrap_many(n):
    if n < 0:
        _raise()
    return tuple([_wrap(int(h)) for h in _buffer[:n]])


# Makes a named result of a tuple without a frame of its own.
_new_tuple = tuple.__new__


def _named_result(name, fields):
    cls = type(name, (collections.namedtuple(name, fields),), {"__slots__": (), "__repr__": _repr_of_results})
    cls.__module__ = "torch.return_types"
    return cls


def _repr_of_results(self):
    parts = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self))
    return f"torch.return_types.{type(self).__name__}(\n{parts})"


def _wrap_named(cls, n):
    return cls(*_wrap_many(n))


def _write_out(out, result):
    """What out= asks for: the result in a tensor that is there already."""
    if _kind_rank(result.dtype) > _kind_rank(out.dtype):
        names = [type_name(t)[6:-6] for t in (result, out)]
        raise RuntimeError(f"result type {names[0]} can't be cast to the desired output type {names[1]}")
    if out.shape != result.shape:
        if out.numel():
            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does not match "
                f"the required output shape {list(result.shape)}.",
                stacklevel=3,
            )
        out.resize_(result.shape)
    return out.copy_(result)


def type_name(tensor):
    """PyTorch's old name of a dtype, with which its errors speak: torch.FloatTensor."""
    return tensor.type()


def _kind_rank(dtype):
    return 3 if dtype.is_complex else 2 if dtype.is_floating_point else 1 if dtype.name != "bool" else 0


def _core_drop(h):
    _dead.append(h)
    if len(_dead) >= _MOST_DEAD:
        _return_dead()


def _addresses():
    """Where the objects lie that the runtime makes and recognises; null until all of them exist."""
    from torch import _dtype, _size, nn

    if _tensor_class is TensorBase or not hasattr(nn, "Parameter"):
        return "null"
    objects = [_tensor_class, nn.Parameter, TensorBase, _size.Size, _raise]
    slots = [TensorBase.__dict__[name] for name in ("h", "_shape", "_dtype", "_grad")]
    dtypes = [(id(dtype), number) for number, dtype in _dtype.by_id.items()]
    return json.dumps({"objects": [id(o) for o in objects], "slots": [id(s) for s in slots], "dtypes": dtypes})


# Errors


class LayerwiseBug(RuntimeError):
    """A mistake of the runtime, not of the model."""


_error_types = {
    name: getattr(builtins, name)
    for name in (
        "RuntimeError", "ValueError", "TypeError", "IndexError", "NotImplementedError", "KeyError", "KeyboardInterrupt",
        "AttributeError", "MemoryError",
    )
}
_error_types["layerwise.Bug"] = LayerwiseBug


class OutOfMemoryError(RuntimeError):
    """Device memory ran out."""


OutOfMemoryError.__module__ = "torch"


class _LinAlgError(RuntimeError):
    """A matrix has no inverse, no factorization, or an iteration did not converge."""


_LinAlgError.__module__ = "torch._C"
_error_types["torch.linalg.LinAlgError"] = _LinAlgError
_error_types["torch.OutOfMemoryError"] = OutOfMemoryError


def _raise():
    raise _error_types.get(_core.error_type(), RuntimeError)(_core.error_message())


def _check(result):
    """For calls that return a truthy value unless they failed."""
    if not result:
        _raise()
    return result


def _checked_item(tensor):
    """`tensor.item()` for a check that can only raise: what an exporter writes down does not depend on it."""
    value = _core.checked_item(tensor.h)
    if value == "":
        _raise()
    return value


def _check_tensors(name, arguments):
    """Called when an argument had no handle: name the one that is not a tensor."""
    for argument, position, value in arguments:
        if not isinstance(value, TensorBase):
            kind = type(value).__name__
            raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {kind}") from None


# Wire formats

_kind_of = {bool: 0, int: 1, float: 2}.get
_TENSOR_KIND = 3


def _number(value):
    """A Python number with its kind, from anything that stands for one."""
    if isinstance(value, TensorBase):
        value = value.item()
    elif hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return value, 0
    if isinstance(value, int):
        return int(value), 1
    if isinstance(value, float):
        return float(value), 2
    if isinstance(value, complex):
        # Complex numbers cross as text; see binding.ts.
        return f"{value.real!r} {value.imag!r}", 4
    if hasattr(value, "__index__"):
        return value.__index__(), 1
    if hasattr(value, "__float__"):
        return value.__float__(), 2
    raise TypeError(f"expected a number, got {type(value).__name__}")


def _operand(value):
    """A tensor's handle, or a number with its kind."""
    if isinstance(value, TensorBase):
        return value.h, _TENSOR_KIND
    return _number(value)


_ids = {}
_MOST_IDS = 60000


def _ints(values):
    """The id of a list of integers (or of one): interned, because shapes repeat."""
    try:
        return _ids[values]
    except (KeyError, TypeError):
        pass
    if isinstance(values, (int, float)) or hasattr(values, "__index__"):
        items = (values,)
    else:
        items = tuple(values)
    if len(items) == 1 and isinstance(items[0], (list, tuple)):
        items = tuple(items[0])
    key = tuple([v if type(v) is int or type(v) is float else _index(v) for v in items])
    found = _ids.get(key)
    if found is None:
        if len(_ids) >= _MOST_IDS:
            _ids.clear()
            _core.clear_interned()
        for i, v in enumerate(key):
            _buffer[i] = v
        found = _ids[key] = _core.intern(len(key))
    return found


def _index(value):
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError(f"expected an integer, got {type(value).__name__}") from None


# What a generator has made, while its handles are in the scratch block: nobody else may hold it.
_made = None


def _handles(tensors):
    """Write a list of tensors (or None) to the scratch block; their number."""
    global _made
    if type(tensors) is not list and type(tensors) is not tuple:
        tensors = _made = list(tensors)
    n = 0
    for t in tensors:
        if n >= _SCRATCH_WORDS:
            raise RuntimeError(f"a list of more than {_SCRATCH_WORDS} tensors")
        if t is None:
            _buffer[n] = 0
        else:
            try:
                _buffer[n] = t.h
            except AttributeError:
                raise TypeError(f"expected Tensor as element {n} in argument 0, but got {type(t).__name__}") from None
        n += 1
    return n


def _device_id(value):
    from torch._device import device

    return value.id if isinstance(value, device) else device(value).id


# Subclasses that share memory


def _make_subclass(cls, data, require_grad=False):
    """Another tensor of class `cls` over the memory of `data`: a leaf of its own."""
    return _wrap_as(cls, _core.make_leaf(data.h, bool(require_grad)))


# Hooks and Python functions on the tape

_hooks = {}
_next_id = 0
_function_contexts = {}


def _new_id():
    global _next_id
    _next_id += 1
    return _next_id


def _run_hook(hook_id, h):
    grad = _wrap(h)
    hook = _hooks.get(hook_id)
    result = hook(grad) if hook is not None else None
    return 0 if result is None else _core.share(result.h)


def _run_function(context_id, n, grad_enabled):
    grads = [None if h == 0 else _wrap(int(h)) for h in _buffer[:n]]
    results = _function_contexts[context_id](grads)
    n = _handles(results)
    # Nobody else may hold them once this function is left.
    _core.share_written(n)
    return n


def _release_function(context_id):
    _function_contexts.pop(context_id, None)


# Saved tensors that hooks keep, and what anomaly mode remembers. Their numbers come from the same counter as hooks', and they
# are forgotten the same way.


def _pack_saved(pack_id, unpack_id, h):
    kept = _new_id()
    _hooks[kept] = (unpack_id, _hooks[pack_id](_wrap(h)))
    return kept


def _unpack_saved(kept):
    unpack_id, value = _hooks[kept]
    t = _hooks[unpack_id](value)
    if not isinstance(t, TensorBase):
        raise TypeError(f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(t).__name__}")
    return _core.share(t.h)


def _forward_traceback():
    import sys
    import traceback

    frame = sys._getframe(1)
    kept = _new_id()
    _hooks[kept] = "".join(traceback.format_stack(frame))
    return kept


def _report_anomaly(name, kept):
    text = _hooks.get(kept)
    if text is None:
        message = (
            f"Error detected in {name}. No forward pass information available. Enable detect anomaly during forward pass for more "
            "information."
        )
    else:
        message = f"Error detected in {name}. Traceback of forward call that caused the error:\n{text}"
    warnings.warn(message, stacklevel=3)


# Optimizer steps


def _adam_(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay, decoupled,
           amsgrad, maximize):
    if params[0].is_cuda:
        _adam_on_gpu(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay,
                     decoupled, maximize)
        return
    lists = (params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs) if amsgrad else (params, grads, exp_avgs, exp_avg_sqs)
    options = (float(lr), float(beta1), float(beta2), float(eps), float(weight_decay), bool(decoupled), bool(maximize))
    for step, chosen in _by_step(steps, lists):
        _in_one_call("_adam_steps_", [t for one in zip(*chosen) for t in one], len(lists), None, None, float(step), *options)


def _by_step(steps, lists):
    """The lists apart for each count of steps that occurs: nearly always one."""
    if steps.count(steps[0]) == len(steps):
        return [(steps[0], lists)]
    return [
        (step, [[t for t, s in zip(items, steps) if s == step] for items in lists]) for step in dict.fromkeys(steps)
    ]


def _in_one_call(name, tensors, each, *options):
    """Some thousand tensors at once: what a list of them may hold is limited."""
    from torch._gen import functions

    most = 4096 // each * each
    for begin in range(0, len(tensors), most):
        getattr(functions, name)(tensors[begin : begin + most], each, *options)


def _adam_on_gpu(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay,
                 decoupled, maximize):
    """One launch for all parameters of a device, dtype and step. A step or a rate that is a tensor stays on the GPU."""
    from torch._gen.functions import _adam_steps_

    together = {}
    for i, p in enumerate(params):
        step = steps[i]
        key = (p.device, p.dtype, id(step) if isinstance(step, TensorBase) else step)
        mine = together.setdefault(key, (step, []))[1]
        mine += (p, grads[i], exp_avgs[i], exp_avg_sqs[i])
        if max_exp_avg_sqs:
            mine.append(max_exp_avg_sqs[i])
    each = 5 if max_exp_avg_sqs else 4
    rate = lr if isinstance(lr, TensorBase) else None
    for step, tensors in together.values():
        on_gpu = isinstance(step, TensorBase)
        _adam_steps_(
            tensors, each, step if on_gpu else None, rate, 0.0 if on_gpu else float(step), 0.0 if rate is not None else float(lr),
            float(beta1), float(beta2), float(eps), float(weight_decay), bool(decoupled), bool(maximize),
        )


def _sgd_(params, grads, momentum_buffers, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """Momentum buffers that are None are made here; the list is updated."""
    options = (float(lr), float(momentum), float(dampening), float(weight_decay), bool(nesterov), bool(maximize))
    if not momentum:
        _in_one_call("_sgd_steps_", [t for one in zip(params, grads) for t in one], 2, False, *options)
        return
    first, later = [], []
    for i, buffer in enumerate(momentum_buffers):
        if buffer is None:
            buffer = momentum_buffers[i] = grads[i].detach().clone()
            first += (params[i], grads[i], buffer)
        else:
            later += (params[i], grads[i], buffer)
    for tensors, is_first in ((first, True), (later, False)):
        if tensors:
            _in_one_call("_sgd_steps_", tensors, 3, is_first, *options)


# What libraries ask PyTorch's compiled core


class _DispatchKeys(type):
    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return name


class DispatchKey(metaclass=_DispatchKeys):
    """Names of dispatch keys. There is no dispatcher: they only mark registrations."""


class DispatchKeySet:
    def __init__(self, *keys):
        self.keys = frozenset(keys)

    def __or__(self, other):
        return DispatchKeySet(*self.keys, *other.keys)

    def has(self, key):
        return key in self.keys


class _Nothing:
    """A context without effect."""

    def __init__(self, *args):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


_ExcludeDispatchKeyGuard = _IncludeDispatchKeyGuard = _Nothing


def _get_tracing_state():
    return None


def _log_api_usage_once(event):
    """Nobody counts."""


class Graph:
    """TorchScript's graphs, for isinstance: there are none."""


class Value:
    """A value of a TorchScript graph, for isinstance: there are none."""


class Node:
    """A step of a TorchScript graph, for isinstance: there are none."""


def __getattr__(name):
    if name in ("DisableTorchFunctionSubclass", "_disabled_torch_function_impl"):
        from torch import overrides

        return getattr(overrides, name)
    raise AttributeError(f"module 'torch._C' has no attribute {name!r}")
