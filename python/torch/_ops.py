"""torch.ops: operators by namespace. `aten` leads to torch's own functions; others are registered through torch.library, or come
with a compiled library whose operators are served here in Python."""

import os

from torch import _recording


def _grouped_mm(input, weight, offs):
    import torch

    return torch.nn.functional.grouped_mm(input, weight, offs=offs)


# Operators of packages that look at values where one of torch's own would not: exporters write that one down.
_COUNTERPARTS = {"transformers::grouped_mm_fallback": _grouped_mm}


class Operator:
    """One operator of a namespace: what torch.library registered for it, or one function that does everything."""

    def __init__(self, namespace, name):
        self._namespace, self.__name__ = namespace, name
        self.__module__ = f"torch.ops.{namespace}"
        self.implementations = {}
        self.whole = None
        self.gradient = None
        self.schema = ""

    @property
    def _qualified_op_name(self):
        return f"{self._namespace}::{self.__name__}"

    def overloads(self):
        return ["default"]

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        # An overload is told apart by its arguments, in Python as well.
        return self

    def __repr__(self):
        return f"<OpOverloadPacket(op='{self._namespace}.{self.__name__}')>"

    def name(self):
        return self._qualified_op_name

    def __call__(self, *args, **kwargs):
        if self.whole is not None:
            return self.whole(*args, **kwargs)
        tensors = _tensors_in([*args, *kwargs.values()])
        if self.gradient is not None and any(t.requires_grad for t in tensors):
            import torch

            if torch.is_grad_enabled():
                return self._taped(args, kwargs)
        return self._plain(tensors, args, kwargs)

    def _plain(self, tensors, args, kwargs):
        if self._qualified_op_name in _COUNTERPARTS and _recording.is_recording():
            return _COUNTERPARTS[self._qualified_op_name](*args, **kwargs)
        place = tensors[0].device.type if tensors else "cpu"
        for key in ({"cpu": "CPU", "cuda": "CUDA", "meta": "Meta"}[place], "CompositeExplicitAutograd", "CompositeImplicitAutograd",
                    "Autograd", "", "BackendSelect"):
            if key in self.implementations:
                return self.implementations[key](*args, **kwargs)
        raise NotImplementedError(
            f"Could not run '{self._qualified_op_name}' with arguments from the '{place.upper()}' backend: no kernel is registered"
        )

    def _taped(self, args, kwargs):
        import torch

        operator = self
        backward, setup = self.gradient

        class Taped(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *inputs):
                output = operator._plain(_tensors_in(inputs), inputs, kwargs)
                if setup is not None:
                    setup(ctx, inputs, output)
                return output

            @staticmethod
            def backward(ctx, *grads):
                found = backward(ctx, *grads)
                return tuple(found) if isinstance(found, (tuple, list)) else (found,)

        return Taped.apply(*args)


def _tensors_in(values):
    from torch._tensor import Tensor

    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found.extend(_tensors_in(value))
    return found


class _Namespace:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        found = operators.get((self._name, name))
        if found is None and self._name == "quantized" and ("quantized", "linear") not in operators:
            from torch import _quantized_ops

            _quantized_ops.install()
            found = operators.get((self._name, name))
        if found is None:
            if self._name not in ("aten", "prims"):
                raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
            found = _aten(name)
        if self._name == "quantized":
            # Served here and by nobody else: the same for good.
            setattr(self, name, found)
        return found

    def __repr__(self):
        return f"<module 'torch.ops.{self._name}'>"


def _aten(name):
    """PyTorch's own operators: the function, method or nn.functional of that name."""
    import torch

    for place in (torch, torch.nn.functional, torch.Tensor, torch.special, torch.linalg):
        function = getattr(place, name, None)
        if callable(function) and not hasattr(function, "__refuses__"):
            operator = operators[("aten", name)] = Operator("aten", name)
            operator.whole = function
            return operator
    raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")


operators = {}


class _Ops:
    """torch.ops."""

    def __init__(self):
        self.loaded_libraries = set()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        namespace = _Namespace(name)
        setattr(self, name, namespace)
        return namespace

    def load_library(self, path):
        """Compiled operators cannot be loaded; those of torchvision are served by ours."""
        folder, file = os.path.split(os.fspath(path))
        served = {"_C": "_torchvision", "image": "_torchvision_image"}.get(file.partition(".")[0])
        if os.path.basename(folder) == "torchvision" and served:
            import importlib

            importlib.import_module(f"torch.{served}").register()
            self.loaded_libraries.add(path)
            return
        raise OSError(f"{path}: compiled operators cannot be loaded, Layerwise's interpreter runs pure Python only")

    def import_module(self, module):
        import importlib

        importlib.import_module(module)


ops = _Ops()


def define(namespace, name, schema=""):
    found = operators.get((namespace, name))
    if found is None:
        found = operators[(namespace, name)] = Operator(namespace, name)
    found.schema = schema or found.schema
    return found


def serve(namespace, name, function):
    """An operator whose one function does everything, gradient included."""
    define(namespace, name).whole = function
