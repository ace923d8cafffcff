"""Nodes of the tape as Python sees them."""


class Node:
    """What `grad_fn` gives: the name of the operation that made a tensor."""

    __slots__ = ("_name", "_tensor")

    def __init__(self, name, tensor):
        self._name = name
        self._tensor = tensor

    def name(self):
        return self._name

    @property
    def next_functions(self):
        raise NotImplementedError("walking the tape through grad_fn.next_functions is not supported yet")

    def __repr__(self):
        return f"<{self._name} object at {hex(id(self))}>"


class saved_tensors_hooks:
    def __init__(self, pack_hook, unpack_hook):
        raise NotImplementedError("saved_tensors_hooks is not supported yet; docs/ops.md lists what is")
