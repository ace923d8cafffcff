"""A model with some of its modules and values exchanged for as long as somebody looks. Never copies a model; the model is
afterwards what it was before."""

import contextlib

import torch


class Variant:
    """Which modules stand for which others, and which values for which; perhaps on top of another variant."""

    def __init__(self, base=None):
        self.base = base
        # Modules of the model (or of the base), and what takes their place.
        self.modules = {}
        # Parameters and buffers, and the tensors whose data they have meanwhile.
        self.values = {}

    def replace(self, module, replacement):
        self.modules[module] = replacement

    def resolve(self, module):
        """What stands in the place of a module."""
        if self.base is not None:
            module = self.base.resolve(module)
        return self.modules.get(module, module)

    @contextlib.contextmanager
    def applied(self, model):
        """The changed model: the same object, or what takes the place of the whole."""
        undo = []
        seen = set()

        def visit(owner):
            if owner in seen:
                return
            seen.add(owner)
            for name, child in list(owner._modules.items()):
                if child is None:
                    continue
                changed = self.resolve(child)
                if changed is not child:
                    undo.append((owner, name, child))
                    owner._modules[name] = changed
                visit(changed)

        try:
            root = self.resolve(model)
            visit(root)
            for tensor, value in self.values.items():
                undo.append((tensor, None, tensor.data))
                tensor.data = value
            yield root
        finally:
            for place, name, before in reversed(undo):
                if name is None:
                    place.data = before
                else:
                    place._modules[name] = before


def paths_of(model):
    """{module: its first path}; the model itself is ""."""
    return {module: path for path, module in model.named_modules()}


def type_of(module):
    """The name of a module's class, or of that for which it stands in a base variant."""
    return getattr(module, "stands_for", type(module).__name__)


def parts_of(tensor):
    """What of it lies in memory: itself, or the codes and scales of a weight that a package keeps in few bits."""
    inner = getattr(tensor, "inner_tensors", None)
    return [tensor] if inner is None else inner()


def storage_key(tensor):
    """Tensors over the same memory have the same key, whatever their shapes."""
    tensor = parts_of(tensor)[0]
    return (tensor.untyped_storage()._cdata, tensor.storage_offset(), tensor.numel(), tensor.dtype)


class Bytes:
    """Sizes of tensors, in which memory that is shared counts where it comes first."""

    def __init__(self):
        self.seen = set()

    def of(self, tensors):
        size = 0
        for tensor in [part for whole in tensors for part in parts_of(whole)]:
            key = storage_key(tensor)
            if key in self.seen:
                continue
            self.seen.add(key)
            size += tensor.numel() * tensor.element_size()
        return size


def own_tensors(module):
    """The parameters and saved buffers that a module holds itself."""
    found = [parameter for parameter in module._parameters.values() if parameter is not None]
    skipped = module._non_persistent_buffers_set
    found += [buffer for name, buffer in module._buffers.items() if buffer is not None and name not in skipped]
    return found


def all_tensors(module):
    """The same of everything below it too."""
    return [tensor for part in module.modules() for tensor in own_tensors(part)]
