"""Nodes of the tape as Python sees them."""

import collections

import _core
from torch._C import TensorBase, _buffer, _hooks, _new_id, _wrap

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
    """Inside `with`, what backward needs goes through pack_hook, and comes back through unpack_hook when it is needed."""

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self):
        if _disabled_message is not None:
            raise RuntimeError(_disabled_message)
        ids = []
        for hook in (self.pack_hook, self.unpack_hook):
            ids.append(_new_id())
            _hooks[ids[-1]] = hook
        _active.append(ids)
        _core.push_saved_hooks(*ids)

    def __exit__(self, *args):
        _active.pop()
        _core.pop_saved_hooks()


_active = []
_disabled_message = None


def _pack(tensor):
    """For tensors that a Python function saves: what the newest hook makes of one, as a function that undoes it."""
    if not _active:
        return None
    pack_id, unpack_id = _active[-1]
    with _without_grad():
        value = _hooks[pack_id](tensor)
    unpack = _hooks[unpack_id]

    def restore():
        with _without_grad():
            return unpack(value)

    return restore


def _without_grad():
    from torch.autograd.grad_mode import no_grad

    return no_grad()


class disable_saved_tensors_hooks:
    """Inside, installing hooks on saved tensors is an error with this message."""

    def __init__(self, error_message):
        self.error_message = error_message

    def __enter__(self):
        global _disabled_message
        if _active:
            raise RuntimeError(self.error_message)
        self._before, _disabled_message = _disabled_message, self.error_message

    def __exit__(self, *args):
        global _disabled_message
        _disabled_message = self._before


class save_on_cpu(saved_tensors_hooks):
    """Keeps what backward needs in the CPU's memory."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        def pack(tensor):
            return tensor.device, tensor.cpu()

        def unpack(packed):
            device, tensor = packed
            return tensor.to(device, non_blocking=pin_memory)

        super().__init__(pack, unpack)


class GradientEdge(collections.namedtuple("GradientEdge", ["node", "output_nr", "ownership_token"], defaults=[None])):
    """A node and which of its outputs is meant."""

    __slots__ = ()


def get_gradient_edge(tensor):
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    if tensor.grad_fn is not None:
        return GradientEdge(tensor.grad_fn, 0)
    # Any view leads to the node that adds into the leaf.
    node_, index = tensor.view_as(tensor).grad_fn.next_functions[0]
    return GradientEdge(node_, index)


def increment_version(tensor):
    """Tell the tape that a tensor was written to by means that it does not see."""
    for t in [tensor] if isinstance(tensor, TensorBase) else tensor:
        _core.increment_version(t.h)


class allow_mutation_on_saved_tensors:
    """Inside, what backward needs is copied, so that tensors may be written to before it."""

    def __enter__(self):
        self._hooks = saved_tensors_hooks(lambda t: t.clone(), lambda t: t)
        self._hooks.__enter__()
        return self

    def __exit__(self, *args):
        self._hooks.__exit__(*args)
