"""The old constructors: torch.Tensor(2, 3), torch.FloatTensor([1, 2]), torch.LongTensor(...)."""

from torch import _dtype


def construct(cls, *args, dtype=None, device=None):
    import torch

    dtype = dtype or _dtype.get_default_dtype()
    if not args:
        return _as(cls, torch.empty(0, dtype=dtype))
    if len(args) == 1 and isinstance(args[0], torch.Tensor):
        return _as(cls, args[0].detach().to(dtype))
    if len(args) == 1 and isinstance(args[0], (list, tuple)) and not isinstance(args[0], torch.Size):
        return _as(cls, torch.tensor(args[0], dtype=dtype))
    if len(args) == 1 and hasattr(args[0], "__array_interface__"):
        return _as(cls, torch.tensor(args[0], dtype=dtype))
    return _as(cls, torch.empty(*args, dtype=dtype))


def _as(cls, t):
    import torch

    return t if cls is torch.Tensor else torch._C._make_subclass(cls, t)


class _TypeMeta(type):
    def __instancecheck__(cls, value):
        import torch

        return isinstance(value, torch.Tensor) and value.dtype is cls.dtype


def _define(name, dtype):
    def new(cls, *args, device=None):
        import torch

        return construct(torch.Tensor, *args, dtype=dtype)

    return _TypeMeta(name, (), {"__new__": new, "dtype": dtype, "__module__": "torch"})


types = {
    name: _define(name, dtype)
    for name, dtype in {
        "FloatTensor": _dtype.float32, "DoubleTensor": _dtype.float64, "HalfTensor": _dtype.float16, "BFloat16Tensor": _dtype.bfloat16,
        "LongTensor": _dtype.int64, "IntTensor": _dtype.int32, "ShortTensor": _dtype.int16, "CharTensor": _dtype.int8,
        "ByteTensor": _dtype.uint8, "BoolTensor": _dtype.bool_,
    }.items()
}


def dtype_of(name):
    """The dtype of a legacy type, given as the type or as "torch.FloatTensor"."""
    if isinstance(name, str):
        name = types[name.rpartition(".")[2]]
    return name.dtype
