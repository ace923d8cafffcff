"""Tensor methods and torch functions that take their arguments in more than one way: sizes one by one, dims as a list or not."""

import builtins

import _core
from torch import _dtype
from torch._C import TensorBase, _core_drop, _ints, _named_result, _operand, _raise, _wrap, _wrap_many
from torch._device import device as _device
from torch._device import resolve as _resolve_device
from torch._dtype import as_dtype, bool_, float64, int64
from torch._gen import functions as _f


def _dims(args):
    if len(args) == 1 and not isinstance(args[0], builtins.int):
        return tuple(args[0]) if isinstance(args[0], (tuple, list)) else args[0]
    return args


# Shapes


def view(self, *shape, dtype=None):
    if len(shape) == 1 and isinstance(shape[0], _dtype.dtype):
        dtype, shape = shape[0], ()
    if dtype is not None:
        return _wrap(_core.op__view_dtype(self.h, dtype.id))
    return _wrap(_core.op__view(self.h, _ints(_dims(shape))))


def reshape(self, *shape):
    return _wrap(_core.op__reshape(self.h, _ints(_dims(shape))))


def view_as(self, other):
    return self.view(other.shape)


def reshape_as(self, other):
    return self.reshape(other.shape)


def permute(self, *dims):
    return _wrap(_core.op_permute(self.h, _ints(_dims(dims))))


def expand(self, *sizes, implicit=False):
    return _wrap(_core.op_expand(self.h, _ints(_dims(sizes))))


def expand_as(self, other):
    return self.expand(other.shape)


def repeat(self, *repeats):
    return _wrap(_core.op__repeat(self.h, _ints(_dims(repeats))))


def tile(self, *dims):
    dims = tuple(_dims(dims))
    return self.repeat(*((1,) * (self.dim() - len(dims)) + dims))


def flip(self, *dims):
    return _wrap(_core.op__flip(self.h, _ints(_dims(dims))))


def fliplr(self):
    return self.flip(1)


def flipud(self):
    return self.flip(0)


def roll(self, shifts, dims=None):
    if dims is None:
        return self.flatten().roll(shifts, 0).view(self.shape)
    if isinstance(shifts, builtins.int):
        shifts = (shifts,)
    if isinstance(dims, builtins.int):
        dims = (dims,)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    result = self
    for shift, dim in zip(shifts, dims):
        size = result.shape[dim] if result.dim() else 1
        shift = shift % size if size else 0
        if shift:
            result = _f.cat([result.narrow(dim, size - shift, shift), result.narrow(dim, 0, size - shift)], dim)
    return result.clone() if result is self else result


def rot90(self, k=1, dims=(0, 1)):
    k %= 4
    if k == 0:
        return self.clone()
    if k == 2:
        return self.flip(dims)
    return self.flip(dims[1]).transpose(*dims) if k == 1 else self.flip(dims[0]).transpose(*dims)


def squeeze(self, dim=None):
    return _wrap(_core.op_squeeze(self.h, -1 if dim is None else _ints(dim)))


def squeeze_(self, dim=None):
    return _restride(self, self.squeeze() if dim is None else self.squeeze(dim))


def unsqueeze_(self, dim):
    return _restride(self, self.unsqueeze(dim))


def transpose_(self, dim0, dim1):
    return _restride(self, self.transpose(dim0, dim1))


def t_(self):
    return _restride(self, self.t())


def _restride(self, view):
    """Give a tensor outside of the tape the shape of its own view."""
    if self.requires_grad:
        raise NotImplementedError("in-place changes of shape on tensors that require grad are not supported yet")
    self.data = view
    return self


def unflatten(self, dim, sizes):
    return _wrap(_core.op__unflatten(self.h, dim, _ints(tuple(sizes))))


def split(self, split_size=None, dim=0, *, split_size_or_sections=None):
    if split_size is None:
        split_size = split_size_or_sections
    if isinstance(split_size, builtins.int):
        return _wrap_many(_core.op__split(self.h, split_size, dim))
    return _f.split_with_sizes(self, tuple(split_size), dim)


def tensor_split(self, indices_or_sections, dim=0):
    size = self.shape[dim]
    if isinstance(indices_or_sections, builtins.int):
        n = indices_or_sections
        each, rest = divmod(size, n)
        return self.split([each + 1] * rest + [each] * (n - rest), dim)
    bounds = [0, *[builtins.min(i if i >= 0 else i + size, size) for i in indices_or_sections], size]
    return self.split([builtins.max(0, b - a) for a, b in zip(bounds, bounds[1:])], dim)


def _split_along(name, dim, least):
    def split_along(self, indices_or_sections):
        if self.dim() < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {self.dim()} dimensions!"
            )
        along = 0 if self.dim() == 1 else dim
        if isinstance(indices_or_sections, builtins.int) and self.shape[along] % indices_or_sections:
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {along}, but the size of the dimension {self.shape[along]} is not "
                f"divisible by the split_size {indices_or_sections}!"
            )
        return self.tensor_split(indices_or_sections, along)

    split_along.__name__ = name
    return split_along


hsplit = _split_along("hsplit", 1, 1)
vsplit = _split_along("vsplit", 0, 2)
dsplit = _split_along("dsplit", 2, 3)


def unsafe_chunk(self, chunks, dim=0):
    return self.chunk(chunks, dim)


def unsafe_split(self, split_size, dim=0):
    return self.split(split_size, dim)


def movedim(self, source, destination):
    return _wrap(_core.op_movedim(self.h, _ints(source), _ints(destination)))


def T(self):
    return self.permute(*range(self.dim() - 1, -1, -1))


def mT(self):
    return self.transpose(-2, -1)


def adjoint(self):
    return self.transpose(-2, -1)


def ravel(self):
    return self.contiguous().view(-1)


def broadcast_to(self, size):
    return self.expand(*size)


def sum_to_size(self, *size):
    size = tuple(_dims(size))
    lead = self.dim() - len(size)
    dims = [d for d in range(self.dim()) if d < lead or size[d - lead] == 1 and self.shape[d] != 1]
    return self.sum(dims, keepdim=True).reshape(size) if dims else self.reshape(size)


def repeat_interleave(self, repeats=None, dim=None, *, output_size=None):
    if dim is None:
        return self.flatten().repeat_interleave(repeats, 0)
    dim = dim % self.dim() if self.dim() else 0
    if isinstance(repeats, TensorBase) and repeats.numel() > 1:
        counts = repeats.tolist()
        index = [i for i, n in enumerate(counts) for _ in range(n)]
        import torch

        return self.index_select(dim, torch.tensor(index, dtype=int64))
    n = builtins.int(repeats)
    wide = self.unsqueeze(dim + 1)
    sizes = list(wide.shape)
    sizes[dim + 1] = n
    return wide.expand(*sizes).flatten(dim, dim + 1)


def diag(self, diagonal=0):
    import torch

    if self.dim() == 1:
        n = self.shape[0] + abs(diagonal)
        out = torch.zeros(n, n, dtype=self.dtype)
        out.diagonal(diagonal).copy_(self)
        return out
    return self.diagonal(diagonal).clone()


def diag_embed(self, offset=0, dim1=-2, dim2=-1):
    import torch

    n = self.shape[-1] + abs(offset)
    out = torch.zeros(*self.shape[:-1], n, n, dtype=self.dtype)
    out.diagonal(offset, -2, -1).copy_(self)
    return out.movedim((-2, -1), (dim1, dim2))


# Dtypes and devices


def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
    for arg in args:
        if isinstance(arg, _dtype.dtype):
            dtype = arg
        elif isinstance(arg, (str, _device)) or isinstance(arg, builtins.int) and not isinstance(arg, bool):
            device = arg
        elif isinstance(arg, TensorBase):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, bool):
            pass
        elif arg is None:
            pass
        elif arg in (builtins.float, bool, builtins.int):
            dtype = as_dtype(arg)
        else:
            raise TypeError(f"to() received an invalid argument of type {type(arg).__name__}")
    result = self
    if device is not None:
        target = _resolve_device(device)
        if target != _core.device(self.h):
            result = _wrap(_core.op__to_device(result.h, target))
    if dtype is not None and as_dtype(dtype) is not self.dtype:
        result = _wrap(_core.op__cast(result.h, as_dtype(dtype).id))
    if memory_format is _dtype.channels_last and not result.is_contiguous(memory_format=memory_format):
        return result.contiguous(memory_format=memory_format)
    return result.clone() if copy and result is self else result


def type_(self, dtype=None, non_blocking=False):
    if dtype is None:
        return {
            "float32": "torch.FloatTensor", "float64": "torch.DoubleTensor", "float16": "torch.HalfTensor",
            "bfloat16": "torch.BFloat16Tensor", "int64": "torch.LongTensor", "int32": "torch.IntTensor", "int16": "torch.ShortTensor",
            "int8": "torch.CharTensor", "uint8": "torch.ByteTensor", "bool": "torch.BoolTensor",
        }[self.dtype.name]
    if isinstance(dtype, _dtype.dtype):
        return self.to(dtype)
    from torch import _legacy

    return self.to(_legacy.dtype_of(dtype))


def type_as(self, other):
    return self.to(other.dtype)


def cpu(self, memory_format=None):
    return self.to("cpu")


def cuda(self, device=None, non_blocking=False, memory_format=None):
    return self.to("cuda" if device is None else _device(device))


def _caster(dtype):
    def cast(self, memory_format=None):
        return self.to(dtype)

    return cast


def contiguous(self, memory_format=_dtype.contiguous_format):
    if memory_format is _dtype.channels_last and self.dim() == 4:
        if self.is_contiguous(memory_format=memory_format):
            return self
        return _wrap(_core.op__contiguous(self.permute(0, 2, 3, 1).h)).permute(0, 3, 1, 2)
    if _core.is_contiguous(self.h):
        return self
    return _wrap(_core.op__contiguous(self.h))


def clone(self, *, memory_format=None):
    if memory_format is _dtype.contiguous_format:
        return _wrap(_core.op__contiguous(self.h))
    return _wrap(_core.op_clone(self.h))


def pin_memory(self, device=None):
    return self


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    import torch

    return torch.tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def _new_like(name):
    def make(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        import torch

        make_one = getattr(torch, name)
        return make_one(*size, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)

    make.__name__ = f"new_{name}"
    return make


def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    import torch

    return torch.full(size, fill_value, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def new(self, *args, device=None):
    from torch import _legacy

    return _legacy.construct(type(self), *args, dtype=self.dtype)


# Arithmetic with several forms


def div(self, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _f.true_divide(self, other)
    return _f._div_rounded(self, other, rounding_mode=rounding_mode)


def div_(self, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _f.true_divide_(self, other)
    return _f._div_rounded_(self, other, rounding_mode=rounding_mode)


def pow(self, exponent):
    if not isinstance(self, TensorBase):
        return _f._rpow(exponent, self)
    return _f.pow(self, exponent)


def float_power(self, exponent):
    base = self.to(float64) if isinstance(self, TensorBase) else builtins.float(self)
    return pow(base, exponent.to(float64) if isinstance(exponent, TensorBase) else builtins.float(exponent))


def sgn(self):
    return _f.sign(self)


def isreal(self):
    return self.new_ones(self.shape, dtype=bool_)


def positive(self):
    if self.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return self


def _replacements(dtype, nan, posinf, neginf):
    limits = _dtype.finfo(dtype)
    return (0.0 if nan is None else nan, limits.max if posinf is None else posinf, limits.min if neginf is None else neginf)


def nan_to_num(self, nan=None, posinf=None, neginf=None):
    if not self.dtype.is_floating_point:
        return self.clone()
    return _f._nan_to_num(self, *_replacements(self.dtype, nan, posinf, neginf))


def nan_to_num_(self, nan=None, posinf=None, neginf=None):
    if not self.dtype.is_floating_point:
        return self
    return _f._nan_to_num_(self, *_replacements(self.dtype, nan, posinf, neginf))


def copy_(self, src, non_blocking=False):
    return _f.copy_(self, src, non_blocking) if isinstance(src, TensorBase) else _f.fill_(self, src)


def where(self, condition, other):
    return _f._where(condition, self, other)


def bitwise_not(self):
    return ~self


# Reductions with several forms


def _reduce_dim(name):
    along = getattr(_f, f"_{name}_dim")
    of_all = getattr(_f, f"_{name}_all")
    of_two = getattr(_f, name + "imum")

    def reduce(self, dim=None, keepdim=False, *, other=None):
        if other is not None:
            return of_two(self, other)
        if dim is None:
            return of_all(self)
        if isinstance(dim, TensorBase):
            return of_two(self, dim)
        return along(self, dim, keepdim)

    reduce.__name__ = name
    return reduce


max = _reduce_dim("max")
min = _reduce_dim("min")


def aminmax(self, *, dim=None, keepdim=False):
    return _minmax(self.amin(() if dim is None else dim, keepdim), self.amax(() if dim is None else dim, keepdim))


_minmax = _named_result("aminmax", ("min", "max"))
_kth = _named_result("kthvalue", ("values", "indices"))
_median = _named_result("median", ("values", "indices"))


def prod(self, dim=None, keepdim=False, *, dtype=None):
    return _f._prod(self, dim, keepdim, dtype)


def _variance(self, args, correction, unbiased, keepdim, dim):
    # var(dim, unbiased, keepdim) and var(unbiased) are both in use.
    if len(args) == 1 and isinstance(args[0], bool):
        unbiased = args[0]
    elif args:
        dim = args[0]
        if len(args) > 1:
            unbiased = args[1]
        if len(args) > 2:
            keepdim = args[2]
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return _f._var_mean(self, dim, builtins.float(correction), keepdim)


def var(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return _variance(self, args, correction, unbiased, keepdim, dim)[0]


def std(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return _variance(self, args, correction, unbiased, keepdim, dim)[0].sqrt()


def var_mean(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    return tuple(_variance(self, args, correction, unbiased, keepdim, dim))


def std_mean(self, *args, dim=None, correction=None, unbiased=None, keepdim=False):
    variance, mean = _variance(self, args, correction, unbiased, keepdim, dim)
    return variance.sqrt(), mean


def norm(self, p="fro", dim=None, keepdim=False, dtype=None):
    if dtype is not None:
        self = self.to(dtype)
    if not self.dtype.is_floating_point:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {self.type()[6:-6]}"
        )
    if p in ("fro", None, 2):
        return _f._norm2(self, dim, keepdim)
    if p == 1:
        return _f._norm1(self, dim, keepdim)
    if p == "nuc":
        raise NotImplementedError("the nuclear norm is not supported yet; docs/ops.md lists what is")
    axes = () if dim is None else dim
    if p == builtins.float("inf"):
        return self.abs().amax(axes, keepdim)
    if p == -builtins.float("inf"):
        return self.abs().amin(axes, keepdim)
    if p == 0:
        return (self != 0).to(self.dtype).sum(dim, keepdim)
    return (self.abs() ** p).sum(dim, keepdim) ** (1.0 / p)


def dist(self, other, p=2):
    return (self - other).norm(p)


def nansum(self, dim=None, keepdim=False, *, dtype=None):
    return self.masked_fill(self.isnan(), 0).sum(dim, keepdim, dtype=dtype)


def nanmean(self, dim=None, keepdim=False, *, dtype=None):
    counted = (~self.isnan()).sum(dim, keepdim)
    return nansum(self, dim, keepdim, dtype=dtype) / counted


def sort(self, dim=-1, descending=False, stable=False):
    return _f._sort(self, dim, descending, stable)


def argsort(self, dim=-1, descending=False, stable=False):
    return _f._sort(self, dim, descending, stable)[1]


def msort(self):
    return _f._sort(self, 0, False, False)[0]


def kthvalue(self, k, dim=-1, keepdim=False):
    values, indices = _f._sort(self, dim, False, True)
    pick = lambda t: t.narrow(dim, k - 1, 1) if keepdim else t.select(dim, k - 1)
    return _kth(pick(values), pick(indices))


def median(self, dim=None, keepdim=False):
    if self.dtype is bool_:
        raise NotImplementedError("\"median_out_impl\" not implemented for 'Bool'")
    if dim is None:
        return self.flatten().sort()[0][(self.numel() - 1) // 2]
    return _median(*self.kthvalue((self.shape[dim] + 1) // 2, dim, keepdim))


def quantile(self, q, dim=None, keepdim=False, *, interpolation="linear"):
    import torch

    if interpolation != "linear":
        raise NotImplementedError(f"quantile(interpolation='{interpolation}') is not supported yet")
    source = self.flatten() if dim is None else self
    along = 0 if dim is None else dim % source.dim()
    ordered = source.sort(along)[0]
    many = isinstance(q, TensorBase) and q.dim() > 0
    quantiles = q.tolist() if many else [builtins.float(q)]
    n = ordered.shape[along] - 1
    results = []
    for value in quantiles:
        position = value * n
        low = builtins.int(position)
        high = builtins.min(low + 1, n)
        a, b = ordered.select(along, low), ordered.select(along, high)
        results.append(a + (b - a) * (position - low))
    if keepdim:
        results = [r.reshape((1,) * self.dim()) if dim is None else r.unsqueeze(along) for r in results]
    return torch.stack(results) if many else results[0]


def nonzero(self, *, as_tuple=False):
    found = _f._nonzero(self)
    if as_tuple:
        return found.unbind(1) if self.dim() else (found.flatten(),)
    return found


def argwhere(self):
    return _f._nonzero(self)


def unique(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
    import torch

    if dim is not None:
        raise NotImplementedError("unique(dim=...) is not supported yet; docs/ops.md lists what is")
    flat, order = self.flatten().sort(stable=True)
    if flat.numel() == 0:
        empty = torch.empty(0, dtype=int64)
        extra = ([empty.view(self.shape)] if return_inverse else []) + ([empty] if return_counts else [])
        return (flat, *extra) if extra else flat
    starts = torch.cat([torch.ones(1, dtype=bool_), flat[1:] != flat[:-1]])
    values = flat[starts]
    if not return_inverse and not return_counts:
        return values
    groups = starts.to(int64).cumsum(0) - 1
    result = [values]
    if return_inverse:
        result.append(torch.empty_like(groups).scatter_(0, order, groups).view(self.shape))
    if return_counts:
        result.append(torch.zeros(values.numel(), dtype=int64).scatter_add_(0, groups, torch.ones_like(groups)))
    return tuple(result)


def bincount(self, weights=None, minlength=0):
    import torch

    n = builtins.max(minlength, builtins.int(self.max().item()) + 1 if self.numel() else 0)
    ones = torch.ones_like(self) if weights is None else weights
    return torch.zeros(n, dtype=ones.dtype).scatter_add_(0, self, ones)


def histc(self, bins=100, min=0, max=0):
    import torch

    low, high = (builtins.float(min), builtins.float(max))
    if low == high:
        low, high = self.min().item(), self.max().item()
    flat = self.flatten()
    inside = (flat >= low) & (flat <= high)
    index = ((flat[inside] - low) * (bins / (high - low))).floor().clamp(max=bins - 1).to(int64)
    return torch.zeros(bins, dtype=self.dtype).scatter_add_(0, index, torch.ones(index.shape, dtype=self.dtype))


# Selecting and writing


def masked_select(self, mask):
    if mask.shape != self.shape:
        import torch

        self, mask = torch.broadcast_tensors(self, mask)
    return self[mask]


def masked_scatter(self, mask, source):
    return self.clone().masked_scatter_(mask, source)


def masked_scatter_(self, mask, source):
    import torch

    mask = mask.expand(self.shape)
    n = builtins.int(mask.sum().item())
    if source.numel() < n:
        raise RuntimeError("masked_scatter: expected self and source to have same dtypes and enough source elements")
    self[mask] = source.flatten()[:n]
    return self


def index_put(self, indices, values, accumulate=False):
    return self.clone().index_put_(indices, values, accumulate)


def index_put_(self, indices, values, accumulate=False):
    from torch import _indexing

    prepared = []
    for index in indices:
        prepared.extend(index.nonzero(as_tuple=True) if index is not None and index.dtype is bool_ else [index])
    return _indexing.put_(self, _indexing._pad(prepared, self.dim()), values, accumulate)


def index_add_(self, dim, index, source, *, alpha=1):
    return self.copy_(_f.index_add(self, dim, index, source, alpha=alpha))


def index_fill(self, dim, index, value):
    return self.clone().index_fill_(dim, index, value)


def index_fill_(self, dim, index, value):
    self[(slice(None),) * (dim % self.dim()) + (index,)] = value
    return self


def index_copy(self, dim, index, source):
    return self.clone().index_copy_(dim, index, source)


def index_copy_(self, dim, index, source):
    self[(slice(None),) * (dim % self.dim()) + (index,)] = source
    return self


_reductions = {"add": "add", "sum": "add", "multiply": "multiply", "prod": "multiply", "amax": "amax", "amin": "amin"}


def scatter(self, dim, index, src=None, value=None, *, reduce=None):
    source = value if src is None else src
    if reduce is None:
        return _f._scatter(self, dim, index, source)
    if not isinstance(source, TensorBase):
        import torch

        source = torch.full(index.shape, source, dtype=self.dtype)
    if _reductions[reduce] == "add":
        return _f.scatter_add(self, dim, index, source)
    return _f._scatter_reduce(self, dim, index, source, _reductions[reduce])


def scatter_(self, dim, index, src=None, value=None, *, reduce=None):
    return self.copy_(self.scatter(dim, index, src, value, reduce=reduce))


def scatter_add_(self, dim, index, src):
    return self.copy_(_f.scatter_add(self, dim, index, src))


def scatter_reduce(self, dim, index, src, reduce, *, include_self=True):
    if reduce == "mean" or not include_self:
        raise NotImplementedError("scatter_reduce with 'mean' or include_self=False is not supported yet")
    return self.scatter(dim, index, src, reduce=reduce)


def scatter_reduce_(self, dim, index, src, reduce, *, include_self=True):
    return self.copy_(self.scatter_reduce(dim, index, src, reduce, include_self=include_self))


def take(self, index):
    return self.flatten()[index]


def take_along_dim(self, indices, dim=None):
    if dim is None:
        return self.flatten().gather(0, indices.flatten())
    import torch

    shape = list(self.shape)
    wanted = list(indices.shape)
    shape[dim] = 1
    wanted[dim] = 1
    common = list(torch.broadcast_shapes(shape, wanted))
    own, other = list(common), list(common)
    own[dim] = self.shape[dim]
    other[dim] = indices.shape[dim]
    return self.expand(own).gather(dim, indices.expand(other))


def select_scatter(self, src, dim, index):
    out = self.clone()
    out.select(dim, index).copy_(src)
    return out


def slice_scatter(self, src, dim=0, start=None, end=None, step=1):
    out = self.clone()
    out[(slice(None),) * (dim % self.dim()) + (slice(start, end, step),)] = src
    return out


def fill_diagonal_(self, fill_value, wrap=False):
    self.diagonal().fill_(fill_value)
    return self


def tril_(self, diagonal=0):
    return self.copy_(_f.tril(self, diagonal))


def triu_(self, diagonal=0):
    return self.copy_(_f.triu(self, diagonal))


def cumsum_(self, dim):
    return self.copy_(self.cumsum(dim))


def set_(self, source=None):
    self.data = source
    return self


def resize_(self, *sizes, memory_format=None):
    import torch

    size = tuple(_dims(sizes))
    n = 1
    for s in size:
        n *= s
    fresh = torch.empty(size, dtype=self.dtype)
    keep = builtins.min(n, self.numel())
    fresh.view(-1)[:keep].copy_(self.detach().reshape(-1)[:keep])
    self.data = fresh
    return self


# Random


def random_(self, from_=None, to=None, *, generator=None):
    g = 0 if generator is None else generator.id
    if from_ is None:
        h = _core.op__random_full_(self.h, g)
    else:
        low, high = (0, from_) if to is None else (from_, to)
        h = _core.op__random_(self.h, builtins.int(low), builtins.int(high), g)
    if h == 0:
        _raise()
    _core_drop(h)
    return self


def bernoulli_(self, p=0.5, *, generator=None):
    value, kind = _operand(p)
    h = _core.op__bernoulli_(self.h, value, kind, 0 if generator is None else generator.id)
    if h == 0:
        _raise()
    _core_drop(h)
    return self


def bernoulli(self, p=None, *, generator=None):
    import torch

    return torch.bernoulli(self, p, generator=generator)


def multinomial(self, num_samples, replacement=False, *, generator=None):
    import torch

    return torch.multinomial(self, num_samples, replacement, generator=generator)


# Comparison of whole tensors


def equal(self, other):
    if self.shape != other.shape:
        return False
    return bool((self == other).all().item())


def isclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    close = (self == other) | ((self - other).abs() <= atol + rtol * other.abs()) & self.isfinite() & other.isfinite()
    return close | (self.isnan() & other.isnan()) if equal_nan else close


def allclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(self, other, rtol, atol, equal_nan).all().item())


def apply_(self, function):
    import torch

    values = [function(v) for v in self._values()]
    return self.copy_(torch.tensor(values, dtype=self.dtype).view(self.shape))


def install(cls):
    """Give Tensor every public function of this file."""
    skip = {"install", "T", "mT", "type_", "new"}
    for name, value in list(globals().items()):
        if callable(value) and not name.startswith("_") and name not in skip and getattr(value, "__module__", "") == __name__:
            setattr(cls, name, value)
    cls.type = type_
    cls.new = new
    cls.T = property(T)
    cls.mT = property(mT)
    cls.H = cls.mH = property(mT)
    cls.real = property(lambda self: self)
    casts = {
        "float": _dtype.float32, "double": float64, "half": _dtype.float16, "bfloat16": _dtype.bfloat16, "long": int64,
        "int": _dtype.int32, "short": _dtype.int16, "char": _dtype.int8, "byte": _dtype.uint8, "bool": bool_,
    }
    for name, target in casts.items():
        setattr(cls, name, _caster(target))
    for name in ("zeros", "ones", "empty"):
        setattr(cls, f"new_{name}", _new_like(name))
    cls.divide = div
    cls.swapaxes_ = transpose_
