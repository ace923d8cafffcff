"""Indexing with tensors, masks and lists: split into a view by the plain items and a lookup by the rest."""

import _core
from torch._C import TensorBase, _checked_item, _core_drop, _handles, _raise, _wrap
from torch._dtype import bool_, int64, uint8


def listed(index):
    """The items of an index. A list that holds sequences, tensors, slices or None stands for a tuple, as it always did."""
    if type(index) is tuple:
        return index
    if type(index) is list and len(index) < 32:
        for item in index:
            if item is None or item is Ellipsis or isinstance(item, (list, tuple, slice, TensorBase)):
                return tuple(index)
    return (index,)


def _as_index(item):
    """A list or array as an index tensor; a tensor as it is."""
    if isinstance(item, TensorBase):
        return item
    import torch

    return torch.tensor(item) if not hasattr(item, "__array_interface__") else torch.from_numpy(item)


def _beside(tensor, index):
    """An index where the tensor is: those on the CPU index tensors of every device."""
    if index.device == tensor.device or index.is_meta or tensor.is_meta:
        return index
    if index.device.type != "cpu":
        raise RuntimeError(
            f"indices should be either on cpu or on the same device as the indexed tensor ({tensor.device})"
        )
    return index.to(tensor.device)


def _is_plain(item):
    return item is None or item is Ellipsis or isinstance(item, (int, slice)) and not isinstance(item, bool)


def _split(tensor, items):
    """The plain items applied as a view, and for each dim of that view an index tensor or None."""
    items = [item if _is_plain(item) or isinstance(item, bool) else _normal(item) for item in items]
    if all(_is_plain(item) for item in items):
        return tensor[tuple(items)], []
    consumed = 0
    for item in items:
        if isinstance(item, TensorBase) and item.dtype in (bool_, uint8):
            consumed += item.dim()
        elif item is not None and item is not Ellipsis and not isinstance(item, bool):
            consumed += 1
    if consumed > tensor.dim():
        raise IndexError(f"too many indices for tensor of dimension {tensor.dim()}")
    if Ellipsis not in [item if not isinstance(item, TensorBase) else None for item in items]:
        items = [*items, Ellipsis]
    plain = []
    indices = []
    for item in items:
        if item is Ellipsis:
            plain.append(Ellipsis)
            indices.extend([None] * (tensor.dim() - consumed))
        elif isinstance(item, bool):
            plain.append(None)
            indices.append(_beside(tensor, _as_index([0] if item else []).to(int64)))
        elif isinstance(item, TensorBase):
            if item.dtype in (bool_, uint8):
                _check_mask(tensor, item, len([i for i in plain if i is not None and i is not Ellipsis]), items)
                plain.extend([slice(None)] * item.dim())
                indices.extend(_beside(tensor, item).nonzero(as_tuple=True))
            else:
                plain.append(slice(None))
                indices.append(_beside(tensor, item if item.dtype is int64 else item.to(int64)))
        else:
            plain.append(item)
            if not isinstance(item, int):
                indices.append(None)
    view = tensor[tuple(plain)]
    return view, indices


def _normal(item):
    """Tensors stay tensors unless they hold one number; sequences become tensors, objects with __index__ numbers."""
    if isinstance(item, TensorBase):
        if item.dtype.is_floating_point:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if item.dim() == 0 and not item.is_meta:
            # A single number selects, so the result is a view.
            return item.item()
        return item
    if isinstance(item, range):
        item = list(item)
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(item, (list, tuple)) or hasattr(item, "__array_interface__"):
        return _as_index(item)
    if hasattr(item, "__index__"):
        return item.__index__()
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(item).__name__})"
    )


def _check_mask(tensor, mask, at, items):
    shape = tensor.shape
    if Ellipsis in [i for i in items[:-1] if not isinstance(i, TensorBase)]:
        return
    for i, size in enumerate(mask.shape):
        if at + i < len(shape) and shape[at + i] != size:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {i} does not match the shape of the indexed tensor "
                f"{list(shape)} at index {at + i}"
            )


def get(tensor, items):
    view, indices = _split(tensor, items)
    if not any(index is not None for index in indices):
        return view
    given = [i for i, index in enumerate(indices) if index is not None]
    if len(given) == 1 and indices[given[0]].dim() == 1 and view.dim() > 0:
        from torch._gen.functions import index_select

        index = indices[given[0]]
        return index_select(view, given[0], _wrapped(index, view.shape[given[0]], given[0]))
    return _wrap(_core.op__index(view.h, _handles(_pad(indices, view.dim()))))


def _wrapped(index, size, dim):
    """Negative indices made positive, and out-of-range ones reported as indexing does."""
    if index.numel() == 0 or index.is_meta:
        return index
    low, high = int(_checked_item(index.min())), int(_checked_item(index.max()))
    if low < -size or high >= size:
        bad = low if low < -size else high
        raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {size}")
    return index if low >= 0 else index + (index < 0) * size


def _pad(indices, rank):
    return [*indices, *[None] * (rank - len(indices))]


def set(tensor, items, value):
    import torch

    if all(_is_plain(item) for item in items):
        target = tensor[items]
        if value is None or isinstance(value, str):
            raise TypeError(f"can't assign a {type(value).__name__} to a {tensor.type()}")
        if isinstance(value, TensorBase):
            while value.dim() > target.dim() and value.shape[0] == 1:
                value = value.squeeze(0)
            target.copy_(value if value.shape == target.shape else value.expand(target.shape))
        elif isinstance(value, (list, tuple)):
            raise TypeError(f"can't assign a {type(value).__name__} to a {tensor.type()}")
        elif isinstance(value, (int, float, bool)) or hasattr(value, "item"):
            target.fill_(value)
        else:
            target.copy_(torch.tensor(value, dtype=tensor.dtype))
        return
    if len(items) == 1 and isinstance(items[0], TensorBase) and items[0].dtype is bool_ and items[0].shape == tensor.shape:
        if not isinstance(value, TensorBase) or value.numel() == 1:
            # A mask of the tensor's own shape and one value: no need to know how many are set.
            tensor.masked_fill_(_beside(tensor, items[0]), value if not isinstance(value, TensorBase) else value.reshape(()))
            return
    view, indices = _split(tensor, items)
    if not isinstance(value, TensorBase):
        value = torch.tensor(value, dtype=tensor.dtype, device=tensor.device)
    if not any(index is not None for index in indices):
        view[...] = value
        return
    put_(view, _pad(indices, view.dim()), value, False)


def put_(tensor, indices, value, accumulate):
    if value.dtype is not tensor.dtype:
        value = value.to(tensor.dtype)
    # The handles of the list must stand in the scratch block last.
    n = _handles(indices)
    h = _core.op__index_put_(tensor.h, n, value.h, accumulate)
    if h == 0:
        _raise()
    _core_drop(h)
    return tensor
