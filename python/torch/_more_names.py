"""What torch and Tensor take from _more.py, under which names, and what they refuse for good with its reason."""

from torch import _missing, _more, _quantized, _quantized_ranges
from torch._C import TensorBase

# torch.<name> for methods that write to their tensor, and copies of what views show.
_IN_PLACE = """
    addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ detach_ fill_
    fix_ gcd_ i0_ index_put_ lcm_ ldexp_ logit_ negative_ resize_as_ round_ xlogy_ zero_
""".split()
_COPIES = """
    alias_copy as_strided_copy detach_copy diagonal_copy expand_copy narrow_copy permute_copy select_copy slice_copy split_copy
    split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy view_as_complex_copy view_as_real_copy
    view_copy
""".split()

_NO_SPARSE = "tensors here are dense (torch.strided); a sparse layout would need kernels of its own"
_NOT_QUANTIZED = "the tensor is not quantized: torch.quantize_per_tensor makes one that is"
_NO_QUANTIZED_CELLS = "torch.ao.nn.quantized.dynamic has recurrent layers of int8 weights"
_SPARSE_FUNCTIONS = """
    sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor dsmm hsmm hspmm
    saddmm smm spmm sspaddmm resize_as_sparse_ ccol_indices_copy col_indices_copy crow_indices_copy indices_copy row_indices_copy values_copy
""".split()
_QUANTIZED_CELLS = """
    quantized_gru quantized_gru_cell quantized_lstm quantized_lstm_cell quantized_rnn_relu_cell quantized_rnn_tanh_cell
    choose_qparams_optimized
""".split()
_SPARSE_METHODS = """
    to_sparse to_sparse_coo to_sparse_csr to_sparse_csc to_sparse_bsr to_sparse_bsc sparse_mask sparse_resize_ sparse_resize_and_clear_
    smm sspaddmm resize_as_sparse_
""".split()
_SPARSE_PARTS = {
    "values": "sparse", "indices": "sparse coordinate", "coalesce": "sparse coordinate", "is_coalesced": "sparse coordinate",
    "crow_indices": "sparse row compressed", "col_indices": "sparse row compressed", "ccol_indices": "sparse column compressed",
    "row_indices": "sparse column compressed",
}


def _copying(name):
    view = name.removesuffix("_copy")

    def copied(input, *args, **kwargs):
        import torch

        if view == "alias":
            return input.clone()
        if view == "slice":
            return _slice(input, *args, **kwargs).clone()
        found = getattr(torch, view, None) or getattr(torch.Tensor, view)
        result = found(input, *args, **kwargs)
        return result.clone() if isinstance(result, TensorBase) else tuple(t.clone() for t in result)

    copied.__name__ = name
    return copied


def _slice(input, dim=0, start=None, end=None, step=1):
    index = [slice(None)] * input.dim()
    index[dim] = slice(start, end, step)
    return input[tuple(index)]


def _as_subclass(self, cls):
    """The same tensor, history included, as an instance of a subclass; its results are of that class too."""
    import _core
    from torch import overrides
    from torch._C import _wrap_as

    if not issubclass(cls, TensorBase):
        raise RuntimeError("cls must be a type (got {!r})".format(cls))
    overrides.arm()
    same = self.view_as(self)
    return _wrap_as(cls, _core.share(same.h))


def _expects_layout(name, layout):
    def refuse(self):
        raise RuntimeError(f"{name} expected {layout} tensor layout but got Strided")

    refuse.__name__ = name
    refuse.__refuses__ = f"it belongs to sparse tensors; {_NO_SPARSE}"
    return refuse


def _map_(self, other, function):
    import torch

    values = [function(a, b) for a, b in zip(self._values(), other.expand(self.shape)._values())]
    return self.copy_(torch.tensor(values, dtype=self.dtype).view(self.shape))


def _map2_(self, x, y, function):
    import torch

    triples = zip(self._values(), x.expand(self.shape)._values(), y.expand(self.shape)._values())
    return self.copy_(torch.tensor([function(*t) for t in triples], dtype=self.dtype).view(self.shape))


def _dim_order(self, *, ambiguity_check=False):
    return tuple(sorted(range(self.dim()), key=lambda d: (-self.stride(d), d)))


def _module_load(self, other, assign=False):
    return other.detach().requires_grad_(self.requires_grad) if assign else other.detach()


def _reinforce(self, reward):
    raise RuntimeError("reinforce() was removed.\nUse torch.distributions instead.\nSee https://pytorch.org/docs/main/distributions.html")


def _resize_as_(self, the_template, *, memory_format=None):
    return self.resize_(the_template.shape)


def _new_empty_strided(self, size, stride, dtype=None, device=None, layout=None, pin_memory=False, requires_grad=False):
    import torch

    made = torch.empty_strided(tuple(size), tuple(stride), dtype=dtype or self.dtype, device=device or self.device)
    return made.requires_grad_(requires_grad)


def _output_nr(self):
    return 0


def _record_stream(self, stream):
    from torch.cuda.streams import record_tensor

    if self.is_cuda:
        record_tensor(self, stream)


def install(cls):
    """Give Tensor the methods of this file."""
    methods = {
        "as_strided_scatter": _more.as_strided_scatter, "as_subclass": _as_subclass, "const_data_ptr": lambda self: self.data_ptr(),
        "dense_dim": lambda self: self.dim(), "dequantize": lambda self: self.to(_float32(self)), "dim_order": _dim_order, "frexp": _more.frexp,
        "histogram": _more.histogram, "index": lambda self, indices: self[indices], "index_reduce": _more.index_reduce,
        "index_reduce_": lambda self, *a, **k: self.copy_(_more.index_reduce(self, *a, **k)), "is_distributed": _more.is_distributed,
        "is_nonzero": bool, "is_same_size": _more.is_same_size, "is_shared": lambda self: self.device.type == "cpu", "map_": _map_,
        "map2_": _map2_, "module_load": _module_load, "narrow_copy": lambda self, *a: self.narrow(*a).clone(),
        "new_empty_strided": _new_empty_strided, "nonzero_static": _more.nonzero_static, "record_stream": _record_stream,
        "reinforce": _reinforce, "resize_as_": _resize_as_, "share_memory_": lambda self: self, "sparse_dim": lambda self: 0,
        "to_dense": lambda self, dtype=None, **options: self if dtype is None else self.to(dtype),
        "unsafe_split_with_sizes": _more.unsafe_split_with_sizes, "swapdims_": lambda self, dim0, dim1: self.transpose_(dim0, dim1),
        "prelu": _prelu, "as_strided_": _as_strided_,
    }
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    for name, layout in _SPARSE_PARTS.items():
        setattr(cls, name, _expects_layout(name, layout))
    for name in _SPARSE_METHODS:
        setattr(cls, name, _missing._refusing("torch.Tensor", name, _NO_SPARSE))
    for name in ("q_scale", "q_zero_point", "q_per_channel_axis", "q_per_channel_scales", "q_per_channel_zero_points", "int_repr", "qscheme"):
        setattr(cls, name, _missing._refusing("torch.Tensor", name, _NOT_QUANTIZED))
    for name in ("xpu", "ipu", "mtia", "to_mkldnn"):
        setattr(cls, name, _missing._refusing("torch.Tensor", name, "tensors lie on cpu, cuda or meta devices here"))
    cls.name = property(lambda self: None)
    cls.volatile = property(lambda self: False)
    cls.output_nr = property(_output_nr)
    for name in ("is_ipu", "is_maia", "is_mtia", "is_vulkan", "is_xla", "is_sparse_csr"):
        setattr(cls, name, property(lambda self: False))


def _float32(tensor):
    import torch

    return tensor.dtype if tensor.is_floating_point() else torch.float32


def _prelu(input, weight):
    from torch.nn import functional as F

    return F.prelu(input, weight)


def _as_strided_(self, size, stride, storage_offset=None):
    import _core
    from torch._C import _check

    view = self.as_strided(size, stride, storage_offset)
    _check(_core.restride(self.h, view.h))
    self._shape = None
    return self


def names_for_torch(torch_globals):
    """What the torch package takes from here: public functions, in-place forms, copies, and what is refused for good."""
    tensor = torch_globals["Tensor"]
    found = {
        name: value for name, value in vars(_more).items()
        if getattr(value, "__module__", "") == _more.__name__ and (not name.startswith("_") or name.endswith("_backward_data"))
    }
    for name in _IN_PLACE:
        method = getattr(tensor, name, None)
        if method is not None:
            found[name] = method
    for name in _COPIES:
        found[name] = _copying(name)
    for name in _SPARSE_FUNCTIONS:
        found[name] = _missing._refusing("torch", name, _NO_SPARSE)
    for name in _QUANTIZED_CELLS:
        found[name] = _missing._refusing("torch", name, _NO_QUANTIZED_CELLS)
    found |= _quantized.PUBLIC
    found["fused_moving_avg_obs_fake_quant"] = _quantized_ranges.fused_moving_avg_obs_fake_quant
    return {name: value for name, value in found.items() if name not in torch_globals}
