"""Builds the objects of a checkpoint from the steps that the runtime describes it with. The steps are data: what they may make
stands in this file, beside the classes that the caller allowed by name."""

import base64
import json
from collections import Counter, OrderedDict, defaultdict

import _core
import torch
from torch import _numpy_pickles, _quantized
from torch._C import _ints, _wrap
from torch.storage import TypedStorage, UntypedStorage

# Classes that stand for themselves in a checkpoint, by the names that the runtime lets through.
_CLASSES = {
    "builtins.bool": bool, "builtins.bytearray": bytearray, "builtins.bytes": bytes, "builtins.complex": complex,
    "builtins.dict": dict, "builtins.float": float, "builtins.frozenset": frozenset, "builtins.int": int,
    "builtins.list": list, "builtins.object": object, "builtins.set": set, "builtins.str": str, "builtins.tuple": tuple,
    "collections.Counter": Counter, "collections.OrderedDict": OrderedDict, "collections.defaultdict": defaultdict,
    "torch.Size": torch.Size, "torch.Tensor": torch.Tensor, "torch.device": torch.device,
    "torch.nn.parameter.Parameter": torch.nn.Parameter, "torch.storage.TypedStorage": TypedStorage,
    "torch.storage.UntypedStorage": UntypedStorage,
}

_EMPTY = {"list": list, "dict": dict, "OrderedDict": OrderedDict, "Counter": Counter, "set": set}


_QUANTIZED = frozenset((torch.quint8, torch.qint8, torch.qint32, torch.quint4x2))
_QSCHEMES = frozenset(
    "per_tensor_affine per_channel_affine per_tensor_symmetric per_channel_symmetric per_channel_affine_float_qparams".split()
)


def dtype_named(name):
    found = getattr(torch, name)
    if found in _QUANTIZED:
        return found
    if found not in torch._dtype.by_id.values():
        raise NotImplementedError(f"tensors of {found} are not supported yet; docs/ops.md lists what is")
    return found


class Builder:
    """Carries out the steps; `storage(index)` gives the tensor of bytes behind a storage, `allowed` classes by name."""

    def __init__(self, storage, allowed, tensor_hook=None):
        self.storage = storage
        self.allowed = allowed
        self.tensor_hook = tensor_hook
        self.made = []

    def build(self, description):
        for step in description["steps"]:
            what = step[0]
            if what[0] == "=":
                self._fill(what, self.made[step[1]], step)
            else:
                self.made.append(self._make(what, step))
        return self.value(description["result"])

    def value(self, wire):
        kind = type(wire)
        if kind is list:
            return self.made[wire[0]]
        if kind is dict:
            if "f" in wire:
                return float(wire["f"])
            if "i" in wire:
                return int(wire["i"], 16)
            return base64.b64decode(wire["b"])
        return wire

    def _values(self, step, start):
        return [self.value(wire) for wire in step[start:]]

    def _make(self, what, step):
        if what == "tensor":
            return self._tensor(*step[1:])
        if what == "quantized tensor":
            storage, dtype_name, offset, sizes, strides, quantizer = step[1:]
            typed = TypedStorage(wrap_storage=UntypedStorage(self.storage(storage)), dtype=dtype_named(dtype_name))
            return _quantized.rebuild(typed, offset, sizes, strides, self.value(quantizer))
        if what in _EMPTY:
            return _EMPTY[what]()
        if what == "tuple":
            return tuple(self._values(step, 1))
        if what == "frozenset":
            return frozenset(self._values(step, 1))
        if what == "defaultdict":
            return defaultdict(self.value(step[1]))
        if what == "bytearray":
            return bytearray(base64.b64decode(step[1]))
        if what == "complex":
            return complex(float(step[1]), float(step[2]))
        if what == "size":
            return torch.Size(step[1:])
        if what == "device":
            return torch.device(step[1]) if step[2] is None else torch.device(step[1], step[2])
        if what == "layout":
            return getattr(torch, step[1].rpartition(".")[2])
        if what == "storage":
            return UntypedStorage(self.storage(step[1]))
        if what == "global":
            return self._named(step[1])
        if what == "call":
            return self._named(step[1])(*self.value(step[2]))
        if what == "new":
            cls = self._named(step[1])
            return cls.__new__(cls, *self.value(step[2]))
        if what.startswith("numpy "):
            return _numpy_pickles.make(*step)
        raise RuntimeError(f"[torch.load] unknown step {what}")

    def _named(self, path):
        if path in self.allowed:
            return self.allowed[path]
        if path in _CLASSES:
            return _CLASSES[path]
        if path.removeprefix("torch.") in _QSCHEMES:
            return getattr(torch, path.removeprefix("torch."))
        return dtype_named(path.removeprefix("torch."))

    def _tensor(self, storage, dtype_name, offset, sizes, strides, grad, flags):
        dtype = dtype_named(dtype_name)
        if storage < 0:
            t = torch.empty_strided(sizes, strides, dtype=dtype, device="meta")
        else:
            base = self.storage(storage)
            t = _wrap(_core.tensor_over(base.h, dtype.id, offset, _ints(tuple(sizes)), _ints(tuple(strides))))
        if "conj" in flags:
            t = t.conj().resolve_conj()
        if "neg" in flags:
            t = -t
        if type(grad) is dict:
            return torch.nn.Parameter(t, grad["parameter"])
        return t.requires_grad_(True) if grad else t

    def _fill(self, what, target, step):
        if what == "=pairs":
            values = self._values(step, 2)
            for i in range(0, len(values), 2):
                target[values[i]] = values[i + 1]
        elif what == "=items":
            target.extend(self._values(step, 2))
        elif what == "=members":
            target.update(self._values(step, 2))
        elif what == "=attributes":
            target.__dict__.update(self.value(step[2]))
        elif what == "=state":
            _set_state(target, self.value(step[2]))


def _set_state(target, state):
    """As pickle's BUILD does."""
    setstate = getattr(target, "__setstate__", None)
    if setstate is not None:
        setstate(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        target.__dict__.update(state)
    if slots:
        for name, value in slots.items():
            setattr(target, name, value)


def parse(text):
    return json.loads(text)
