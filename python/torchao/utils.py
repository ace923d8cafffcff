"""What torchao's parts share: the base of its weight tensors, and small helpers that scripts import from here."""

import functools
import time

import torch
from torch import overrides
from torch._C import _make_subclass

__all__ = ["TorchAOBaseTensor", "benchmark_model", "get_model_size_in_bytes", "unwrap_tensor_subclass"]

# What may be asked of a weight without knowing its numbers; the answers are those of its shape, dtype and device.
_FACTS = frozenset(
    """
    size dim ndimension numel nelement stride element_size is_floating_point is_complex is_signed is_contiguous get_device
    storage_offset is_pinned is_inference __len__ is_tensor
    """.split()
)


class TorchAOBaseTensor(torch.Tensor):
    """A weight whose numbers lie in other tensors (`tensor_data_names`): codes, scales, zero points.

    It has the shape and the dtype of what it stands for, and NaN where its own memory is read: nothing computes with it by
    accident. Layers ask it for their product; everything else is refused until dequantize() has given the numbers.
    """

    tensor_data_names = ()
    tensor_attribute_names = ()

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        if name == "linear" and len(args) > 1 and isinstance(args[1], TorchAOBaseTensor):
            return args[1].linear(args[0], args[2] if len(args) > 2 else kwargs.get("bias"))
        if name == "linear" and isinstance(kwargs.get("weight"), TorchAOBaseTensor):
            return kwargs["weight"].linear(args[0] if args else kwargs["input"], kwargs.get("bias"))
        if name == "embedding" and isinstance(args[1], TorchAOBaseTensor):
            return args[1].lookup(args[0], *args[2:], **kwargs)
        if name in _FACTS:
            with overrides.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        if name == "copy_" and not isinstance(args[0], TorchAOBaseTensor):
            raise ValueError(
                f"a weight of {args[0].dtype} got a copy of {cls.__name__}: load_state_dict(..., assign=True) takes the new weight itself"
            )
        raise NotImplementedError(
            f"{cls.__name__} got torch.{name}: its weight is kept as codes, which linear layers take as they are; "
            "call dequantize() on it for anything else"
        )

    @classmethod
    def made(cls, shape, dtype, held, attributes):
        """A weight of this shape and dtype over the tensors `held`."""
        first = next(iter(held.values()))
        nothing = torch.full((1,), float("nan"), dtype=dtype, device=first.device)
        made = _make_subclass(cls, nothing.expand(tuple(shape)))
        made.__dict__["_held"] = dict(held)
        made.__dict__["_attributes"] = dict(attributes)
        return made

    # Its parts

    def __getattr__(self, name):
        own = self.__dict__
        for place in ("_held", "_attributes"):
            if name in own.get(place, ()):
                return own[place][name]
        return torch.Tensor.__getattr__(self, name)

    def inner_tensors(self):
        """The tensors that are in memory and in files."""
        return list(self._held.values())

    def __tensor_flatten__(self):
        return list(self._held), self._attributes

    def _with(self, held, dtype=None):
        """The same weight over other tensors."""
        made = type(self).made(self.shape, dtype or self.dtype, held, self._attributes)
        if getattr(self, "_is_param", False):
            made._is_param = True
        return made

    @property
    def data(self):
        return self.detach()

    @data.setter
    def data(self, value):
        if not isinstance(value, TorchAOBaseTensor):
            raise RuntimeError(f"a weight in {type(self).__name__} got data of {type(value).__name__}: expected one of its own kind")
        torch.Tensor.data.__set__(self, value)
        self.__dict__["_held"], self.__dict__["_attributes"] = value._held, value._attributes

    def detach(self):
        made = type(self).made(self.shape, self.dtype, self._held, self._attributes)
        return made

    def clone(self, *, memory_format=None):
        return self._with({name: tensor.clone() for name, tensor in self._held.items()})

    def contiguous(self, memory_format=None):
        return self

    def requires_grad_(self, requires_grad=True):
        """Stays as it is: no gradient reaches codes, and load_state_dict(assign=True) asks in the name of the float weight."""
        return self

    def to(self, *args, **kwargs):
        from torch.nn.modules._traverse import _parse_to

        kwargs.pop("copy", None)
        device, dtype, non_blocking, _ = _parse_to(args, kwargs)
        if device is None:
            held = self._held
        else:
            held = {name: tensor.to(device, non_blocking=non_blocking) for name, tensor in self._held.items()}
        return self._with(held, dtype)

    def cpu(self, memory_format=None):
        return self.to("cpu")

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        return self.to(torch.device("cuda" if device is None else device))

    def float(self, memory_format=None):
        return self.to(torch.float32)

    def half(self, memory_format=None):
        return self.to(torch.float16)

    def bfloat16(self, memory_format=None):
        return self.to(torch.bfloat16)

    def copy_(self, src, non_blocking=False):
        if type(src) is not type(self) or src.shape != self.shape or src._attributes != self._attributes:
            raise ValueError(
                f"a weight in {type(self).__name__} ({self._quantization_type()}) got a copy of {type(src).__name__} of shape "
                f"{tuple(src.shape)}: expected the same form; load_state_dict(..., assign=True) takes the new weight itself"
            )
        for name, tensor in self._held.items():
            tensor.copy_(src._held[name])
        return self

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = self.clone()
        return memo[id(self)]

    def __reduce_ex__(self, protocol):
        is_parameter = bool(getattr(self, "_is_param", False))
        return _rebuild, (type(self).__name__, tuple(self.shape), self.dtype, dict(self._held), dict(self._attributes), is_parameter)

    # Reading it

    def dequantize(self, output_dtype=None):
        raise NotImplementedError(f"{type(self).__name__} has no dequantize")

    def linear(self, x, bias):
        raise NotImplementedError(f"{type(self).__name__} has no linear product")

    def lookup(self, indices, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__} is no table: nn.Embedding takes IntxUnpackedToInt8Tensor")

    def tolist(self):
        return self.dequantize().tolist()

    def _bytes(self):
        raise RuntimeError(f"{type(self).__name__} has no bytes of its own: torch.save writes it, dequantize() gives its numbers")

    _values = numpy = untyped_storage = _bytes

    def _quantization_type(self):
        said = {name: value for name, value in self._attributes.items() if value != ""}
        facts = {**said, "shape": tuple(self.shape), "dtype": self.dtype, "device": str(self.device)}
        return ", ".join(f"{name}={value}" for name, value in facts.items())

    def __repr__(self, *, tensor_contents=None):
        parts = [f"{name}={value}" for name, value in self._held.items()]
        return f"{type(self).__name__}({', '.join([*parts, self._quantization_type()])})"


def _classes():
    waiting, found = [TorchAOBaseTensor], {}
    while waiting:
        cls = waiting.pop()
        found[cls.__name__] = cls
        waiting.extend(cls.__subclasses__())
    return found


def _rebuild(name, shape, dtype, held, attributes, is_parameter):
    """What files name: a weight from plain data."""
    made = _classes()[name].made(shape, dtype, held, attributes)
    if is_parameter:
        made._is_param = True
    return made


torch.serialization.add_safe_globals([_rebuild])


def _tensors_of(parameter):
    return parameter.inner_tensors() if isinstance(parameter, TorchAOBaseTensor) else [parameter]


def get_model_size_in_bytes(model, ignore_embeddings=False):
    """Bytes of all parameters and buffers, quantized weights by what they keep."""
    size = 0
    for module in model.modules():
        if ignore_embeddings and isinstance(module, torch.nn.Embedding):
            continue
        for tensor in [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
            size += sum(part.numel() * part.element_size() for part in _tensors_of(tensor))
    return size


def benchmark_model(model, num_runs, args=(), kwargs=None, device_type=None):
    """Milliseconds of a call, the mean of num_runs after a warm-up."""
    kwargs = kwargs or {}
    with torch.no_grad():
        for _ in range(5):
            model(*args, **kwargs)
        start = time.perf_counter()
        for _ in range(num_runs):
            model(*args, **kwargs)
    return (time.perf_counter() - start) * 1000 / num_runs


def unwrap_tensor_subclass(model, filter_fn=None):
    """The model itself: our exports see through its weights."""
    return model


@functools.cache
def is_fbcode():
    return False


def torch_version_at_least(min_version):
    numbers = lambda text: tuple(int(part) for part in text.partition("+")[0].split(".")[:2])
    return numbers(torch.__version__) >= numbers(min_version)


def __getattr__(name):
    if name.startswith("TORCH_VERSION_AT_LEAST_"):
        return torch_version_at_least(name.removeprefix("TORCH_VERSION_AT_LEAST_").replace("_", "."))
    raise AttributeError(f"module 'torchao.utils' has no attribute {name!r}")
