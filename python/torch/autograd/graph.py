"""Nodes of the tape as Python sees them."""

import _core
from torch._C import _buffer, _wrap

_full_names = {name: f"torch::autograd::{name}" for name in ("CopySlices", "CopyBackwards", "AccumulateGrad")}


class Node:
    """What `grad_fn` gives: an operation on the tape, the nodes of its inputs behind it."""

    __slots__ = ("_tensor", "_id")

    def __init__(self, tensor=None, node_id=0):
        # By the tensor that it made, until somebody looks behind it; then by its number in the runtime.
        self._tensor = tensor
        self._id = node_id

    def __del__(self):
        if self._id:
            _core.node_free(self._id)

    def __repr__(self):
        return f"<{type(self).__name__} object at {hex(id(self))}>"

    def _number(self):
        if not self._id:
            self._id = _core.node_of(self._tensor.h)
        return self._id

    def name(self):
        name = type(self).__name__
        return _full_names.get(name, name)

    @property
    def next_functions(self):
        """For each input its node and which of the node's outputs it is; None where no gradient goes."""
        n = _core.node_next(self._number())
        words = [int(v) for v in _buffer[: 2 * n]]
        found = zip(words[::2], words[1::2])
        return tuple((_class_of(_core.node_name(i))(None, i) if i else None, index) for i, index in found)

    @property
    def variable(self):
        h = _core.node_variable(self._number())
        if h == 0:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'variable'")
        return _wrap(h)


_classes = {}


def _class_of(name):
    """Nodes are told apart by class: one for each operation."""
    cls = _classes.get(name)
    if cls is None:
        cls = _classes[name] = type(name, (Node,), {"__slots__": ()})
    return cls


def node(name, tensor):
    """The node that made a tensor."""
    return _class_of(name)(tensor)


class saved_tensors_hooks:
    def __init__(self, pack_hook, unpack_hook):
        raise NotImplementedError("saved_tensors_hooks is not supported yet; docs/ops.md lists what is")
