"""torch.Tensor: operators, indexing and conversions over the generated methods."""

import array
import struct
import weakref

import _core
import _direct
from _direct import backward as _direct_backward
from _direct import index as _direct_index
from _direct import item as _direct_item
from _direct import set_grad as _direct_set_grad
from _direct import set_item as _direct_set_item
from torch import _C, _complex, _copying, _dtype, _indexing
from torch._C import (
    TensorBase, _buffer, _check, _core_drop, _dead, _hooks, _index, _make_subclass, _new_id, _raise, _return_dead, _wrap,
)
from torch._device import by_id as _device_by_id
from torch._dtype import bool_
from torch._gen import functions as _f
from torch._gen.tensor_methods import methods as _methods
from torch._operators import _USUAL as _usual_operands
from torch._operators import TensorOperators
from torch._size import Size
from torch.storage import UntypedStorage, typed

_ABSENT = -(2**52)


def _sizes(tensor):
    sizes = _direct.shape(tensor)
    if sizes is not NotImplemented:
        return sizes
    n = _core.shape(tensor.h)
    return Size([int(v) for v in _buffer[:n]])


class Tensor(TensorOperators):
    """A multi-dimensional array of one dtype on one device."""

    __slots__ = ()
    # NumPy's operators step back in favour of ours.
    __array_priority__ = 1000

    def __new__(cls, *args, **kwargs):
        from torch import _legacy

        return _legacy.construct(cls, *args, **kwargs)

    # What it is

    @property
    def shape(self):
        found = self._shape
        if found is None:
            found = self._shape = _sizes(self)
        return found

    @property
    def dtype(self):
        found = self._dtype
        if found is None:
            found = self._dtype = _dtype.by_id[_core.dtype(self.h)]
        return found

    @property
    def device(self):
        return _device_by_id(_direct.device_id(self))

    @property
    def layout(self):
        return _dtype.strided

    def size(self, dim=None):
        found = self._shape
        if found is None:
            found = self._shape = _sizes(self)
        if dim is None:
            return found
        try:
            return found[dim]
        except IndexError:
            raise _dim_error(dim, len(found)) from None

    def stride(self, dim=None):
        n = _core.strides(self.h)
        strides = tuple([int(v) for v in _buffer[:n]])
        if dim is None:
            return strides
        try:
            return strides[dim]
        except IndexError:
            raise _dim_error(dim, len(strides)) from None

    def storage_offset(self):
        return _core.storage_offset(self.h)

    def dim(self):
        found = self._shape
        if found is None:
            found = self._shape = _sizes(self)
        return len(found)

    ndimension = dim
    ndim = property(dim)

    def numel(self):
        found = _direct.numel(self)
        return self.shape.numel() if found is NotImplemented else found

    nelement = numel

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def element_size(self):
        return self.dtype.itemsize

    @property
    def itemsize(self):
        return self.dtype.itemsize

    @property
    def nbytes(self):
        return self.numel() * self.dtype.itemsize

    def is_floating_point(self):
        return self.dtype.is_floating_point

    def is_complex(self):
        return self.dtype.is_complex

    def is_signed(self):
        return self.dtype.is_signed

    def is_contiguous(self, memory_format=_dtype.contiguous_format):
        if memory_format is _dtype.channels_last:
            return bool(_core.is_channels_last(self.h))
        found = _direct.is_contiguous(self)
        return bool(_core.is_contiguous(self.h)) if found is NotImplemented else found

    def is_pinned(self, device=None):
        return bool(_core.is_pinned(self.h))

    def is_inference(self):
        return False

    def is_conj(self):
        return False

    def is_neg(self):
        return False

    def resolve_conj(self):
        return self

    def resolve_neg(self):
        return self

    is_cuda = property(_direct.is_cuda)
    is_cpu = property(lambda self: self.device.type == "cpu")
    is_meta = property(_direct.is_meta)
    is_sparse = is_quantized = is_mkldnn = is_mps = is_xpu = is_nested = property(lambda self: False)

    def data_ptr(self):
        return _core.data_ptr(self.h)

    @property
    def names(self):
        return (None,) * self.dim()

    def get_device(self):
        device = self.device
        return -1 if device.type == "cpu" else device.index or 0

    def untyped_storage(self):
        return UntypedStorage(self)

    def storage(self):
        return typed(self)

    _typed_storage = storage

    def is_set_to(self, tensor):
        return bool(_core.same_storage(self.h, tensor.h)) and self.shape == tensor.shape and self.stride() == tensor.stride()

    # The tape

    def _set_requires_grad(self, value):
        _check(_core.set_requires_grad(self.h, bool(value)))

    requires_grad = property(_direct.requires_grad, _set_requires_grad)

    def requires_grad_(self, requires_grad=True):
        if requires_grad and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        _check(_core.set_requires_grad(self.h, bool(requires_grad)))
        return self

    is_leaf = property(_direct.is_leaf)

    def _set_grad(self, value):
        if _direct_set_grad(self, value) is not NotImplemented:
            return
        if not isinstance(value, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
        raise RuntimeError(
            f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size '{list(self.shape)}'. Please "
            "ensure that the gradient and the tensor are the same size"
        )

    grad = property(_direct.grad, _set_grad)

    @grad.deleter
    def grad(self):
        self.grad = None

    @property
    def grad_fn(self):
        name = _core.grad_fn_name(self.h)
        if not name:
            return None
        from torch.autograd import graph

        return graph.node(name, self)

    @property
    def _version(self):
        return _core.version(self.h)

    @property
    def data(self):
        return self.detach()

    @data.setter
    def data(self, value):
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        _check(_core.set_data(self.h, value.h))
        self._shape = None
        self._dtype = None

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        if inputs is None:
            if _dead:
                _return_dead()
            keeps = create_graph if retain_graph is None else retain_graph
            if _direct_backward(self, gradient, keeps, create_graph) is not NotImplemented:
                return
        from torch import autograd

        autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook):
        hook_id = _new_id()
        _check(_core.add_hook(self.h, hook_id))
        _hooks[hook_id] = hook
        return _copying.HookHandle(self, hook_id)

    def register_post_accumulate_grad_hook(self, hook):
        if not self.is_leaf:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        hook_id = _new_id()
        _core.add_post_hook(self.h, hook_id)
        # The hook must not keep the tensor that it hangs on.
        reference = weakref.ref(self)

        def call(same):
            variable = reference()
            hook(same if variable is None else variable)

        _hooks[hook_id] = call
        return _copying.HookHandle(self, hook_id)

    def retain_grad(self):
        _check(_core.retain_grad(self.h))

    @property
    def retains_grad(self):
        return bool(_core.retains_grad(self.h))

    def detach_(self):
        _check(_core.detach_in_place(self.h))
        return self

    @property
    def _base(self):
        h = _core.base(self.h)
        return None if h == 0 else _wrap(h)

    @property
    def _is_view(self):
        return lambda: bool(_core.is_view(self.h))

    # Values

    def item(self):
        value = _direct_item(self)
        if value is not NotImplemented:
            return value
        if self.dtype.is_complex and self.numel() == 1 and not self.is_meta:
            return self._values()[0]
        value = _core.item(self.h)
        dtype = self.dtype
        if value == "":
            _raise()
        if dtype.is_floating_point:
            return float(value)
        return bool(value) if dtype is bool_ else int(value)

    def tolist(self):
        found = _direct.tolist(self)
        if found is not NotImplemented:
            return found
        if not self.shape:
            return self.item()
        flat = self._values()
        for size in reversed(self.shape[1:]):
            flat = [flat[i : i + size] for i in range(0, len(flat), size)] if size else [[] for _ in range(self._count_above(size))]
        return flat

    def _count_above(self, size):
        n = 1
        for s in self.shape[:-1]:
            n *= s
        return n

    def _bytes(self):
        """The values as bytes, row-major."""
        data = array.array("B", bytes(self.numel() * self.dtype.itemsize))
        if len(data):
            address, _ = data.buffer_info()
            _check(_core.to_memory(self.h, address))
        return data

    def _values(self):
        """The values as Python numbers, row-major."""
        if self.dtype.is_floating_point and self.dtype.itemsize == 1:
            return self.to(_dtype.float32)._values()
        data = self._bytes().tobytes()
        name = self.dtype.name
        n = self.numel()
        if name == "bfloat16":
            return [struct.unpack("<f", struct.pack("<I", w << 16))[0] for w in struct.unpack(f"<{n}H", data)]
        if name == "bool":
            return [b != 0 for b in data]
        if self.dtype.is_complex:
            parts = struct.unpack(f"<{2 * n}{'f' if name == 'complex64' else 'd'}", data)
            return [complex(re, im) for re, im in zip(parts[::2], parts[1::2])]
        codes = {
            "float32": "f", "float64": "d", "float16": "e", "int64": "q", "int32": "i", "int16": "h", "int8": "b", "uint8": "B",
        }
        return list(struct.unpack(f"<{n}{codes[name]}", data))

    def numpy(self, *, force=False):
        from torch import _arrays

        return _arrays.to_array(self, force)

    def __array__(self, dtype=None, copy=None):
        from torch import _arrays

        return _arrays.to_array_of(self, dtype)

    def __bool__(self):
        if self.numel() != 1:
            if self.numel() == 0:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.item())

    def __float__(self):
        return float(_complex.real_value(self, "double"))

    def __int__(self):
        return int(_complex.real_value(self, "int64_t"))

    def __complex__(self):
        return complex(self.item())

    def __index__(self):
        if self.dtype.is_floating_point or self.numel() != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __format__(self, spec):
        if self.dim() == 0:
            return self.item().__format__(spec)
        return object.__format__(self, spec)

    def __hash__(self):
        return id(self)

    def __contains__(self, element):
        return bool((self == element).any())

    def __iter__(self):
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self):
        return self.flip(0) if self.dim() else self

    def __repr__(self, *, tensor_contents=None):
        from torch import _tensor_str

        return _tensor_str.render(self)

    def __getattr__(self, name):
        # Reached only when nothing else knows the name.
        from torch import _missing

        return _missing.missing_method(self, name)

    def __dir__(self):
        return sorted(set(object.__dir__(self)))

    def __reduce_ex__(self, protocol):
        return _copying.rebuild, (type(self), self._bytes().tobytes(), tuple(self.shape), self.dtype, self.requires_grad)

    def __copy__(self):
        return _copying.rebuild(type(self), self._bytes().tobytes(), tuple(self.shape), self.dtype, self.requires_grad)

    def __deepcopy__(self, memo):
        return _copying.deep(self, memo)

    # Indexing

    def __getitem__(self, index):
        result = _direct_index(self, index)
        if result is not NotImplemented:
            return result
        if type(index) is int:
            return _wrap(_core.element_at(self.h, index))
        items = index if type(index) is tuple else _indexing.listed(index)
        at = 0
        for item in items:
            kind = type(item)
            if kind is slice:
                start, stop, step = item.start, item.stop, item.step
                _buffer[at] = 1
                _buffer[at + 1] = _ABSENT if start is None else _index(start)
                _buffer[at + 2] = _ABSENT if stop is None else _index(stop)
                _buffer[at + 3] = _ABSENT if step is None else _index(step)
            elif kind is int:
                _buffer[at] = 0
                _buffer[at + 1] = item
            elif item is None:
                _buffer[at] = 2
            elif item is Ellipsis:
                _buffer[at] = 3
            else:
                return _indexing.get(self, items)
            at += 4
        return _wrap(_core.basic_index(self.h, at >> 2))

    def __setitem__(self, index, value):
        if _direct_set_item(self, index, value) is not NotImplemented:
            return
        _indexing.set(self, _indexing.listed(index), value)


_C._set_tensor_class(Tensor)
_usual_operands.add(Tensor)
Tensor.__module__ = "torch"


def _dim_error(dim, rank):
    if rank == 0:
        return IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")


from torch import _methods as _handwritten

for _name, _function in _methods.items():
    if not hasattr(_handwritten, _name):
        setattr(Tensor, _name, _function)
_handwritten.install(Tensor)

from torch import _special

_special.install(Tensor)


_rebuild_from_type_v2 = _copying._rebuild_from_type_v2
